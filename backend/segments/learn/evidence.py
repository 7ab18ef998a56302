"""What tells the habits of customers: one number each, and the variance of its error."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import polygamma

from backend.behaviour.baskets import Baskets
from backend.behaviour.history import OrderHistory, day_number
from backend.core.arrays import FloatArray, IntArray
from backend.segments.buyers import Behaviour
from backend.segments.habits import ORDER, Evidence, is_holiday, is_weekend

FEWEST_ORDERS, FEWEST_GAPS, SHORTEST_TENURE_DAYS = 3, 3, 300
# 13 months: below that, season cannot be told from tenure.
SHORTEST_HISTORY_DAYS = 400


def with_habits(behaviour: Behaviour, history: OrderHistory, baskets: Baskets | None) -> Behaviour:
    """Add what tells the habits of the same customers."""
    return replace(behaviour, evidence=evidence_of(history, behaviour.customer, baskets))


def evidence_of(history: OrderHistory, buyers: IntArray, baskets: Baskets | None) -> Evidence:
    """Look at the orders of every buyer for each habit."""
    value = np.full((len(buyers), len(ORDER)), np.nan)
    variance = np.full_like(value, np.nan)
    for place, (found, error) in enumerate(
        (
            _subscription(history, buyers),
            _bulk(history, buyers, baskets),
            _share(history, buyers, is_holiday(history.created_at), SHORTEST_TENURE_DAYS),
            _share(history, buyers, is_weekend(history.created_at), 0),
        )
    ):
        value[:, place], variance[:, place] = found, error
    return Evidence(value, variance)


def _share(
    history: OrderHistory, buyers: IntArray, chosen: NDArray[np.bool_], tenure_days: int
) -> tuple[FloatArray, FloatArray]:
    """Stabilise a share's variance: Anscombe's arcsine square root, variance 1 / (4 n + 2)."""
    count = history.frequency[buyers].astype(float)
    hits = np.bincount(history.customer_index, chosen, history.customer_count)[buyers]
    value = np.arcsin(np.sqrt((hits + 0.375) / (count + 0.75)))
    day = day_number(history.created_at)
    known = (count >= FEWEST_ORDERS) & (history.span_days(buyers) >= tenure_days)
    if tenure_days and len(day) and day.max() - day.min() < SHORTEST_HISTORY_DAYS:
        known = np.zeros(len(buyers), dtype=bool)
    return np.where(known, value, np.nan), np.where(known, 1 / (4 * count + 2), np.nan)


def _subscription(history: OrderHistory, buyers: IntArray) -> tuple[FloatArray, FloatArray]:
    """Log variance of log gaps; its error is that of a log chi-square, the trigamma of d / 2."""
    gaps, size = history.purchase_days().gaps(), history.customer_count
    logs = np.log(gaps.days)
    count = gaps.count(size)[buyers]
    total, squares = gaps.sum(logs, size)[buyers], gaps.sum(logs**2, size)[buyers]
    freedom = np.maximum(count - 1, 1)
    spread = np.maximum(squares - total**2 / np.maximum(count, 1), 0)
    known = count >= FEWEST_GAPS
    value = np.where(known, np.log((spread + 0.02) / freedom), np.nan)
    return value, np.where(known, polygamma(1, freedom / 2), np.nan)


def _bulk(
    history: OrderHistory, buyers: IntArray, baskets: Baskets | None
) -> tuple[FloatArray, FloatArray]:
    """Log of mean units per order; its error from how much the same customer's orders vary."""
    unknown = np.full(len(buyers), np.nan)
    if baskets is None:
        return unknown, unknown
    orders, units = baskets.orders[buyers], baskets.units[buyers]
    known = (orders >= FEWEST_ORDERS) & (units > 0)
    if not known.any():
        return unknown, unknown
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = units / orders
        within = np.maximum(baskets.units_squared[buyers] - units * mean, 0) / mean**2
    variation = float(within[known].sum() / (orders[known] - 1).sum())
    return np.where(known, np.log(mean), np.nan), np.where(known, variation / orders, np.nan)
