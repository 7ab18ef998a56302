"""A history becomes one row per customer."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.modelling.history import OrderHistory

FloatArray = NDArray[np.float64]
MICROSECONDS_PER_DAY = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Features:
    """Recency, frequency and money; arrays of shape (customers,), NaN without orders.

    Attributes
    ----------
    recency_days
        Days from the last counted order to `as_of`, positive.
    frequency
        Number of counted orders, 0 without any.
    monetary
        Sum of counted orders, currency units.
    monetary_avg
        `monetary / frequency`.
    """

    recency_days: FloatArray
    frequency: NDArray[np.int64]
    monetary: FloatArray
    monetary_avg: FloatArray


def features(history: OrderHistory) -> Features:
    """Sum up each customer's orders."""
    frequency = history.frequency
    has_orders = frequency > 0
    last = history.offsets[1:][has_orders] - 1
    recency = np.full(history.customer_count, np.nan)
    waited = (history.as_of - history.created_at[last]).astype(np.int64)
    recency[has_orders] = waited / MICROSECONDS_PER_DAY
    monetary = np.full(history.customer_count, np.nan)
    if has_orders.any():
        monetary[has_orders] = np.add.reduceat(history.amount, history.offsets[:-1][has_orders])
    with np.errstate(invalid="ignore"):
        average = monetary / np.where(has_orders, frequency, 1)
    return Features(recency, frequency, monetary, average)
