"""Where segments come from and go to: born, split, merged, died.

An id never changes its meaning, but a shop may have more or fewer of them from one fit to the
next. What became of the customers says what happened.
"""

from collections import Counter
from collections.abc import Set
from typing import Any

from numpy.typing import NDArray

from backend.core.glossary import Fate
from backend.results.move import SegmentEvent

# Of a segment's customers: from here on one other segment is where they came from or went to.
MOST = 0.5
WORTH_NAMING = 0.1


def lineage(
    known: Set[str], now: Set[str], before: NDArray[Any], after: NDArray[Any]
) -> tuple[SegmentEvent, ...]:
    """Compare the segments of two models by what became of the customers of both.

    Parameters
    ----------
    known, now
        Segment ids of the earlier and of the later model.
    before, after
        Shape (customers,), segment ids; None before for who was not known.
    """
    flows = Counter(zip(before.tolist(), after.tolist(), strict=True))
    sources = {
        identity: _shares({b: n for (b, a), n in flows.items() if a == identity and b})
        for identity in sorted(now - known)
    }
    targets = {
        identity: _shares({a: n for (b, a), n in flows.items() if b == identity})
        for identity in sorted(known)
    }
    parts = {identity for identity in sources if _is_part(identity, sources[identity], targets)}
    appeared = [
        SegmentEvent(
            segment_id=identity,
            event=Fate.SPLIT if identity in parts else Fate.BORN,
            relatives=shares,
        )
        for identity, shares in sources.items()
    ]
    gone = [
        SegmentEvent(
            segment_id=identity,
            event=Fate.DIED if _main(shares) in {None, *parts} else Fate.MERGED,
            relatives=shares,
        )
        for identity in sorted(known - now)
        for shares in [targets[identity]]
    ]
    return (*appeared, *gone)


def _is_part(
    identity: str, sources: dict[str, float], targets: dict[str, dict[str, float]]
) -> bool:
    """Whether most come from one segment, of which a tenth or more stayed or went elsewhere."""
    whole = _main(sources)
    return whole in targets and targets[whole].get(identity, 0.0) <= 1 - WORTH_NAMING


def _shares(counts: dict[str, int]) -> dict[str, float]:
    total = sum(counts.values())
    ranked = sorted(counts, key=lambda identity: (-counts[identity], identity))
    return {
        identity: round(counts[identity] / total, 4)
        for identity in ranked
        if counts[identity] / total >= WORTH_NAMING
    }


def _main(shares: dict[str, float]) -> str | None:
    """Return the relative that has more than half; None where there is none."""
    return next((identity for identity, share in shares.items() if share > MOST), None)
