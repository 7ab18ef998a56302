"""Why a customer is in a segment, and what would move them."""

import pytest

from backend.behaviour.customer_facts import CustomerFacts
from backend.forecast.explainer import Explainer, NumberParts, Part
from backend.segments.crossings import NextBorder
from backend.segments.vocabulary import Trait
from backend.wording.explanation_sentences import (
    crossing_in_words,
    number_in_words,
    why_this_segment,
)

SPACE = "\N{NO-BREAK SPACE}"
EXPLAINER = Explainer(0.5, 10.0, 2.0, 1020.5, {})
FACTS = CustomerFacts.one(
    recency_days=1, frequency=3, avg_order_value=23.5, age_days=200, usual_gap_days=19.2
)


def reasons(currency: str | None) -> list[str]:
    parts = NumberParts(0.5, 0.9, (Part("order_value", 0.3), Part("recency", 0.1)))
    told = number_in_words(parts, FACTS, EXPLAINER, currency)
    assert (told.base, told.score) == (0.5, 0.9)
    return [one.reason for one in told.contributions]


def test_each_part_of_a_number_says_which_fact_it_comes_from() -> None:
    assert reasons(None) == [
        "23.50 per order; the typical customer spends 1,020.50",
        "1 day since the last order; usually orders every 19 days",
    ]


@pytest.mark.parametrize(
    ("currency", "said"),
    [
        ("USD", f"23.50{SPACE}USD per order; the typical customer spends 1,020.50{SPACE}USD"),
        ("JPY", f"24{SPACE}JPY per order; the typical customer spends 1,020{SPACE}JPY"),
    ],
)
def test_order_values_are_said_in_the_shops_currency(currency: str, said: str) -> None:
    assert reasons(currency)[0] == said


@pytest.mark.parametrize(
    ("order_days", "recency_days", "rank", "habit", "sentence"),
    [
        (1, 1, None, None, "Ordered on one day, the last order 1 day ago."),
        (
            4,
            30,
            0.87,
            None,
            "Ordered on 4 days, the last order 30 days ago, by value in the top 13 % of repeat "
            "customers.",
        ),
        (
            4,
            30,
            0.001,
            "weekend",
            "Ordered on 4 days, the last order 30 days ago, by value in the lower 1 % of repeat "
            "customers, orders mostly on weekends.",
        ),
    ],
)
def test_a_customer_is_told_why_they_are_where_they_are(
    order_days: int, recency_days: int, rank: float | None, habit: Trait | None, sentence: str
) -> None:
    assert why_this_segment(order_days, recency_days, rank, habit) == sentence


@pytest.mark.parametrize(
    ("border", "usual", "currency", "sentence"),
    [
        (
            NextBorder("silence", 30, "x"),
            20.0,
            "EUR",
            "Another 30 days without an order would move this customer to Regulars.",
        ),
        (
            NextBorder("orders", 1, "x"),
            None,
            "EUR",
            "A first order would move this customer to Regulars.",
        ),
        (
            NextBorder("orders", 1, "x", within_days=1),
            20.0,
            None,
            "One more order of about 20.00 within 1 day would move this customer to Regulars.",
        ),
        (
            NextBorder("orders", 2, "x"),
            20.0,
            "EUR",
            f"Two more orders on different days, of about 20.00{SPACE}EUR each, would move this "
            "customer to Regulars.",
        ),
    ],
)
def test_what_would_move_a_customer_is_said(
    border: NextBorder, usual: float | None, currency: str | None, sentence: str
) -> None:
    assert crossing_in_words(border, "Regulars", usual, currency) == sentence
