"""One colour for each segment, by its id alone: the same in every run, report and picture.

The hue says the life stage, the shade the segment inside it. Every id of the vocabulary has a
colour of its own, so that no two segments of a report share one; the two halves of a segment are
lighter and darker than the whole. An id of another version takes a shade of its stage by its hash:
it may come close to another's, but it never changes with the company it is shown in.
"""

import hashlib
from collections.abc import Mapping

from backend.core.glossary import NO_ORDERS
from backend.segments.vocabulary import ALL, HABITS, HALF_IDS, Half

WHITE, BLACK = "#ffffff", "#000000"
# Blue: active. Green: bought once. Orange: slipping. Violet: lapsed. Pink: a habit. Grey: nothing.
COLOURS: Mapping[str, str] = {
    "high_value_repeat": "#163a66",
    "regular_repeat": "#1f5fa8",
    "low_value_repeat": "#4aa3df",
    "active_repeat": "#0f9d9a",
    "current_repeat": "#3f7cc4",
    "repeat": "#7c9bd6",
    ALL: "#2f6f8f",
    "new_one_time": "#2e8b57",
    "lapsed_one_time": "#b9cf5a",
    "one_time": "#86c29c",
    "slipping_high_value": "#b35c12",
    "slipping_light": "#f3bd6b",
    "slipping_repeat": "#e08a1e",
    "waning_repeat": "#d9a441",
    "lapsed_high_value": "#54407a",
    "lapsed_repeat": "#b7a2d6",
    "lapsed_repeat_all": "#7a5ba6",
    "subscription_trait": "#c2477f",
    "bulk_trait": "#8e2f5c",
    "holiday_trait": "#e38bb4",
    "weekend_trait": "#f0b6cd",
    HABITS: "#a8386b",
    NO_ORDERS: "#b4bcc8",
}
# What is mixed into the whole's colour, and how much of it.
HALF_SHADES: Mapping[Half, tuple[str, float]] = {
    "recent": (WHITE, 0.25),
    "older": (BLACK, 0.25),
    "upper": (BLACK, 0.4),
    "lower": (WHITE, 0.45),
}
# What a part of an unknown id says of its life stage; the first that fits.
STAGE_BY_PART: Mapping[str, str] = {
    "habit": HABITS,
    "trait": HABITS,
    "one_time": "one_time",
    "slipping": "slipping_repeat",
    "waning": "waning_repeat",
    "lapsed": "lapsed_repeat_all",
}
STRONGEST_SHADE = 0.45


def colour_of(segment_id: str) -> str:
    """Return a segment's colour as "#rrggbb"."""
    if segment_id in COLOURS:
        return COLOURS[segment_id]
    if segment_id in HALF_IDS:
        whole, half = HALF_IDS[segment_id]
        return _mixed(COLOURS[whole], *HALF_SHADES[half])
    stages = (stage for part, stage in STAGE_BY_PART.items() if part in segment_id)
    return _hashed_shade(COLOURS[next(stages, "active_repeat")], segment_id)


def _hashed_shade(base: str, segment_id: str) -> str:
    """Lighten or darken by the id's hash, the same on every machine."""
    digest = hashlib.sha256(segment_id.encode()).digest()
    weight = STRONGEST_SHADE * (1 + int.from_bytes(digest[1:3])) / 2**16
    return _mixed(base, WHITE if digest[0] % 2 else BLACK, weight)


def _mixed(base: str, other: str, weight: float) -> str:
    """Mix two colours, `weight` in [0, 1] of the other."""
    pairs = zip(_channels(base), _channels(other), strict=True)
    return "#" + "".join(f"{round(one + weight * (to - one)):02x}" for one, to in pairs)


def _channels(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour.removeprefix("#")))
