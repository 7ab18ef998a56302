"""What segments are made of: recency, days with orders, and the usual order value."""

from dataclasses import dataclass

import numpy as np

from backend.behaviour.history import OrderHistory
from backend.core.arrays import BoolArray, FloatArray, IntArray
from backend.segments.habits import Evidence
from backend.segments.vocabulary import Branch

MICROSECONDS_PER_DAY = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Of customers with orders; arrays of shape (buyers,).

    Attributes
    ----------
    customer
        Index in the history.
    recency_days
        Days from the last order to `as_of`, at least 0.
    order_days
        Days with orders, at least 1.
    mean_log_value
        Mean logarithm of the order value.
    typical_gap_days
        Geometric mean of days between days with orders; NaN after a single one.
    evidence
        Of habits; None where habits are not asked for.
    """

    customer: IntArray
    recency_days: FloatArray
    order_days: IntArray
    mean_log_value: FloatArray
    typical_gap_days: FloatArray
    evidence: Evidence | None = None

    def __len__(self) -> int:
        return len(self.customer)

    def of(self, rows: IntArray | BoolArray) -> "Behaviour":
        """Return the behaviour of some rows, in their order."""
        return Behaviour(
            self.customer[rows],
            self.recency_days[rows],
            self.order_days[rows],
            self.mean_log_value[rows],
            self.typical_gap_days[rows],
            None if self.evidence is None else self.evidence.of(rows),
        )

    def in_branch(self, branch: Branch) -> BoolArray:
        """Return who bought on one day only, or on several."""
        once: BoolArray = self.order_days == 1
        return once if branch == "one_time" else ~once


def behaviour_of(history: OrderHistory) -> Behaviour:
    """Sum up the orders of every customer who has any."""
    buyers = history.buyers
    if not len(buyers):
        nothing = np.empty(0)
        return Behaviour(buyers, nothing, buyers, nothing, nothing)
    last = history.created_at[history.last_orders(buyers)]
    count, log_gaps = (of_all[buyers] for of_all in history.sums_of_gaps(np.ones_like, np.log))
    with np.errstate(invalid="ignore"):
        typical_gap_days = np.where(count > 0, np.exp(log_gaps / count), np.nan)
    return Behaviour(
        customer=buyers,
        recency_days=(history.as_of - last).astype(np.int64) / MICROSECONDS_PER_DAY,
        order_days=count.astype(np.int64) + 1,
        mean_log_value=_log_values(history)[buyers] / history.frequency[buyers],
        typical_gap_days=typical_gap_days,
    )


def _log_values(history: OrderHistory) -> FloatArray:
    """Add up the logs of each customer's amounts, shape (customers,)."""
    sums = np.zeros(history.customer_count)
    for whose, part in history.parts():
        buyers = part.buyers
        if len(buyers):
            of_buyers = np.add.reduceat(np.log(part.amount), part.first_orders(buyers))
            sums[whose][buyers] = of_buyers
    return sums


def spend_after(history: OrderHistory, cutoff: np.datetime64, customers: IntArray) -> FloatArray:
    """Return what these customers spent from the cut-off on, in logs: log(1 + spend)."""
    after = history.created_at >= cutoff
    spent = np.bincount(
        history.customer_index[after], history.amount[after], history.customer_count
    )
    logs: FloatArray = np.log1p(spent[customers])
    return logs
