"""The few plain facts about a customer that explanations are told in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backend.behaviour.history import ONE_DAY, OrderHistory, day_number
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
        buyers = np.flatnonzero(history.frequency)
        first, last = history.offsets[buyers], history.offsets[buyers + 1] - 1
        created = history.created_at
        count = history.frequency[buyers].astype(float)
        total = np.add.reduceat(history.amount, first) if len(first) else count
        day = day_number(created)
        customer = history.customer_index
        new_day = np.ones(len(day), dtype=bool)
        new_day[1:] = (day[1:] != day[:-1]) | (customer[1:] != customer[:-1])
        gaps = np.bincount(customer[new_day], minlength=history.customer_count)[buyers] - 1
        span = (day[last] - day[first]).astype(float)

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
