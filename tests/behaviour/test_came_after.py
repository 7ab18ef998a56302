"""What came of earlier customers, beside what pandas makes of the same orders."""

import numpy as np
import pandas as pd
import pytest

from backend.behaviour.came_after import came_after
from backend.behaviour.history import OrderHistory


@pytest.mark.parametrize("days", [1, 30, 180, 365])
@pytest.mark.parametrize("since", ["2022-01-01", "2022-06-15T13:30", "2022-12-31"])
def test_revenue_and_who_left_are_of_those_who_were_customers_then(
    small_shop: OrderHistory, since: str, days: int
) -> None:
    orders = pd.DataFrame(
        {
            "customer": small_shop.customer_index,
            "at": small_shop.created_at,
            "amount": small_shop.amount,
        }
    )
    begin = pd.Timestamp(since)
    customers = set(orders.loc[orders["at"] < begin, "customer"])
    later = orders[orders["customer"].isin(customers)]
    within = later[(later["at"] >= begin) & (later["at"] < begin + pd.Timedelta(days=days))]
    came = came_after(small_shop, np.datetime64(since), days)
    assert came.customers == len(customers)
    assert came.left == len(customers - set(within["customer"]))
    assert came.revenue == pytest.approx(within["amount"].sum())


def test_days_that_are_not_over_are_refused(small_shop: OrderHistory) -> None:
    last = small_shop.as_of - np.timedelta64(30, "D")
    assert came_after(small_shop, last, 30).customers > 0
    with pytest.raises(ValueError, match="not over"):
        came_after(small_shop, last, 31)
