"""Where segments come from and go to: born, split, merged, died.

An id never changes its meaning, but a shop may have more or fewer of them from one fit to the
next. What became of the customers says what happened.
"""

from collections import Counter
from collections.abc import Set
from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import NDArray

Event = Literal["born", "split", "merged", "died"]
# Of a segment's customers: from here on one other segment is where they came from or went to.
MOST = 0.5
WORTH_NAMING = 0.1


@dataclass(frozen=True, slots=True)
class LineageEvent:
    """What happened to one segment.

    Attributes
    ----------
    event
        born: there was none like it; split: most of its customers come from one other segment;
        merged: most of its customers went to one other segment; died: they went to several, or
        it had none.
    relatives
        Share of its customers by segment they came from (born, split) or went to (merged, died),
        those of at least a tenth.
    """

    segment_id: str
    event: Event
    relatives: dict[str, float]


def lineage(
    known: Set[str], now: Set[str], before: NDArray[Any], after: NDArray[Any]
) -> tuple[LineageEvent, ...]:
    """Compare the segments of two models by what became of the customers of both.

    Parameters
    ----------
    known, now
        Segment ids of the earlier and of the later model.
    before, after
        Shape (customers,), segment ids; None before for who was not known.
    """
    flows = Counter(zip(before.tolist(), after.tolist(), strict=True))
    appeared = [
        LineageEvent(identity, "split" if _main(sources) else "born", sources)
        for identity in sorted(now - known)
        for sources in [_shares({b: n for (b, a), n in flows.items() if a == identity and b})]
    ]
    gone = [
        LineageEvent(identity, "merged" if _main(targets) else "died", targets)
        for identity in sorted(known - now)
        for targets in [_shares({a: n for (b, a), n in flows.items() if b == identity})]
    ]
    return (*appeared, *gone)


def _shares(counts: dict[str, int]) -> dict[str, float]:
    total = sum(counts.values())
    ranked = sorted(counts, key=lambda identity: (-counts[identity], identity))
    return {
        identity: round(counts[identity] / total, 4)
        for identity in ranked
        if counts[identity] / total >= WORTH_NAMING
    }


def _main(shares: dict[str, float]) -> bool:
    return max(shares.values(), default=0.0) > MOST
