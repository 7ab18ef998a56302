"""Where the segments live, and one colour for each: of its life stage, the same in every run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backend.core.glossary import NO_ORDERS
from backend.results.clustering import PicturePoint

ACTIVE = ("#1f5fa8", "#4aa3df", "#0f9d9a", "#7c9bd6", "#163a66")
# What a part of the id says of the life stage; the first that fits.
STAGE_COLOURS: Mapping[str, Sequence[str]] = {
    NO_ORDERS: ("#b4bcc8",),
    "habit": ("#c2477f", "#e38bb4", "#8e2f5c", "#f0b6cd"),
    "trait": ("#c2477f", "#e38bb4", "#8e2f5c", "#f0b6cd"),
    "one_time": ("#2e8b57", "#86c29c", "#b9cf5a", "#5c7a29"),
    "slipping": ("#e08a1e", "#f3bd6b", "#b35c12", "#d9a441"),
    "lapsed": ("#7a5ba6", "#b7a2d6", "#54407a", "#9b6fb0"),
}

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


def colours(ids: Sequence[str]) -> dict[str, str]:
    """Return one colour per segment, shades of its life stage's in the order of the ids."""
    used: dict[Sequence[str], int] = {}
    chosen = {}
    for identity in ids:
        shades = next((s for part, s in STAGE_COLOURS.items() if part in identity), ACTIVE)
        chosen[identity] = shades[used.get(shades, 0) % len(shades)]
        used[shades] = used.get(shades, 0) + 1
    return chosen


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
