"""What is at risk is part of what may come, and of customers who still come."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from backend.behaviour.history import OrderHistory
from backend.files.demo_shop import FOLDER
from backend.forecast.learn.predict import forecast
from backend.forecast.result import Forecast
from backend.results.origins import is_lost, value_at_risk
from tests.histories import History

TOP = 50


def demo_history() -> OrderHistory:
    """The demo's Online Retail, ended orders only, as known at its end."""
    orders = pq.read_table(Path(FOLDER) / "orders.parquet").to_pandas()
    paid = orders[
        (orders["financial_status"] == "paid")
        & (orders["total_cents"] > 0)
        & orders["customer_id"].notna()
    ]
    _, customer = np.unique(paid["customer_id"].to_numpy(), return_inverse=True)
    return OrderHistory.from_orders(
        customer.astype(np.int64),
        paid["created_at"].to_numpy().astype("datetime64[us]"),
        paid["total_cents"].to_numpy() / 100,
        customer_count=int(customer.max()) + 1,
        as_of=np.datetime64("2011-12-10"),
    )


@pytest.fixture(scope="module", params=["cdnow", "online_retail"])
def real_shop(request: pytest.FixtureRequest, cdnow_sample: History) -> Forecast:
    """The forecast of a real shop, with horizons of a year and of half a year."""
    history = cdnow_sample("1998-01-01") if request.param == "cdnow" else demo_history()
    return forecast(history, value_horizon_days=365, churn_horizon_days=180)


def at_risk(found: Forecast) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return value_at_risk(found.churn_risk, found.no_order_chance, found.predicted_value)


def test_no_more_is_at_risk_than_is_expected(real_shop: Forecast) -> None:
    assert 0 < np.nansum(at_risk(real_shop)) <= np.nansum(real_shop.predicted_value)


def test_those_most_at_risk_came_more_lately_than_the_median_repeat_customer(
    real_shop: Forecast,
) -> None:
    recency, frequency = real_shop.facts.recency_days, real_shop.facts.frequency
    most = np.argsort(np.nan_to_num(at_risk(real_shop)))[-TOP:]
    assert np.median(recency[most]) < np.median(recency[frequency > 1])


def test_nobody_is_less_likely_to_order_in_a_year_than_in_half_a_year(real_shop: Forecast) -> None:
    known = ~np.isnan(real_shop.churn_risk)
    assert np.array_equal(known, ~np.isnan(real_shop.no_order_chance))
    assert np.all(real_shop.no_order_chance[known] <= real_shop.churn_risk[known])
    assert np.all(real_shop.no_order_chance[known] >= 0)


def test_it_is_what_would_come_if_they_stay_times_the_chance_that_they_do_not() -> None:
    risk = value_at_risk(np.array([0.5, 0.0]), np.array([0.2, 0.0]), np.array([80.0, 40.0]))
    assert risk.tolist() == pytest.approx([0.5 * 80 / 0.8, 0.0])


def test_who_is_lost_has_nothing_at_risk() -> None:
    churn_risk = np.array([0.8, 0.80004, 0.8001, 1.0, np.nan])
    half = np.full(5, 0.5)
    assert is_lost(churn_risk).tolist() == [False, False, True, True, False]
    assert value_at_risk(churn_risk, half, half)[2:4].tolist() == [0.0, 0.0]
    assert np.isnan(value_at_risk(churn_risk, half, half)[4])
