"""A shop's last year is told beside the one before, as pandas counts them."""

import numpy as np
import pandas as pd
import pytest

from backend.behaviour.history import PurchaseDays
from backend.forecast.learn.year_over_year import course_of
from backend.results.shop_course import YearOverYear

NOW = 20_000


def days_of(orders: pd.DataFrame) -> PurchaseDays:
    """Purchase days of orders with columns customer, ago (days) and spend."""
    frame = orders.assign(day=NOW - orders["ago"]).sort_values(["customer", "day"])
    return PurchaseDays(
        NOW,
        frame["customer"].to_numpy(),
        frame["day"].to_numpy(),
        frame["spend"].to_numpy(),
        np.ones(len(frame), dtype=np.int64),
    )


def shop(days: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    orders = pd.DataFrame(
        {
            "customer": rng.integers(0, 300, 1500),
            "ago": rng.integers(1, days, 1500),
            "spend": rng.uniform(5, 90, 1500),
        }
    )
    return orders.drop_duplicates(["customer", "ago"])


def test_both_years_are_what_pandas_counts() -> None:
    orders = shop(1000)
    course = course_of(days_of(orders))
    assert course is not None
    first = orders.groupby("customer")["ago"].max()
    for found, start in (("now", 364), ("before", 728)):
        inside = orders[(orders["ago"] <= start) & (orders["ago"] > start - 364)]
        known = first.index[first > start]
        again = inside[inside["customer"].isin(known)]["customer"].nunique() / len(known)
        assert getattr(course.spend, found) == pytest.approx(inside["spend"].sum())
        new = ((first <= start) & (first > start - 364)).sum()
        assert getattr(course.new_customers, found) == new
        assert getattr(course.ordering_again, found) == pytest.approx(again)
    assert course.spend.now is not None
    assert course.spend.before is not None
    assert course.spend.change == pytest.approx(course.spend.now / course.spend.before - 1)


def test_a_history_of_less_than_two_years_tells_no_course() -> None:
    orders = shop(700)
    assert course_of(days_of(orders)) is None
    oldest = pd.DataFrame({"customer": [0], "ago": [728], "spend": [1.0]})
    assert course_of(days_of(pd.concat([orders, oldest]))) is not None


def test_where_nobody_was_known_before_nobody_could_order_again() -> None:
    orders = pd.DataFrame({"customer": [0, 1], "ago": [728, 100], "spend": [10.0, 20.0]})
    course = course_of(days_of(orders))
    assert course is not None
    assert course.ordering_again == YearOverYear(now=0.0, before=None, change=None)
    assert course.new_customers == YearOverYear(now=1.0, before=1.0, change=0.0)
    assert course.spend == YearOverYear(now=20.0, before=10.0, change=1.0)
