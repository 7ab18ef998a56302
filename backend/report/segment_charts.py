"""Where the segments live: customers as dots in the colours of their segments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backend.results.clustering import PicturePoint

SPACE_WIDTH, SPACE_HEIGHT = 340, 330
EDGE, CEILING = 8, 26
FLOOR, STRIP = 232, (250, 292)
MOST_ACTIVITY = 1.25
LOWEST, HIGHEST = -3.2, 4.2
GOLDEN = 0.6180339887


@dataclass(frozen=True, slots=True)
class Dot:
    """A customer in the space."""

    x: float
    y: float
    colour: str
    label: str


def space_dots(
    points: Sequence[PicturePoint], colour: Mapping[str, str], names: Mapping[str, str]
) -> list[Dot]:
    """Place customers: activity across; value upwards, or in a strip below who bought once."""
    return [
        Dot(
            x=EDGE + _share(point.activity, 0, MOST_ACTIVITY) * (SPACE_WIDTH - 2 * EDGE),
            y=_height(place, point.value),
            colour=colour[point.segment],
            label=names[point.segment],
        )
        for place, point in enumerate(points)
        if point.segment in colour
    ]


def _height(place: int, value: float | None) -> float:
    if value is None:  # spread evenly, for there is nothing that they differ in
        top, bottom = STRIP
        return top + (place * GOLDEN % 1) * (bottom - top)
    return FLOOR - _share(value, LOWEST, HIGHEST) * (FLOOR - CEILING)


def _share(value: float, low: float, high: float) -> float:
    return min(max((value - low) / (high - low), 0.0), 1.0)
