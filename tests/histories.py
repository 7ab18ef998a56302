"""Histories that tests of the models share."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from backend.behaviour.history import OrderHistory
from backend.forecast.learn.learnt_forecast import Forecast
from backend.forecast.learn.predict import forecast

CDNOW_SAMPLE = Path(__file__).parent / "forecast" / "data" / "cdnow_sample.parquet"
History = Callable[[str], OrderHistory]


def part_of(history: OrderHistory, every: int) -> OrderHistory:
    """Keep every so manieth customer with an order."""
    kept = np.isin(history.customer_index, history.buyers[::every])
    customers, index = np.unique(history.customer_index[kept], return_inverse=True)
    return OrderHistory.from_orders(
        index,
        history.created_at[kept],
        history.amount[kept],
        customer_count=len(customers),
        as_of=history.as_of,
    )


@pytest.fixture(scope="session")
def cdnow_sample() -> History:
    """The published tenth of CDNOW as known at a date; free orders count as one cent."""
    table = pq.read_table(CDNOW_SAMPLE)
    _, customer = np.unique(table["customer_id"].to_numpy(), return_inverse=True)
    created_at = table["date"].to_numpy().astype("datetime64[us]")
    amount = np.maximum(table["spend"].to_numpy(), 1) / 100

    def known_at(date: str) -> OrderHistory:
        return OrderHistory.from_orders(
            customer.astype(np.int64),
            created_at,
            amount,
            customer_count=int(customer.max()) + 1,
            as_of=np.datetime64(date),
        )

    return known_at


@pytest.fixture(scope="session")
def cdnow_forecast(cdnow_sample: History) -> Forecast:
    """The whole forecast of CDNOW's sample for the half year from 1998."""
    history = cdnow_sample("1998-01-01")
    return forecast(history, value_horizon_days=180, churn_horizon_days=180)


@pytest.fixture(scope="session")
def small_shop() -> OrderHistory:
    """Two hundred invented customers over two years, a quarter of them regulars."""
    rng = np.random.default_rng(5)
    customers, days, amounts = [], [], []
    for customer in range(200):
        first = rng.uniform(0, 700)
        gap = 30.0 if customer % 4 == 0 else 250.0
        at = first + np.concatenate(([0], np.cumsum(rng.exponential(gap, 40))))
        at = at[at < min(730, first + rng.exponential(400))]
        customers += [customer] * len(at)
        days += at.tolist()
        amounts += rng.lognormal(3, 0.6, len(at)).tolist()
    start = np.datetime64("2022-01-01", "us")
    created = start + (np.array(days) * 86400e6).astype("timedelta64[us]")
    return OrderHistory.from_orders(
        np.array(customers),
        created,
        np.array(amounts),
        customer_count=210,
        as_of=np.datetime64("2024-01-01"),
    )
