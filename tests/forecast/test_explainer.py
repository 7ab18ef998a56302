from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.behaviour.customer_facts import CustomerFacts
from backend.behaviour.history import OrderHistory
from backend.forecast.explainer import Explainer, NumberParts
from backend.forecast.learn.distil import fit_explainer
from backend.forecast.learn.learnt_forecast import Forecast
from backend.store.stored import EXPLAINER
from backend.wording.explanation_sentences import number_in_words

History = Callable[[str], OrderHistory]
FIELDS = ("recency_days", "frequency", "avg_order_value", "age_days", "usual_gap_days")


def customer(facts: CustomerFacts, row: int) -> CustomerFacts:
    values = {name: float(getattr(facts, name)[row]) for name in FIELDS}
    gap = values.pop("usual_gap_days")
    return CustomerFacts.one(**values, usual_gap_days=None if np.isnan(gap) else gap)


@pytest.fixture(scope="module")
def explainer(cdnow_forecast: Forecast) -> Explainer:
    """The distilled forecast of CDNOW, as a run stores and the API reads it."""
    assert cdnow_forecast.explainer is not None
    return EXPLAINER.read(EXPLAINER.write(cdnow_forecast.explainer))


@given(row=st.integers(0, 2356))
def test_contributions_add_up_to_the_score(
    cdnow_forecast: Forecast, explainer: Explainer, row: int
) -> None:
    facts = customer(cdnow_forecast.facts, row)
    churn, value = cdnow_forecast.churn_risk[row], cdnow_forecast.predicted_value[row]
    for told, score in (
        (explainer.churn(facts, churn), churn),
        (explainer.value(facts, value), value),
        (explainer.churn(facts, churn).rounded(4), round(churn, 4)),
        (explainer.value(facts, value).rounded(2), round(value, 2)),
    ):
        parts = [c.amount for c in told.parts]
        assert told.base + sum(parts) == pytest.approx(score, abs=1e-9)


@given(
    st.floats(0, 5000),
    st.integers(1, 500),
    st.floats(0.01, 1e6),
    st.one_of(st.none(), st.floats(0.1, 3000)),
    st.floats(0, 1),
)
def test_any_customer_can_be_explained(
    explainer: Explainer,
    recency: float,
    orders: int,
    amount: float,
    gap: float | None,
    churn: float,
) -> None:
    facts = CustomerFacts.one(
        recency_days=recency,
        frequency=orders,
        avg_order_value=amount,
        age_days=recency + 10,
        usual_gap_days=gap,
    )
    told = explainer.churn(facts, churn)
    assert told.base + sum(c.amount for c in told.parts) == pytest.approx(churn, abs=1e-9)


def test_five_facts_explain_nearly_all_of_the_forecast(
    cdnow_forecast: Forecast, explainer: Explainer
) -> None:
    details, distance = [], []
    for row in range(0, 2357, 25):
        told = explainer.churn(customer(cdnow_forecast.facts, row), cdnow_forecast.churn_risk[row])
        amounts = {c.feature: c.amount for c in told.parts}
        details.append(amounts["details"])
        distance.append(told.score - told.base)
    assert np.var(details) < 0.15 * np.var(distance)


def reasons_of(explainer: Explainer, facts: CustomerFacts, parts: NumberParts) -> dict[str, str]:
    told = number_in_words(parts, facts, explainer, None)
    return {one.feature: one.reason for one in told.contributions}


def test_reasons_are_sentences_a_shop_understands(explainer: Explainer) -> None:
    facts = CustomerFacts.one(
        recency_days=41.3, frequency=7, avg_order_value=23.5, age_days=200, usual_gap_days=19.2
    )
    reasons = reasons_of(explainer, facts, explainer.churn(facts, 0.5))
    assert reasons["recency"] == "41 days since the last order; usually orders every 19 days"
    assert reasons["frequency"] == "7 orders so far; the typical customer has 1"
    assert reasons["order_value"].startswith("23.50 per order; the typical customer spends ")
    assert reasons["age"] == "first ordered 200 days ago"


def test_who_ordered_once_has_no_usual_gap(explainer: Explainer) -> None:
    facts = CustomerFacts.one(
        recency_days=1, frequency=1, avg_order_value=20, age_days=1, usual_gap_days=None
    )
    reasons = reasons_of(explainer, facts, explainer.value(facts, 10.0))
    assert reasons["recency"] == "1 day since the last order"
    assert reasons["frequency"].startswith("1 order so far")


def test_the_largest_contribution_comes_first(explainer: Explainer) -> None:
    facts = CustomerFacts.one(
        recency_days=300, frequency=1, avg_order_value=20, age_days=300, usual_gap_days=None
    )
    amounts = [abs(c.amount) for c in explainer.churn(facts, 0.97).parts]
    assert amounts == sorted(amounts, reverse=True)


def test_who_was_away_longer_is_told_so(explainer: Explainer) -> None:
    def recency_part(days: float) -> float:
        facts = CustomerFacts.one(
            recency_days=days, frequency=4, avg_order_value=30, age_days=360, usual_gap_days=30
        )
        told = explainer.churn(facts, 0.6)
        return next(c.amount for c in told.parts if c.feature == "recency")

    assert recency_part(300) > recency_part(10)


def test_nothing_to_explain_without_orders() -> None:
    unknown = np.full(3, np.nan)
    assert fit_explainer(CustomerFacts(*[unknown] * 5), unknown, unknown) is None


def test_equal_scores_leave_nothing_to_explain() -> None:
    facts = CustomerFacts(np.ones(4), np.ones(4), np.ones(4), np.ones(4), np.full(4, np.nan))
    told = fit_explainer(facts, np.full(4, 0.6), np.full(4, 5.0))
    assert told is not None
    parts = told.value(customer(facts, 0), 5.0).parts
    assert [c.amount for c in parts] == [0.0] * 5


def test_facts_are_read_off_the_orders(cdnow_sample: History) -> None:
    history = OrderHistory.from_orders(
        np.array([0, 0, 0, 2]),
        np.array(["2024-01-01", "2024-01-01T06", "2024-01-21", "2024-01-30T12"], "datetime64[us]"),
        np.array([10.0, 20.0, 30.0, 5.0]),
        customer_count=3,
        as_of=np.datetime64("2024-01-31"),
    )
    facts = CustomerFacts.of(history)
    np.testing.assert_array_equal(facts.frequency, [3, np.nan, 1])
    np.testing.assert_allclose(facts.avg_order_value, [20, np.nan, 5])
    np.testing.assert_allclose(facts.recency_days, [10, np.nan, 0.5])
    np.testing.assert_allclose(facts.age_days, [30, np.nan, 0.5])
    np.testing.assert_allclose(facts.usual_gap_days, [20, np.nan, np.nan])
