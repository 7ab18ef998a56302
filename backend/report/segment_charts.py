"""Where the segments live: customers as dots in the colours of their segments, on two axes.

Both are logarithms: a week more or less says much of who ordered yesterday, and nothing of who did
two years ago.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from backend.report.charts import Text
from backend.results.clustering import PicturePoint
from backend.wording.report_sentences import MAP, short, since_last_order

WIDTH, HEIGHT = 340, 330
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 24, 48
DAY_TICKS = (0, 7, 30, 90, 365, 1095, 3650)
FEWEST_TICKS = 3
LEAST_SPENT = 0.01
# Those who are alike would lie upon each other: each is drawn so many pixels beside its place.
APART = 3.0
GOLDEN, SILVER = 0.6180339887, 0.4142135624


@dataclass(frozen=True, slots=True)
class Dot:
    """A customer in the picture."""

    x: float
    y: float
    colour: str
    label: str


@dataclass(frozen=True, slots=True)
class SegmentMap:
    """Customers by how long ago they ordered and what they have spent.

    Attributes
    ----------
    across, up
        Where the lines of the grid are.
    texts
        Numbers at the axes, and what these are.
    """

    across: Sequence[float]
    up: Sequence[float]
    texts: Sequence[Text]
    dots: Sequence[Dot]


def segment_map(
    points: Sequence[PicturePoint],
    colour: Mapping[str, str],
    names: Mapping[str, str],
    currency: str | None,
) -> SegmentMap | None:
    """Place customers by days since their last order and by spend so far.

    Parameters
    ----------
    points
        A sample of customers.
    colour, names
        Of segments, by id.
    currency
        Of amounts; None where it is not known.

    Returns
    -------
    SegmentMap | None
        None where no customer's are known: reports did not always keep them.
    """
    places = [(one, *known) for one in points if (known := _known(one)) and one.segment in colour]
    if not places:
        return None
    days = _day_ticks(max(recency for _, recency, _ in places))
    amounts = _spend_ticks([spent for _, _, spent in places])
    x, y = (
        _scale(days, _days, LEFT, WIDTH - RIGHT),
        _scale(amounts, math.log10, HEIGHT - BOTTOM, TOP),
    )
    dots = [
        Dot(
            x(recency) + _beside(place * GOLDEN),
            y(max(spent, amounts[0])) + _beside(place * SILVER),
            colour[one.segment],
            names[one.segment],
        )
        for place, (one, recency, spent) in enumerate(places)
    ]
    return SegmentMap(
        across=[x(one) for one in days],
        up=[y(one) for one in amounts],
        texts=[
            *(_below(x(one), one) for one in days),
            *(Text(LEFT - 6, y(one) + 4.5, short(one), "end") for one in amounts),
            Text(LEFT + (WIDTH - LEFT - RIGHT) / 2, HEIGHT - 8, MAP.across, "middle"),
            Text(0, 12, MAP.with_currency(currency), "start"),
        ],
        dots=dots,
    )


def _below(x: float, days: int) -> Text:
    # The first would reach below the numbers of the other axis.
    return Text(x, HEIGHT - BOTTOM + 18, since_last_order(days), "middle" if days else "start")


def _known(point: PicturePoint) -> tuple[float, float] | None:
    if point.recency_days is None or point.spent is None:
        return None
    return point.recency_days, max(point.spent, LEAST_SPENT)


def _day_ticks(longest: float) -> list[int]:
    """Return round spans from none to the first that holds the longest."""
    enough = next((at for at, one in enumerate(DAY_TICKS) if one >= longest), len(DAY_TICKS) - 1)
    return list(DAY_TICKS[: max(enough, FEWEST_TICKS) + 1])


def _spend_ticks(amounts: Sequence[float]) -> list[float]:
    """Return powers of ten, or one, two and five of each, around all amounts."""
    low, high = math.log10(min(amounts)), math.log10(max(amounts))
    first, last = math.floor(low), max(math.ceil(high), math.floor(low) + 1)
    tens = [10.0**power for power in range(first, last + 1)]
    if len(tens) > FEWEST_TICKS:
        return tens
    finer = [ten * step for ten in tens[:-1] for step in (1, 2, 5)]
    return [*finer, tens[-1]]


def _days(count: float) -> float:
    return math.log1p(count)


def _scale(
    ticks: Sequence[float], shape: Callable[[float], float], start: float, end: float
) -> Callable[[float], float]:
    """Return what turns values into pixels: the first tick at the start, the last at the end."""
    low, high = shape(ticks[0]), shape(ticks[-1])

    def placed(value: float) -> float:
        share = min(max((shape(value) - low) / (high - low), 0.0), 1.0)
        return start + share * (end - start)

    return placed


def _beside(turn: float) -> float:
    return (turn % 1 - 0.5) * 2 * APART
