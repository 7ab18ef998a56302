"""What is at risk is part of what may come, and of customers who still come."""

from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from backend.behaviour.history import OrderHistory
from backend.files.demo_shop import FOLDER
from backend.forecast.learn.learnt_forecast import Forecast
from backend.forecast.learn.predict import forecast
from backend.results.origins import is_lost, value_at_risk

TOP = 50
BENCH = Path(__file__).parents[2] / "bench" / "data"
HALF_A_YEAR, YEAR = 180, 365
DEMO, TENTH = "demo", "cdnow_sample"
REAL_SHOPS = {
    TENTH: "1998-07-01",
    "cdnow": "1998-07-01",
    "online_retail_2": "2011-12-10",
    DEMO: "2011-12-10",
}
PARTS = {
    TENTH: (BENCH / "cdnow.parquet", pc.field("in_sample")),
    DEMO: (FOLDER / "orders.parquet", pc.field("financial_status") == "paid"),
}


A_TENTH_OF_CDNOW = pytest.param(TENTH, marks=pytest.mark.xdist_group(TENTH))
CDNOW = pytest.param("cdnow", marks=[pytest.mark.xdist_group("cdnow"), pytest.mark.long])
ONLINE_RETAIL = pytest.param("online_retail_2", marks=pytest.mark.long)
every_shop = pytest.mark.parametrize(
    "name", [A_TENTH_OF_CDNOW, CDNOW, ONLINE_RETAIL, pytest.param(DEMO, marks=pytest.mark.long)]
)


def known_at(orders: pa.Table, as_of: str) -> OrderHistory:
    """Take what counts: orders with a customer and an amount."""
    orders = orders.filter(pc.is_valid(pc.field("customer_id")) & (pc.field("total_cents") > 0))
    _, customer = np.unique(orders["customer_id"].to_numpy(), return_inverse=True)
    return OrderHistory.from_orders(
        customer.astype(np.int64),
        orders["created_at"].to_numpy().astype("datetime64[us]"),
        orders["total_cents"].to_numpy() / 100,
        customer_count=int(customer.max()) + 1,
        as_of=np.datetime64(as_of),
    )


@cache
def forecast_of(name: str) -> Forecast:
    """Return the forecast of CDNOW, of two years of Online Retail, or of a part of either."""
    path, part = PARTS.get(name, (BENCH / f"{name}.parquet", None))
    orders = pq.read_table(path, filters=part)
    history = known_at(orders, REAL_SHOPS[name])
    return forecast(history, value_horizon_days=YEAR, churn_horizon_days=HALF_A_YEAR)


def at_risk(found: Forecast) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return value_at_risk(found.churn_risk, found.no_order_chance, found.predicted_value)


@every_shop
def test_no_more_is_at_risk_than_is_expected(name: str) -> None:
    real_shop = forecast_of(name)
    assert 0 < np.nansum(at_risk(real_shop)) <= np.nansum(real_shop.predicted_value)


@pytest.mark.parametrize("name", [A_TENTH_OF_CDNOW, CDNOW, ONLINE_RETAIL])
def test_those_most_at_risk_came_more_lately_than_the_median_repeat_customer(name: str) -> None:
    real_shop = forecast_of(name)
    recency, frequency = real_shop.facts.recency_days, real_shop.facts.frequency
    most = np.argsort(np.nan_to_num(at_risk(real_shop)))[-TOP:]
    assert np.median(recency[most]) < np.median(recency[frequency > 1])


@every_shop
def test_nobody_is_less_likely_to_order_in_a_year_than_in_half_a_year(name: str) -> None:
    real_shop = forecast_of(name)
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
