"""What came of those who were customers at an earlier instant."""

from dataclasses import dataclass

import numpy as np

from backend.behaviour.history import ONE_DAY, OrderHistory
from backend.core.arrays import distinct


@dataclass(frozen=True, slots=True)
class CameAfter:
    """Of the customers who had ordered before an instant: what came within some days of it.

    Attributes
    ----------
    customers
        How many they were, at least 0.
    revenue
        Sum of their orders within these days, currency units.
    left
        How many of them did not order within these days.
    """

    customers: int
    revenue: float
    left: int


def came_after(history: OrderHistory, since: np.datetime64, days: int) -> CameAfter:
    """Reckon what came within some days.

    Parameters
    ----------
    history
        What the shop's customers ordered, known to the end of these days.
    since
        UTC; who ordered before it was a customer then.
    days
        How long, at least 1.

    Raises
    ------
    ValueError
        When the days are not over at the history's `as_of`.
    """
    until = since + days * ONE_DAY
    if until > history.as_of:
        raise ValueError("these days are not over yet")
    buyers, customer = history.buyers, history.customer_index
    known = np.zeros(history.customer_count, dtype=bool)
    known[buyers] = history.created_at[history.first_orders(buyers)] < since
    within = known[customer] & (history.created_at >= since) & (history.created_at < until)
    customers = int(known.sum())
    return CameAfter(
        customers=customers,
        revenue=float(history.amount[within].sum()),
        left=customers - len(distinct(customer[within])),
    )
