"""Cohorts beside what pandas makes of the same orders."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from backend.behaviour.history import OrderHistory
from backend.behaviour.monthly_cohorts import MonthlyCohorts, monthly_cohorts

NOWHERE = ZoneInfo("UTC")


def orders_of(history: OrderHistory, zone: ZoneInfo) -> pd.DataFrame:
    """Return the orders with the month of each, and that of the customer's first, in a zone."""
    orders = pd.DataFrame(
        {
            "customer": history.customer_index,
            "at": pd.to_datetime(history.created_at, utc=True).tz_convert(zone),
            "amount": history.amount,
        }
    )
    orders["month"] = orders["at"].dt.tz_localize(None).dt.to_period("M")
    orders["first"] = orders.groupby("customer")["month"].transform("min")
    orders["after"] = (orders["month"] - orders["first"]).map(lambda one: one.n)
    return orders


def shown(found: MonthlyCohorts, table: np.ndarray) -> dict[tuple[str, int], float]:
    """Return the cells that hold something, by month and months after."""
    return {
        (str(found.months[cohort]), int(after)): float(table[cohort, after])
        for cohort, after in zip(*np.nonzero(table), strict=True)
    }


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "Pacific/Auckland", "America/Sao_Paulo"])
def test_buyers_and_revenue_are_those_of_the_shops_months(
    small_shop: OrderHistory, name: str
) -> None:
    zone = ZoneInfo(name)
    orders = orders_of(small_shop, zone)
    there = pd.Timestamp(small_shop.as_of, tz="UTC").tz_convert(zone)
    present = pd.Period(there.tz_localize(None), "M")
    over = orders[orders["month"] < present]
    by_cell = over.groupby([over["first"].astype(str), "after"])
    found = monthly_cohorts(small_shop, zone)
    assert shown(found, found.buyers) == by_cell["customer"].nunique().to_dict()
    assert shown(found, found.revenue) == pytest.approx(by_cell["amount"].sum().to_dict())
    firsts = orders.groupby("customer")["first"].first()
    sizes = firsts[firsts < present].astype(str).value_counts().to_dict()
    told = zip(found.months, found.customers, strict=True)
    assert {str(month): size for month, size in told if size} == sizes
    assert found.newer == (firsts == present).sum()


def test_the_month_of_an_order_is_the_shops(small_history: Callable[..., OrderHistory]) -> None:
    # Half an hour before midnight in UTC it is March in Berlin already.
    history = small_history((0, "2024-02-29T23:30", 5.0), (0, "2024-04-30T21:59", 7.0))
    berlin, utc = (monthly_cohorts(history, ZoneInfo(one)) for one in ("Europe/Berlin", "UTC"))
    assert shown(berlin, berlin.revenue) == {("2024-03", 0): 5.0, ("2024-03", 1): 7.0}
    assert shown(utc, utc.revenue) == {("2024-02", 0): 5.0, ("2024-02", 2): 7.0}


def test_only_months_that_are_over_are_told(small_history: Callable[..., OrderHistory]) -> None:
    rows = (
        (0, "2024-04-02T00:00", 5.0),
        (1, "2024-05-01T00:00", 7.0),
        (0, "2024-05-09T00:00", 1.0),
    )
    during = monthly_cohorts(small_history(*rows), NOWHERE)
    assert str(during.months[-1]) == "2024-04"
    assert shown(during, during.revenue) == {("2024-04", 0): 5.0}
    assert (during.earlier, during.newer) == (0, 1)


def test_customers_of_long_ago_are_counted_and_their_orders_are_no_cohorts(
    small_history: Callable[..., OrderHistory],
) -> None:
    rows = (
        (0, "2019-01-05T00:00", 5.0),
        (0, "2024-03-01T00:00", 6.0),
        (1, "2024-03-02T00:00", 7.0),
    )
    found = monthly_cohorts(small_history(*rows), NOWHERE, most_months=3)
    assert [str(one) for one in found.months] == ["2024-02", "2024-03", "2024-04"]
    assert found.customers.tolist() == [0, 1, 0]
    assert found.revenue.sum() == 7.0
    assert (found.earlier, found.newer) == (1, 0)


def test_a_shop_without_orders_has_no_cohorts(small_history: Callable[..., OrderHistory]) -> None:
    found = monthly_cohorts(small_history(), NOWHERE)
    assert found.customers.sum() == found.buyers.sum() == 0
    assert (found.earlier, found.newer) == (0, 0)


@pytest.mark.parametrize("name", ["UTC", "Pacific/Auckland", "America/Sao_Paulo"])
@pytest.mark.parametrize(
    ("as_of", "months"), [("0001-01-01", ["0001-02"]), ("0001-04-15", ["0001-02", "0001-03"])]
)
def test_no_month_begins_before_the_first_year(
    small_history: Callable[..., OrderHistory], as_of: str, months: list[str], name: str
) -> None:
    history = replace(small_history(), as_of=np.datetime64(as_of, "us"))
    found = monthly_cohorts(history, ZoneInfo(name))
    assert [str(one) for one in found.months] == months
    assert found.buyers.shape == (len(months), len(months))
    assert (found.earlier, found.newer) == (0, 0)


@pytest.fixture
def small_history() -> Callable[..., OrderHistory]:
    """Make a history of a few rows, as of the middle of May 2024."""

    def made(*rows: tuple[int, str, float]) -> OrderHistory:
        customers, instants, amounts = zip(*rows, strict=True) if rows else ((), (), ())
        as_of = datetime(2024, 5, 15, tzinfo=UTC).replace(tzinfo=None)
        return OrderHistory.from_orders(
            np.array(customers, dtype=np.int64),
            np.array(instants, dtype="datetime64[us]"),
            np.array(amounts, dtype=np.float64),
            customer_count=3,
            as_of=np.datetime64(as_of),
        )

    return made
