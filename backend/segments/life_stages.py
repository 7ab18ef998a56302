"""Who still orders, who has gone quiet, who is gone: what a segment's id says of its customers."""

from enum import Enum, auto

from backend.core.glossary import NO_ORDERS
from backend.segments.vocabulary import HALF_IDS, stage_of

QUIET_STAGES = frozenset({"slipping_repeat", "waning_repeat"})


class LifeStage(Enum):
    """What a segment's customers do, as a shop owner would say it."""

    NOT_YET = auto()
    """They have not ordered."""
    ONCE = auto()
    """They have bought once, not long ago."""
    ORDERING = auto()
    """They come back, or whoever is left where nothing was told apart."""
    QUIET = auto()
    """They came back, and have been away for longer than they use to."""
    LAPSED = auto()
    """They have been away for so long that few return."""


def life_stage(segment_id: str) -> LifeStage:
    """Return what the customers of a segment, a half of one, or a group do."""
    whole = HALF_IDS[segment_id][0] if segment_id in HALF_IDS else segment_id
    stage = stage_of(segment_id)
    if whole == NO_ORDERS:
        return LifeStage.NOT_YET
    if stage in QUIET_STAGES:
        return LifeStage.QUIET
    if stage == "lapsed_repeat_all" or whole == "lapsed_one_time":
        return LifeStage.LAPSED
    return LifeStage.ONCE if stage == "one_time" else LifeStage.ORDERING
