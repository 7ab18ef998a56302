"""Purchase days, and what is worked out from them, beside plain loops over the orders."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from backend.behaviour import history as module
from backend.behaviour.customer_facts import CustomerFacts
from backend.behaviour.history import OrderHistory
from backend.behaviour.monthly_cohorts import monthly_cohorts
from backend.segments.axes import axes_of
from backend.segments.buyers import behaviour_of

CUSTOMERS = 60
AS_OF = datetime(2024, 5, 1, 12)  # noqa: DTZ001, numpy knows no zone
Orders = dict[int, list[tuple[datetime, float]]]


@pytest.fixture(scope="module")
def orders() -> Orders:
    """Give customers of 0 to 14 orders, many of them twice a day; every seventh has none."""
    rng = np.random.default_rng(4)
    given: Orders = defaultdict(list)
    for customer in range(CUSTOMERS):
        for _ in range(0 if customer % 7 == 0 else int(rng.integers(1, 15))):
            minutes = int(rng.integers(1, 60 * 24 * 40))
            amount = float(rng.gamma(2, 20))
            given[customer].append((AS_OF - timedelta(minutes=minutes), amount))
    return {customer: sorted(rows) for customer, rows in given.items()}


@pytest.fixture(scope="module")
def history(orders: Orders) -> OrderHistory:
    rows = [(customer, *order) for customer, theirs in orders.items() for order in theirs]
    index, created, amount = zip(*rows, strict=True)
    return OrderHistory.from_orders(
        np.array(index),
        np.array(created, dtype="datetime64[us]"),
        np.array(amount),
        customer_count=CUSTOMERS,
        as_of=np.datetime64(AS_OF),
    )


def days_of(rows: list[tuple[datetime, float]]) -> list[int]:
    return sorted({(moment - datetime(1970, 1, 1)).days for moment, _ in rows})  # noqa: DTZ001


def gaps_of(rows: list[tuple[datetime, float]]) -> list[int]:
    days = days_of(rows)
    return [later - sooner for sooner, later in pairwise(days)]


def test_orders_of_one_day_are_one_purchase_day(history: OrderHistory, orders: Orders) -> None:
    days = history.purchase_days()
    assert days.buyers.tolist() == sorted(orders)
    assert days.counts.tolist() == [len(days_of(orders[one])) for one in sorted(orders)]
    assert days.day[days.starts].tolist() == [days_of(orders[one])[0] for one in sorted(orders)]


def test_gaps_lie_between_purchase_days_of_one_customer(
    history: OrderHistory, orders: Orders
) -> None:
    count, days, squares = history.sums_of_gaps(np.ones_like, np.positive, np.square)
    expected = [gaps_of(orders.get(one, [])) for one in range(CUSTOMERS)]
    assert count.tolist() == [*map(len, expected)]
    assert days.tolist() == [*map(sum, expected)]
    assert squares.tolist() == [sum(gap**2 for gap in gaps) for gaps in expected]


def test_what_is_worked_out_part_by_part_is_what_it_is_at_once(
    history: OrderHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told() -> list[Any]:
        behaviour, axes = behaviour_of(history), axes_of(history, CustomerFacts.of(history), None)
        cohorts = monthly_cohorts(history, UTC)
        arrays = (behaviour.typical_gap_days, behaviour.mean_log_value, *axes.values())
        return [*arrays, cohorts.customers, cohorts.buyers, cohorts.revenue]

    at_once = told()
    monkeypatch.setattr(module, "CUSTOMERS_AT_ONCE", 3)
    for part_by_part, whole in zip(told(), at_once, strict=True):
        np.testing.assert_array_equal(part_by_part, whole)


def test_the_usual_gap_is_the_arithmetic_mean_and_unknown_below_two_days(
    history: OrderHistory, orders: Orders
) -> None:
    usual = CustomerFacts.of(history).usual_gap_days
    for customer in range(CUSTOMERS):
        gaps = gaps_of(orders.get(customer, []))
        expected = sum(gaps) / len(gaps) if gaps else np.nan
        np.testing.assert_equal(usual[customer], expected)


def test_the_typical_gap_is_the_geometric_mean(history: OrderHistory, orders: Orders) -> None:
    behaviour = behaviour_of(history)
    for customer, typical in zip(behaviour.customer, behaviour.typical_gap_days, strict=True):
        gaps = gaps_of(orders[int(customer)])
        expected = float(np.prod(gaps, dtype=float) ** (1 / len(gaps))) if gaps else np.nan
        assert typical == pytest.approx(expected, nan_ok=True)


def test_the_span_is_from_the_first_day_with_orders_to_the_last(
    history: OrderHistory, orders: Orders
) -> None:
    spans = history.span_days(history.buyers)
    days = [days_of(orders[one]) for one in sorted(orders)]
    assert spans.tolist() == [theirs[-1] - theirs[0] for theirs in days]


def test_a_shop_without_orders_has_no_purchase_days() -> None:
    nothing = np.zeros(0)
    history = OrderHistory.from_orders(
        nothing.astype(int),
        nothing.astype("datetime64[us]"),
        nothing,
        customer_count=3,
        as_of=np.datetime64(AS_OF),
    )
    days = history.purchase_days()
    assert (len(days.starts), len(days.counts)) == (0, 0)
    assert [one.tolist() for one in history.sums_of_gaps(np.ones_like)] == [[0, 0, 0]]
    assert np.isnan(CustomerFacts.of(history).usual_gap_days).all()
    assert len(behaviour_of(history)) == 0
