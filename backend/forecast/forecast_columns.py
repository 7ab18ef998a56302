"""What a forecast says of customers."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from backend.core.arrays import FloatArray, IntArray
from backend.forecast.next_order import QUANTILES


@dataclass(frozen=True, slots=True)
class ForecastColumns:
    """Arrays of shape (customers,); NaN where a customer has no counted order.

    Attributes
    ----------
    predicted_orders
        Expected counted orders within the value horizon after `as_of`, at least 0.
    predicted_value
        Expected sum of those orders, currency units, at least 0.
    churn_risk
        Probability in [0, 1] of no counted order within the churn horizon after `as_of`.
    no_order_chance
        The same within the value horizon: not above `churn_risk` where that is the longer one, not
        below it where it is the shorter one.
    predicted_orders_low, predicted_orders_high, predicted_value_low, predicted_value_high
        80 % interval of what will come. The expectation may lie above it: most customers order
        nothing, a few much.
    next_order_days
        Shape (customers, 3), days from `as_of` to the next order: 10, 50 and 90 % quantiles; NaN
        where the chance of no order within the value horizon is too high for the quantile.
    """

    predicted_orders: FloatArray
    predicted_value: FloatArray
    churn_risk: FloatArray
    no_order_chance: FloatArray
    predicted_orders_low: FloatArray
    predicted_orders_high: FloatArray
    predicted_value_low: FloatArray
    predicted_value_high: FloatArray
    next_order_days: FloatArray

    @classmethod
    def unknown(cls, customers: int) -> ForecastColumns:
        """Return what is known of customers without a forecast."""
        nothing = {one.name: np.full(customers, np.nan) for one in fields(ForecastColumns)}
        waits = np.full((customers, len(QUANTILES)), np.nan)
        return ForecastColumns(**{**nothing, "next_order_days": waits})

    def among(self, customers: int, places: IntArray) -> ForecastColumns:
        """Put these customers in their places among more, of whom nothing is known."""
        if len(places) == customers:  # all of them, in their order
            return self
        columns = {}
        for one in fields(ForecastColumns):
            own = getattr(self, one.name)
            columns[one.name] = np.full((customers, *own.shape[1:]), np.nan)
            columns[one.name][places] = own
        return ForecastColumns(**columns)
