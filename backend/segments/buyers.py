"""What segments are made of: recency, days with orders, and the usual order value."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.behaviour.history import OrderHistory, day_number
from backend.segments.habits import Evidence
from backend.segments.vocabulary import Branch

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
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
    usual_gap_days
        Geometric mean of days between days with orders; NaN after a single one.
    evidence
        Of habits; None where habits are not asked for.
    """

    customer: IntArray
    recency_days: FloatArray
    order_days: IntArray
    mean_log_value: FloatArray
    usual_gap_days: FloatArray
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
            self.usual_gap_days[rows],
            None if self.evidence is None else self.evidence.of(rows),
        )

    def in_branch(self, branch: Branch) -> BoolArray:
        """Return who bought on one day only, or on several."""
        once: BoolArray = self.order_days == 1
        return once if branch == "one_time" else ~once


def behaviour_of(history: OrderHistory) -> Behaviour:
    """Sum up the orders of every customer who has any."""
    buyers = np.flatnonzero(history.frequency)
    first, last = history.offsets[buyers], history.offsets[buyers + 1] - 1
    if not len(buyers):
        nothing = np.empty(0)
        return Behaviour(buyers, nothing, buyers, nothing, nothing)
    waited = (history.as_of - history.created_at[last]).astype(np.int64) / MICROSECONDS_PER_DAY
    log_values = np.add.reduceat(np.log(history.amount), first)
    order_days, log_gaps = _rhythm(history, buyers)
    gaps = order_days - 1
    with np.errstate(invalid="ignore", divide="ignore"):
        usual_gap = np.where(gaps > 0, np.exp(log_gaps / gaps), np.nan)
    return Behaviour(
        customer=buyers,
        recency_days=waited,
        order_days=order_days,
        mean_log_value=log_values / history.frequency[buyers],
        usual_gap_days=usual_gap,
    )


def _rhythm(history: OrderHistory, buyers: IntArray) -> tuple[IntArray, FloatArray]:
    """Return days with orders, and the sum of log gaps between them, of each buyer."""
    day, customer = day_number(history.created_at), history.customer_index
    is_new = np.ones(len(day), dtype=bool)
    is_new[1:] = (day[1:] != day[:-1]) | (customer[1:] != customer[:-1])
    day, customer = day[is_new], customer[is_new]
    within = customer[1:] == customer[:-1]
    logs = np.log(np.diff(day)[within].astype(np.float64))
    count = history.customer_count
    order_days = np.bincount(customer, minlength=count)[buyers]
    log_gaps: FloatArray = np.bincount(customer[1:][within], logs, count)[buyers].astype(float)
    return order_days, log_gaps


def spend_after(history: OrderHistory, cutoff: np.datetime64, customers: IntArray) -> FloatArray:
    """Return what these customers spent from the cut-off on, in logs: log(1 + spend)."""
    after = history.created_at >= cutoff
    spent = np.bincount(
        history.customer_index[after], history.amount[after], history.customer_count
    )
    logs: FloatArray = np.log1p(spent[customers])
    return logs
