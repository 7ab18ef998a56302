"""Why orders do not count, in words."""

from backend.core.glossary import Reason
from backend.readiness.judging_orders import REASONS
from backend.shop.counted import SQL_REASONS
from backend.wording import readiness_sentences
from backend.wording.order_reasons import LEFT_OUT, left_out, left_out_notes


def test_every_reason_has_words() -> None:
    assert set(LEFT_OUT) == set(Reason)
    assert set(SQL_REASONS) <= set(Reason)
    assert set(readiness_sentences.LEFT_OUT) == set(REASONS)


def test_a_reason_of_another_version_speaks_for_itself() -> None:
    assert left_out("lost_in_transit") == "lost in transit"


def test_a_note_counts_the_orders_left_out_by_reason() -> None:
    notes = left_out_notes({"refunded": 1200, "no_rate": 1, "cancelled": 0})
    assert notes == (
        "1 order left out: without an exchange rate.",
        "1,200 orders left out: refunded.",
    )
