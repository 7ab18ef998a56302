"""What a segment's id says its customers do."""

import pytest

from backend.segments.life_stages import LifeStage, life_stage
from backend.segments.vocabulary import KNOWN_IDS

STAGES = {
    LifeStage.NOT_YET: {"no_orders"},
    LifeStage.ONCE: {"one_time", "new_one_time"},
    LifeStage.QUIET: {"slipping_repeat", "slipping_high_value", "slipping_light", "waning_repeat"},
    LifeStage.LAPSED: {
        "lapsed_one_time",
        "lapsed_repeat",
        "lapsed_high_value",
        "lapsed_repeat_all",
    },
}
HALVES = ("_recent", "_older", "_upper", "_lower")


def expected(segment_id: str) -> LifeStage:
    half = next((one for one in HALVES if segment_id.endswith(one)), "")
    whole = segment_id.removesuffix(half)
    return next((stage for stage, ids in STAGES.items() if whole in ids), LifeStage.ORDERING)


@pytest.mark.parametrize("segment_id", sorted(KNOWN_IDS))
def test_an_id_and_its_halves_say_whether_their_customers_still_order(segment_id: str) -> None:
    assert life_stage(segment_id) is expected(segment_id)
