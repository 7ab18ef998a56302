"""A shop where a simple rule truly knows better than the forecast."""

import numpy as np
import pytest

from backend.behaviour.history import OrderHistory
from backend.forecast.learn.backtest.metrics import normalised_gini
from backend.forecast.learn.backtest.simple_rules import simple_rules
from backend.forecast.learn.predict import forecast
from backend.wording.forecast_sentences import forecast_notes

START = np.datetime64("2021-01-01", "us")
AS_OF = np.datetime64("2024-01-01", "us")
HORIZON_DAYS = 180
CUSTOMERS = 400
RULE = "repeat of the last period"


@pytest.fixture(scope="module")
def orders() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Regulars whose budget is redrawn for good about once a year: the past before says nothing.

    Three years and a half of them, as customer, instant and amount.
    """
    rng = np.random.default_rng(7)
    customers, days, amounts = [], [], []
    for customer in range(CUSTOMERS):
        at = rng.uniform(0, 200) + np.cumsum(rng.exponential(15, 150))
        at = at[at < 1095 + HORIZON_DAYS]
        redrawn = np.cumsum(rng.exponential(365, 60))
        budgets = rng.lognormal(3, 1.5, 61)
        customers += [customer] * len(at)
        days += at.tolist()
        amounts += (budgets[np.searchsorted(redrawn, at)] * rng.lognormal(0, 0.1, len(at))).tolist()
    created = START + (np.array(days) * 86400e6).astype("timedelta64[us]")
    return np.array(customers), created, np.array(amounts)


def known(orders: tuple[np.ndarray, np.ndarray, np.ndarray], as_of: np.datetime64) -> OrderHistory:
    return OrderHistory.from_orders(*orders, customer_count=CUSTOMERS, as_of=as_of)


def test_a_rule_that_truly_wins_is_admitted_and_the_future_proves_it_right(
    orders: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    history = known(orders, AS_OF)
    scores = forecast(history, value_horizon_days=HORIZON_DAYS, churn_horizon_days=HORIZON_DAYS)
    assert f'For value, the simple rule "{RULE}" does better on the past.' in forecast_notes(
        scores.report
    )

    later = known(orders, AS_OF + np.timedelta64(HORIZON_DAYS, "D"))
    new = later.created_at >= AS_OF
    came = np.zeros(CUSTOMERS)
    np.add.at(came, later.customer_index[new], later.amount[new])
    rule = simple_rules(history.purchase_days(), HORIZON_DAYS)[RULE]
    own = normalised_gini(scores.predicted_value[rule.customer], came[rule.customer])
    assert normalised_gini(rule.spend, came[rule.customer]) > own
