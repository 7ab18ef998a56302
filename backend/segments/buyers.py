"""What segments are made of: recency, days with orders, and the usual order value."""

from dataclasses import dataclass

import numpy as np

from backend.behaviour.history import Gaps, OrderHistory, PurchaseDays
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


def behaviour_of(history: OrderHistory, days: PurchaseDays | None = None) -> Behaviour:
    """Sum up the orders of every customer who has any.

    Parameters
    ----------
    history
        Their orders.
    days
        Their purchase days, where somebody has them already.
    """
    buyers = history.buyers
    if not len(buyers):
        nothing = np.empty(0)
        return Behaviour(buyers, nothing, buyers, nothing, nothing)
    last = history.created_at[history.last_orders(buyers)]
    log_values = np.add.reduceat(np.log(history.amount), history.first_orders(buyers))
    gaps = history.gaps() if days is None else days.gaps()
    count = gaps.count(history.customer_count)[buyers]
    return Behaviour(
        customer=buyers,
        recency_days=(history.as_of - last).astype(np.int64) / MICROSECONDS_PER_DAY,
        order_days=count.astype(np.int64) + 1,
        mean_log_value=log_values / history.frequency[buyers],
        typical_gap_days=_typical_gap_days(gaps, history.customer_count)[buyers],
    )


def _typical_gap_days(gaps: Gaps, customer_count: int) -> FloatArray:
    logs, count = gaps.sum(np.log(gaps.days), customer_count), gaps.count(customer_count)
    with np.errstate(invalid="ignore"):
        return np.where(count > 0, np.exp(logs / count), np.nan)


def spend_after(history: OrderHistory, cutoff: np.datetime64, customers: IntArray) -> FloatArray:
    """Return what these customers spent from the cut-off on, in logs: log(1 + spend)."""
    after = history.created_at >= cutoff
    spent = np.bincount(
        history.customer_index[after], history.amount[after], history.customer_count
    )
    logs: FloatArray = np.log1p(spent[customers])
    return logs
