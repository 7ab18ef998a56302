from collections.abc import Callable

import numpy as np
import pytest

from backend.modelling.forecast import forecast
from backend.modelling.history import OrderHistory

History = Callable[[str], OrderHistory]
AS_OF = np.datetime64("2024-06-01")


def shop(customers: list[int], days_ago: list[int], customer_count: int) -> OrderHistory:
    ago = np.array(days_ago, dtype="timedelta64[D]")
    return OrderHistory.from_orders(
        np.array(customers, dtype=np.int64),
        (AS_OF - ago).astype("datetime64[us]"),
        np.full(len(customers), 20.0),
        customer_count=customer_count,
        as_of=AS_OF,
    )


def test_every_buyer_gets_orders_value_and_risk(cdnow_sample: History) -> None:
    scores = forecast(cdnow_sample("1997-10-01"))
    assert np.all(scores.predicted_orders >= 0)
    assert np.all(scores.predicted_value >= 0)
    assert np.all((scores.churn_risk >= 0) & (scores.churn_risk <= 1))
    assert scores.report.status == "scored"


def test_customers_without_orders_get_no_number() -> None:
    scores = forecast(shop([0, 0, 2], [100, 10, 30], customer_count=4))
    unknown = np.array([False, True, False, True])
    for numbers in (scores.predicted_orders, scores.predicted_value, scores.churn_risk):
        np.testing.assert_array_equal(np.isnan(numbers), unknown)


def test_a_shop_where_nobody_came_back_gets_base_rates() -> None:
    scores = forecast(shop([0, 1, 2], [200, 50, 1], customer_count=3))
    assert scores.report.status == "insufficient_history"
    assert len(set(scores.churn_risk.tolist())) == 1
    assert 0 < scores.predicted_orders[0] < 1


def test_a_shop_without_orders_gets_no_numbers() -> None:
    scores = forecast(shop([], [], customer_count=2))
    assert scores.report.status == "no_orders"
    assert np.isnan(scores.predicted_value).all()


@pytest.mark.parametrize("buyers", [1, 2, 3, 5, 10, 30])
def test_shops_of_every_size_are_scored_without_a_warning(buyers: int) -> None:
    rng = np.random.default_rng(buyers)
    customers = np.repeat(np.arange(buyers), 3).tolist()
    scores = forecast(shop(customers, rng.integers(1, 300, 3 * buyers).tolist(), buyers))
    assert np.isfinite(scores.predicted_value).all()
    assert np.isfinite(scores.churn_risk).all()


def test_the_same_input_gives_the_same_numbers_to_the_last_digit(cdnow_sample: History) -> None:
    first, second = (forecast(cdnow_sample("1997-10-01")) for _ in range(2))
    assert first.predicted_value.tobytes() == second.predicted_value.tobytes()
    assert first.churn_risk.tobytes() == second.churn_risk.tobytes()


def test_a_horizon_below_a_day_is_refused(cdnow_sample: History) -> None:
    with pytest.raises(ValueError, match="at least one day"):
        forecast(cdnow_sample("1997-10-01"), churn_horizon_days=0)
