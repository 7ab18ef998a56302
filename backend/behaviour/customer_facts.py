"""The few plain facts about a customer that explanations are told in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backend.behaviour.history import ONE_DAY, OrderHistory
from backend.core.arrays import FloatArray


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """Arrays of shape (customers,), NaN where a customer has no counted order.

    Attributes
    ----------
    recency_days
        Days from the last counted order to `as_of`.
    frequency
        Counted orders.
    avg_order_value
        Mean amount of a counted order, currency units.
    age_days
        Days from the first counted order to `as_of`.
    usual_gap_days
        Mean days between days with orders; NaN also where there was only one such day.
    """

    recency_days: FloatArray
    frequency: FloatArray
    avg_order_value: FloatArray
    age_days: FloatArray
    usual_gap_days: FloatArray

    @classmethod
    def one(
        cls,
        *,
        recency_days: float,
        frequency: float,
        avg_order_value: float,
        age_days: float,
        usual_gap_days: float | None,
    ) -> CustomerFacts:
        """Hold the facts of a single customer."""
        gap = np.nan if usual_gap_days is None else usual_gap_days
        values = (recency_days, frequency, avg_order_value, age_days, gap)
        return cls(*(np.array([value], dtype=float) for value in values))

    @classmethod
    def of(cls, history: OrderHistory) -> CustomerFacts:
        """Read the facts off the orders."""
        buyers, created = history.buyers, history.created_at
        first, last = history.first_orders(buyers), history.last_orders(buyers)
        count = history.frequency[buyers].astype(float)
        total = np.add.reduceat(history.amount, first) if len(first) else count
        gaps = history.order_days() - 1
        span = history.span_days(buyers).astype(float)

        def spread(values: FloatArray) -> FloatArray:
            every = np.full(history.customer_count, np.nan)
            every[buyers] = values
            return every

        return cls(
            recency_days=spread((history.as_of - created[last]) / ONE_DAY),
            frequency=spread(count),
            avg_order_value=spread(total / count),
            age_days=spread((history.as_of - created[first]) / ONE_DAY),
            usual_gap_days=spread(np.where(gaps > 0, span / np.maximum(gaps, 1), np.nan)),
        )
