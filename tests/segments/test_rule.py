"""Rules say in words who is in a segment."""

import numpy as np
import pytest

from backend.results.segment import Rule
from backend.segments.buyers import Behaviour
from backend.segments.rule import rule_of
from backend.wording.segment_sentences import rule_in_words

COUNT = 200


def buyers(order_days: int) -> Behaviour:
    """Customers whose last order was 1, 2, … days ago, worth more the longer ago it was."""
    return Behaviour(
        customer=np.arange(COUNT),
        recency_days=np.arange(1.0, COUNT + 1),
        order_days=np.full(COUNT, order_days),
        mean_log_value=np.linspace(2, 5, COUNT),
        typical_gap_days=np.full(COUNT, np.nan),
    )


def said(identity: str, first: int, last: int, order_days: int = 4) -> Rule:
    """Return the rule of a segment of those whose last order was so long ago."""
    behaviour = buyers(order_days)
    chosen = (behaviour.recency_days >= first) & (behaviour.recency_days <= last)
    rank = np.full(COUNT, np.nan) if order_days == 1 else np.full(COUNT, 0.5)
    return rule_in_words(rule_of(identity, behaviour, rank, chosen))


@pytest.mark.parametrize(
    ("identity", "first", "last", "order_days", "sentence"),
    [
        ("regular_repeat", 1, 40, 4, "Ordered on at least four days, last order within 40 days."),
        (
            "slipping_light",
            50,
            100,
            4,
            "Ordered on at least four days, last order 50 to 100 days ago.",
        ),
        (
            "lapsed_one_time",
            90,
            200,
            1,
            "Ordered on one day only, last order more than 90 days ago.",
        ),
        (
            "weekend_trait",
            50,
            100,
            4,
            "Ordered on at least four days, last order within 100 days, orders mostly on weekends.",
        ),
    ],
)
def test_a_rule_is_a_sentence(
    identity: str, first: int, last: int, order_days: int, sentence: str
) -> None:
    assert said(identity, first, last, order_days).sentence == sentence


def test_a_rule_says_how_well_it_holds_except_of_a_habit() -> None:
    rule = said("regular_repeat", 1, 40)
    assert (rule.precision, rule.recall) == (1.0, 1.0)
    habit = said("weekend_trait", 50, 100)
    assert (habit.precision, habit.recall) == (None, None)
    assert (habit.recency_from_days, habit.recency_to_days) == (None, 100)


def test_who_has_not_ordered_has_a_rule_too() -> None:
    assert said("no_orders", 1, 40).sentence == "Has not ordered yet."
