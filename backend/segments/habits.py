"""Habits that some repeat customers have and others have not.

Each is told by one number per customer, with a known error: a customer with three orders, two of
them on a weekend, need not be a weekend shopper. A habit exists in a shop where two components
explain those numbers far better than one, lie far apart, and the rarer one is neither tiny nor
the rule. Source of the estimates: EM for a mixture of normals whose observations have known
variances of their own; Ashman's D from Ashman, Bird and Zepf (1994).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, polygamma

from backend.behaviour.baskets import Baskets
from backend.behaviour.history import OrderHistory, day_number
from backend.core.arrays import StoredFloats
from backend.segments.vocabulary import TRAITS, Trait

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

ORDER: tuple[Trait, ...] = tuple(TRAITS)
ONE_SIDE: dict[Trait, int] = {"subscription": -1, "bulk": 1, "holiday": 1, "weekend": 1}
FEWEST_ORDERS, FEWEST_GAPS, SHORTEST_TENURE_DAYS = 3, 3, 300
FEWEST_CUSTOMERS, MOST_CUSTOMERS = 150, 10_000
# 13 months: below that, season cannot be told from tenure.
SHORTEST_HISTORY_DAYS = 400
LEAST_BIC_GAIN, LEAST_ASHMAN_D = 100.0, 2.5
LEAST_SHARE, MOST_SHARE = 0.01, 0.5
LEAST_POSTERIOR, KEPT_POSTERIOR = 0.8, 0.6
STEPS, STARTS = 60, (0.75, 0.9, 0.97)
SMALLEST_VARIANCE = 1e-4


@dataclass(frozen=True, slots=True)
class Evidence:
    """One number per customer and trait, shape (buyers, traits); NaN where it cannot be judged.

    Attributes
    ----------
    value
        subscription: log variance of log gaps between days with orders, from 3 gaps on;
        bulk: log of mean units per order, from 3 orders on; holiday: share of orders from
        10 November to the year's end, from 3 orders over 300 days on; weekend: share of orders on
        Saturdays and Sundays (UTC), from 3 orders on; shares as arcsine square roots.
    variance
        Of the number's own error.
    """

    value: FloatArray
    variance: FloatArray

    def of(self, rows: Any) -> "Evidence":
        """Return some rows."""
        return Evidence(self.value[rows], self.variance[rows])


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


def is_weekend(created_at: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    """Whether each instant is on a Saturday or Sunday, UTC."""
    weekend: NDArray[np.bool_] = (day_number(created_at) + 3) % 7 >= 5  # 1970-01-01: a Thursday
    return weekend


def is_holiday(created_at: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    """Whether each instant is from 10 November to the year's end, UTC."""
    years = created_at.astype("datetime64[Y]")
    into_year = (created_at.astype("datetime64[D]") - years.astype("datetime64[D]")).astype(int)
    leap = ((years + 1).astype("datetime64[D]") - years.astype("datetime64[D]")).astype(int) - 365
    late: NDArray[np.bool_] = into_year - leap >= 313  # 10 November
    return late


def _share(
    history: OrderHistory, buyers: IntArray, chosen: NDArray[np.bool_], tenure_days: int
) -> tuple[FloatArray, FloatArray]:
    """Stabilise a share's variance: Anscombe's arcsine square root, variance 1 / (4 n + 2)."""
    count = history.frequency[buyers].astype(float)
    hits = np.bincount(history.customer_index, chosen, history.customer_count)[buyers]
    value = np.arcsin(np.sqrt((hits + 0.375) / (count + 0.75)))
    first, last = history.offsets[buyers], history.offsets[buyers + 1] - 1
    day = day_number(history.created_at)
    known = (count >= FEWEST_ORDERS) & (day[last] - day[first] >= tenure_days)
    if tenure_days and len(day) and day.max() - day.min() < SHORTEST_HISTORY_DAYS:
        known = np.zeros(len(buyers), dtype=bool)
    return np.where(known, value, np.nan), np.where(known, 1 / (4 * count + 2), np.nan)


def _subscription(history: OrderHistory, buyers: IntArray) -> tuple[FloatArray, FloatArray]:
    """Log variance of log gaps; its error is that of a log chi-square, the trigamma of d / 2."""
    days = history.purchase_days()
    within = days.customer[1:] == days.customer[:-1]
    logs = np.log(np.diff(days.day)[within].astype(float))
    owner = days.customer[1:][within]
    size = history.customer_count
    count = np.bincount(owner, minlength=size)[buyers].astype(float)
    total = np.bincount(owner, logs, size)[buyers]
    squares = np.bincount(owner, logs**2, size)[buyers]
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


@dataclass(frozen=True, slots=True)
class Mixture:
    """Two normals: those without the habit, and those with it.

    Attributes
    ----------
    side
        1 where the habit shows in higher numbers, -1 where in lower ones.
    share, mean, variance
        Shape (2,) each, the habit's second.
    """

    side: int
    share: StoredFloats
    mean: StoredFloats
    variance: StoredFloats

    def posterior(self, value: FloatArray, error: FloatArray) -> FloatArray:
        """Return the chance of the habit, shape (n,); 0 where it cannot be judged."""
        known = ~np.isnan(value)
        logs = _log_density(value[known], error[known], self.share, self.mean, self.variance)
        wrong_side = self.side * (value[known] - self.mean[0]) < 0
        logs[wrong_side, 1] = -np.inf
        chance = np.zeros(len(value))
        chance[known] = np.exp(logs[:, 1] - logsumexp(logs, axis=1))
        return chance


def fit_mixture(value: FloatArray, error: FloatArray, side: int) -> Mixture | None:
    """Fit one and two components; None where two are not clearly better."""
    if len(value) < FEWEST_CUSTOMERS:
        return None
    if len(value) > MOST_CUSTOMERS:
        chosen = np.random.default_rng(0).choice(len(value), MOST_CUSTOMERS, replace=False)
        value, error = value[chosen], error[chosen]
    width = max(float(value.var() - error.mean()), 1e-3)
    alone, *_ = _em(value, error, np.ones(1), np.array([value.mean()]), np.array([width]))
    both = max((_em(value, error, *_start(value, side, q)) for q in STARTS), key=lambda e: e[0])
    likelihood, share, mean, variance = both
    gain = 2 * (likelihood - alone) - 3 * np.log(len(value))
    apart = np.sqrt(2) * side * (mean[1] - mean[0]) / np.sqrt(variance.sum())
    exists = gain > LEAST_BIC_GAIN and apart >= LEAST_ASHMAN_D
    if not (exists and LEAST_SHARE <= share[1] <= MOST_SHARE):
        return None
    return Mixture(side, share, mean, variance)


def _start(value: FloatArray, side: int, quantile: float) -> tuple[FloatArray, ...]:
    high = side * value >= np.quantile(side * value, quantile)
    high &= ~np.all(high)
    if not high.any():
        high[np.argmax(side * value)] = True
    share = max(float(high.mean()), 0.01)
    parts = value[~high], value[high]
    return (
        np.array([1 - share, share]),
        np.array([part.mean() for part in parts]),
        np.array([max(float(part.var()) / 2, 1e-3) for part in parts]),
    )


def _log_density(
    value: FloatArray, error: FloatArray, share: FloatArray, mean: FloatArray, variance: FloatArray
) -> FloatArray:
    spread = variance + error[:, None]
    logs: FloatArray = (
        np.log(share) - 0.5 * np.log(2 * np.pi * spread) - (value[:, None] - mean) ** 2 / spread / 2
    )
    return logs


def _em(
    value: FloatArray, error: FloatArray, share: FloatArray, mean: FloatArray, variance: FloatArray
) -> tuple[float, FloatArray, FloatArray, FloatArray]:
    """Maximise the likelihood from a start; ends early once it hardly grows."""
    before = -np.inf
    for _ in range(STEPS):
        logs = _log_density(value, error, share, mean, variance)
        total = logsumexp(logs, axis=1)
        likelihood = float(total.sum())
        if likelihood - before < 1e-3:
            break
        before = likelihood
        belongs = np.exp(logs - total[:, None])
        weight = belongs / (variance + error[:, None])
        mean = (weight * value[:, None]).sum(axis=0) / np.maximum(weight.sum(axis=0), 1e-12)
        share = np.maximum(belongs.mean(axis=0), 1e-6)
        share = share / share.sum()
        trust = variance / (variance + error[:, None])
        middle = trust * value[:, None] + (1 - trust) * mean
        spread = (middle - mean) ** 2 + variance * (1 - trust)
        mass = np.maximum(belongs.sum(axis=0), 1e-9)
        variance = np.maximum((belongs * spread).sum(axis=0) / mass, SMALLEST_VARIANCE)
    return before, share, mean, variance


def fit_traits(evidence: Evidence) -> dict[Trait, Mixture]:
    """Find which habits exist in this shop."""
    found: dict[Trait, Mixture] = {}
    for place, trait in enumerate(ORDER):
        value, error = evidence.value[:, place], evidence.variance[:, place]
        known = ~np.isnan(value)
        mixture = fit_mixture(value[known], error[known], ONE_SIDE[trait])
        if mixture is not None:
            found[trait] = mixture
    return found


def posteriors(traits: dict[Trait, Mixture], evidence: Evidence) -> FloatArray:
    """Return the chance of each habit, shape (n, traits); 0 for those that do not exist here."""
    chances = np.zeros(evidence.value.shape)
    for trait, mixture in traits.items():
        place = ORDER.index(trait)
        chances[:, place] = mixture.posterior(evidence.value[:, place], evidence.variance[:, place])
    return chances
