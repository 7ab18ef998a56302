"""Ways to a forecast: the public one, through a database and a run, and the direct one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.modelling.forecast import forecast
from bench.shops import Case, Shop


@dataclass(frozen=True, slots=True)
class Predictions:
    """Arrays of shape (customers,), ascending by customer."""

    customer_id: NDArray[np.int64]
    orders: NDArray[np.float64]
    spend: NDArray[np.float64]
    churn_risk: NDArray[np.float64]


def predict_directly(shop: Shop, case: Case) -> Predictions:
    """Call the forecast on the orders before the cut-off."""
    customer_id, history = shop.history(case.cutoff)
    scores = forecast(
        history,
        value_horizon_days=case.horizon_days,
        churn_horizon_days=case.horizon_days,
    )
    # Judged are purchase days, several orders of a day being one.
    days = history.purchase_days()
    per_day = days.orders.sum() / len(days.orders)
    return Predictions(
        customer_id, scores.predicted_orders / per_day, scores.predicted_value, scores.churn_risk
    )
