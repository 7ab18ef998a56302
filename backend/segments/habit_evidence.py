"""What tells the habits of customers: one number each, and the variance of its error."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from backend.behaviour.baskets import Baskets
from backend.behaviour.history import OrderHistory, day_number
from backend.core.arrays import BoolArray, FloatArray, IntArray
from backend.segments.buyers import Behaviour
from backend.segments.habits import ORDER, Evidence, is_holiday, is_weekend

Chosen = Callable[[NDArray[np.datetime64]], BoolArray]
FEWEST_ORDERS, FEWEST_GAPS, SHORTEST_TENURE_DAYS = 3, 3, 300
# 13 months: below that, season cannot be told from tenure.
SHORTEST_HISTORY_DAYS = 400
# Steps after which the trigamma's series is exact to the last digits.
TRIGAMMA_STEPS = 16


@dataclass(frozen=True, slots=True)
class HabitScale:
    """What of the evidence only the whole shop can tell.

    Attributes
    ----------
    knows_seasons
        Whether its history is long enough to tell a season from tenure.
    units_variation
        Squared variation of units between orders of the same customer, relative to their mean;
        None where no order lines tell it.
    """

    knows_seasons: bool
    units_variation: float | None

    @classmethod
    def of(cls, history: OrderHistory, buyers: IntArray, baskets: Baskets | None) -> "HabitScale":
        """Look at a whole shop."""
        instants = history.created_at
        ends = day_number(np.array([instants.min(), instants.max()])) if len(instants) else [0, 0]
        span = int(ends[1] - ends[0])
        variation = None if baskets is None else _Units(baskets, buyers).variation()
        return cls(span >= SHORTEST_HISTORY_DAYS, variation)


def with_habits(
    behaviour: Behaviour,
    history: OrderHistory,
    baskets: Baskets | None,
    scale: HabitScale | None = None,
) -> Behaviour:
    """Add what tells the habits of the same customers.

    Parameters
    ----------
    behaviour
        Of customers with orders.
    history
        Theirs.
    baskets
        Their order lines; None where they are unknown.
    scale
        Of the whole shop; None where these customers are all of it.
    """
    buyers = behaviour.customer
    scale = scale or HabitScale.of(history, buyers, baskets)
    return replace(behaviour, evidence=evidence_of(history, buyers, baskets, scale))


def evidence_of(
    history: OrderHistory, buyers: IntArray, baskets: Baskets | None, scale: HabitScale
) -> Evidence:
    """Look at the orders of every buyer for each habit."""
    value = np.full((len(buyers), len(ORDER)), np.nan)
    variance = np.full_like(value, np.nan)
    unknown = np.full(len(buyers), np.nan)
    holiday = unknown, unknown
    if scale.knows_seasons:
        holiday = _share(history, buyers, is_holiday, SHORTEST_TENURE_DAYS)
    for place, (found, error) in enumerate(
        (
            _subscription(history, buyers),
            _bulk(buyers, baskets, scale),
            holiday,
            _share(history, buyers, is_weekend, 0),
        )
    ):
        value[:, place], variance[:, place] = found, error
    return Evidence(value, variance)


def _share(
    history: OrderHistory, buyers: IntArray, chosen: Chosen, tenure_days: int
) -> tuple[FloatArray, FloatArray]:
    """Stabilise a share's variance: Anscombe's arcsine square root, variance 1 / (4 n + 2)."""
    count = history.frequency[buyers].astype(float)
    hits = history.count_where(chosen)[buyers]
    value = np.arcsin(np.sqrt((hits + 0.375) / (count + 0.75)))
    known = (count >= FEWEST_ORDERS) & (history.span_days(buyers) >= tenure_days)
    return np.where(known, value, np.nan), np.where(known, 1 / (4 * count + 2), np.nan)


def _subscription(history: OrderHistory, buyers: IntArray) -> tuple[FloatArray, FloatArray]:
    """Log variance of log gaps; its error is that of a log chi-square, the trigamma of d / 2."""
    sums = history.sums_of_gaps(np.ones_like, np.log, lambda days: np.log(days) ** 2)
    count, total, squares = (of_all[buyers] for of_all in sums)
    freedom = np.maximum(count - 1, 1)
    spread = np.maximum(squares - total**2 / np.maximum(count, 1), 0)
    known = count >= FEWEST_GAPS
    value = np.where(known, np.log((spread + 0.02) / freedom), np.nan)
    return value, np.where(known, trigamma(freedom / 2), np.nan)


def trigamma(x: FloatArray) -> FloatArray:
    """Return the second derivative of the log gamma function, of positive numbers."""
    steps = sum(1 / (x + step) ** 2 for step in range(TRIGAMMA_STEPS))
    far = 1 / (x + TRIGAMMA_STEPS)
    square = far * far
    tail = 1 / 6 - square * (1 / 30 - square * (1 / 42 - square * (1 / 30 - square * 5 / 66)))
    return np.asarray(steps + far + square / 2 + far * square * tail)


def _bulk(
    buyers: IntArray, baskets: Baskets | None, scale: HabitScale
) -> tuple[FloatArray, FloatArray]:
    """Log of mean units per order; its error from how much the same customer's orders vary."""
    unknown = np.full(len(buyers), np.nan)
    if baskets is None or scale.units_variation is None:
        return unknown, unknown
    units = _Units(baskets, buyers)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.where(units.known, np.log(units.mean), np.nan)
        return value, np.where(units.known, scale.units_variation / units.orders, np.nan)


class _Units:
    """Units per order of those buyers who have ordered often enough."""

    def __init__(self, baskets: Baskets, buyers: IntArray) -> None:
        self.orders, self.units = baskets.orders[buyers], baskets.units[buyers]
        self.known = (self.orders >= FEWEST_ORDERS) & (self.units > 0)
        self._squared = baskets.units_squared[buyers]
        with np.errstate(invalid="ignore", divide="ignore"):
            self.mean = self.units / self.orders

    def variation(self) -> float | None:
        """Return the squared variation within customers, relative to their mean."""
        if not self.known.any():
            return None
        with np.errstate(invalid="ignore", divide="ignore"):
            within = np.maximum(self._squared - self.units * self.mean, 0) / self.mean**2
        return float(within[self.known].sum() / (self.orders[self.known] - 1).sum())
