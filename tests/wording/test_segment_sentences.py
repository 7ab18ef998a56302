"""What is said of segments."""

from dataclasses import replace

import pytest

from backend.core.glossary import Fate
from backend.results.move import SegmentEvent
from backend.results.segment import Apart, Medians, Nearest, Rule, Segment
from backend.segments.clustering_notes import (
    AskedForOne,
    BordersHeldBack,
    ClusteringNote,
    CurvesAssumed,
    EnoughForOne,
    FewerJustified,
    FewerLargeEnough,
    HeldToFewer,
    TooFewToCluster,
)
from backend.segments.rule import Bound, RuleFacts
from backend.wording.segment_sentences import (
    clustering_note,
    event_in_words,
    in_currency,
    on_axis,
    rule_sentence,
    told_apart,
)

SPACE = "\N{NO-BREAK SPACE}"
REGULARS = Segment(
    id="regular_repeat",
    parent_id="active_repeat",
    is_group=False,
    level=2,
    name="Active Regulars",
    description=None,
    customer_count=10,
    share_of_customers=0.5,
    share_of_revenue=0.5,
    avg_ltv=100.0,
    churn_risk_avg=0.2,
    avg_confidence=0.9,
    characteristics=Medians(monetary_avg=20.0, recency_days=12.0),
    shop=Medians(),
    rule=Rule(least_order_days=2, sentence=""),
    nearest=Nearest(
        id="low_value_repeat",
        name="Active Light Buyers",
        apart=(
            Apart(characteristic="monetary_avg", here=1020.0, there=9.5),
            Apart(characteristic="weekend_share", here=0.4, there=0.25),
        ),
        sentence=None,
    ),
)


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        (RuleFacts(least_order_days=None), "Has not ordered yet."),
        (RuleFacts(least_order_days=1, everybody=True), "Has ordered at least once."),
        (
            RuleFacts(
                least_order_days=1,
                once=True,
                recency_to_days=60,
                worth_saying=frozenset({Bound.RECENCY_TO}),
            ),
            "Ordered on one day only, last order within 60 days.",
        ),
        (
            RuleFacts(
                least_order_days=12,
                recency_from_days=60,
                recency_to_days=90,
                value_from=0.75,
                worth_saying=frozenset({Bound.RECENCY_FROM, Bound.RECENCY_TO, Bound.VALUE_FROM}),
            ),
            "Ordered on at least 12 days, last order 60 to 90 days ago, top quarter by value.",
        ),
        (
            RuleFacts(
                least_order_days=2,
                value_from=0.1,
                value_to=0.6,
                worth_saying=frozenset({Bound.VALUE_FROM, Bound.VALUE_TO}),
            ),
            "Ordered on at least two days, between the lowest 10 % and the top 40 % by value.",
        ),
        (
            RuleFacts(least_order_days=2, value_to=0.5, worth_saying=frozenset({Bound.VALUE_TO})),
            "Ordered on at least two days, lower half by value.",
        ),
        (
            RuleFacts(least_order_days=3, recency_from_days=10, habit="bulk"),
            "Ordered on at least three days, buys many units per order.",
        ),
    ],
)
def test_a_rule_is_said_in_one_sentence(facts: RuleFacts, sentence: str) -> None:
    assert rule_sentence(facts) == sentence


def test_a_segment_is_told_apart_by_the_name_its_nearest_has_now() -> None:
    nearest = replace(REGULARS, id="low_value_repeat", name="Small Fry", nearest=None)
    told, _ = told_apart([REGULARS, nearest])
    assert told.nearest is not None
    assert told.nearest.name == "Small Fry"
    assert told.nearest.sentence == (
        "Unlike Small Fry: 1,020.00 instead of 9.50 per order; 40 % instead of 25 % of orders on "
        "weekends."
    )


@pytest.mark.parametrize(
    ("currency", "said"),
    [
        ("EUR", f"1,020.00{SPACE}EUR instead of 9.50{SPACE}EUR per order"),
        ("JPY", f"1,020{SPACE}JPY instead of 10{SPACE}JPY per order"),
        (None, "1,020.00 instead of 9.50 per order"),
    ],
)
def test_amounts_of_a_segment_are_said_in_the_shops_currency(
    currency: str | None, said: str
) -> None:
    (told,) = in_currency([REGULARS], currency)
    assert told.currency == currency
    assert told.nearest is not None
    assert told.nearest.sentence is not None
    assert said in told.nearest.sentence


def test_values_are_written_in_the_unit_of_their_axis() -> None:
    assert on_axis("recency_days", 1234.4, "EUR") == "1,234"
    assert on_axis("weekend_share", 0.256, "EUR") == "26 %"
    assert on_axis("rhythm", 0.123456, None) == "0.123"


@pytest.mark.parametrize(
    ("fate", "relatives", "sentence"),
    [
        (Fate.BORN, {}, "A is new."),
        (Fate.BORN, {"b": 0.6, "c": 0.3}, "A is new: its customers were in B (60%) and C (30%)."),
        (Fate.SPLIT, {"b": 0.9}, "A came off another segment: its customers were in B (90%)."),
        (Fate.MERGED, {"b": 0.9}, "A went into another segment: its customers are in B (90%)."),
        (Fate.DIED, {}, "A is gone."),
    ],
)
def test_what_became_of_a_segment_is_said(
    fate: Fate, relatives: dict[str, float], sentence: str
) -> None:
    event = SegmentEvent(segment_id="a", event=fate, relatives=relatives)
    assert event_in_words(event, {"a": "A", "b": "B", "c": "C"}) == sentence


@pytest.mark.parametrize(
    ("note", "sentence"),
    [
        (TooFewToCluster(7), "7 customers with orders are too few to cluster: one segment."),
        (AskedForOne(), "Held to 1 segment, as asked for."),
        (EnoughForOne(60), "60 customers with orders are enough for 1 segment only."),
        (FewerJustified(4, 2), "Asked for at least 4 segments, the data justify 2."),
        (FewerLargeEnough(2), "Only 2 segments are large enough to be told apart."),
        (HeldToFewer(3), "Held to 3 segments; the data justify more."),
        (
            CurvesAssumed(),
            "Too few customers came back to learn from: segments follow assumed curves.",
        ),
        (
            BordersHeldBack(0.123),
            "New borders were held back: they would move 12.3% of the customers who did not "
            'order. Ask for a run with refit "force" to adopt them.',
        ),
    ],
)
def test_every_note_on_a_clustering_has_its_sentence(note: ClusteringNote, sentence: str) -> None:
    assert clustering_note(note) == sentence
