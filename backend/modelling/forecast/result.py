"""What a forecast says of every customer, and of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Status = Literal["scored", "insufficient_history", "no_orders"]


@dataclass(frozen=True, slots=True)
class ForecastReport:
    """How the forecast was made.

    Attributes
    ----------
    status
        "scored"; "insufficient_history" when nobody has bought twice, so that every customer has
        the same base rate; "no_orders" when there is nothing to forecast from.
    model
        The model used, in words.
    parameters
        Fitted parameters, by model.
    """

    status: Status
    model: str
    parameters: dict[str, dict[str, float]]

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain JSON values."""
        return {"status": self.status, "model": self.model, "parameters": self.parameters}


@dataclass(frozen=True, slots=True)
class Forecast:
    """Arrays of shape (customers,); NaN where a customer has no counted order.

    Attributes
    ----------
    predicted_orders
        Expected counted orders within the value horizon after `as_of`, at least 0.
    predicted_value
        Expected sum of those orders, currency units, at least 0.
    churn_risk
        Probability in [0, 1] of no counted order within the churn horizon after `as_of`.
    predicted_orders_low, predicted_orders_high, predicted_value_low, predicted_value_high
        80 % interval of what will come; NaN where unknown.
    next_order_days
        Shape (customers, 3), days from `as_of` to the next order: 10, 50 and 90 % quantiles; NaN
        where unknown.
    report
        How the forecast was made.
    """

    predicted_orders: FloatArray
    predicted_value: FloatArray
    churn_risk: FloatArray
    predicted_orders_low: FloatArray
    predicted_orders_high: FloatArray
    predicted_value_low: FloatArray
    predicted_value_high: FloatArray
    next_order_days: FloatArray
    report: ForecastReport
