r"""What will come, with an 80 % interval, and when the next order will.

Purchases are a hurdle: none with the forecast's probability, else one plus a negative binomial
count; spend is none or log-normal. Both have the forecast's means, and their spread is fitted to
the trials on the shop's own past. How far an interval must then reach is read off the same trials
(split conformal prediction, Mondrian by the size of the prediction), replayed at other levels; see
`forecast/spread.py`.

Most customers of most shops order nothing, and an outcome that is zero nine times in ten cannot be
covered eight times in ten by an interval that holds zero. Therefore (1) intervals end where their
chance is *nearest* to 80 %, not above it; (2) where zero is likelier than 10 % the interval starts
at zero and all that is cut off is at the top; (3) where zero alone is likelier than 80 % the
interval is [0, 0], and covers more. Nobody is given an interval without the likeliest outcome to
make the average come out.

References
----------
.. [1] Vovk, Gammerman, Shafer (2005), Algorithmic Learning in a Random World, chapter 4.5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import gammaln, ndtr, ndtri
from scipy.stats import nbinom

from backend.core.arrays import FloatArray

COVERAGE = 0.8
# Without trials: as far as this share of the model's own distribution, for it is unproven.
UNPROVEN_COVERAGE = 0.9
ZERO_IS_LIKELY = (1 - COVERAGE) / 2
MOST_GROUPS = 10
ROWS_PER_GROUP = 200
LEAST_ROWS = 30


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Predictions of the past with what came of them, arrays of shape (rows,).

    Attributes
    ----------
    mean
        Predicted, positive.
    none
        Predicted probability of nothing, in (0, 1).
    rank
        Of the prediction among its trial's, in [0, 1).
    actual
        What came, at least 0.
    """

    mean: FloatArray
    none: FloatArray
    rank: FloatArray
    actual: FloatArray


@dataclass(frozen=True, slots=True)
class CountSpread:
    """Purchases given that there is one: one plus a negative binomial of shape `shape`."""

    shape: float = 1.0

    def middle(self, count: FloatArray, mean: FloatArray, none: FloatArray) -> FloatArray:
        """Return the distribution function midway through its step at `count`."""
        below, up_to = (self._cumulative(count - step, mean, none) for step in (1, 0))
        return 0.5 * (below + up_to)

    def quantile(self, share: FloatArray, mean: FloatArray, none: FloatArray) -> FloatArray:
        """Return the count at which the distribution function is nearest to `share`."""
        return np.maximum(self._nearest(share, mean, none), 0.0)

    def interval(
        self, low: FloatArray, high: FloatArray, mean: FloatArray, none: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return the first and the last count of what lies between two shares.

        What is cut off at the bottom ends one count before the first.
        """
        last = self.quantile(high, mean, none)
        first = np.where(low > 0, self._nearest(low, mean, none) + 1, 0.0)
        return np.minimum(first, last), last

    def _nearest(self, share: FloatArray, mean: FloatArray, none: FloatArray) -> FloatArray:
        """Return the count up to which the chance is nearest to `share`; -1 for no count at all."""
        chance = self._success(mean, none)
        inside = np.clip((share - none) / (1 - none), 0.0, 1 - 1e-9)
        above = np.where(share > none, 1 + nbinom.ppf(inside, self.shape, chance), 0.0)
        nearer_below = self.middle(above, mean, none) >= share
        return np.asarray(above - nearer_below)

    def _cumulative(self, count: FloatArray, mean: FloatArray, none: FloatArray) -> FloatArray:
        chance = self._success(mean, none)
        some = nbinom.cdf(count - 1, self.shape, chance)
        return np.where(count >= 0, none + (1 - none) * some, 0.0)

    def _success(self, mean: FloatArray, none: FloatArray) -> FloatArray:
        """Success chance of the negative binomial of the purchases beyond the first."""
        beyond = np.maximum(mean / (1 - none) - 1, 1e-6)
        return np.asarray(self.shape / (self.shape + beyond))


@dataclass(frozen=True, slots=True)
class SpendSpread:
    """Spend given that there is some: log-normal; more purchases make it less uncertain.

    Its squared relative spread is ``between + within / purchases``.
    """

    between: float = 0.3
    within: float = 0.6

    def middle(
        self, spend: FloatArray, mean: FloatArray, none: FloatArray, purchases: FloatArray
    ) -> FloatArray:
        """Return the distribution function; half its step where nothing is spent."""
        centre, spread = self._logs(mean, none, purchases)
        some = ndtr((np.log(np.maximum(spend, 1e-12)) - centre) / spread)
        return np.where(spend > 0, none + (1 - none) * some, none / 2)

    def quantile(
        self, share: FloatArray, mean: FloatArray, none: FloatArray, purchases: FloatArray
    ) -> FloatArray:
        """Return the spend that is not exceeded with probability `share`."""
        centre, spread = self._logs(mean, none, purchases)
        inside = np.clip((share - none) / (1 - none), 1e-9, 1 - 1e-9)
        return np.where(share > none, np.exp(centre + spread * ndtri(inside)), 0.0)

    def _logs(
        self, mean: FloatArray, none: FloatArray, purchases: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Mean and standard deviation of the log of spend, given that there is some."""
        given = np.maximum(purchases / (1 - none), 1.0)
        variance = np.log1p(self.between + self.within / given)
        return np.log(mean / (1 - none)) - variance / 2, np.sqrt(variance)


@dataclass(frozen=True, slots=True)
class Reach:
    """How much of the model's distribution an interval holds, by size of the prediction.

    Attributes
    ----------
    share
        Shape (groups,), in (0, 1): from the smallest predictions to the largest.
    """

    share: FloatArray

    def of(self, rank: FloatArray) -> FloatArray:
        """Return the share for predictions of the given rank in [0, 1)."""
        return np.asarray(self.share[(rank * len(self.share)).astype(int)])


def ranks(values: FloatArray) -> FloatArray:
    """Rank values in [0, 1), ties in order of appearance."""
    order = np.empty(len(values))
    order[np.argsort(values, kind="stable")] = np.arange(len(values))
    return np.asarray(order / max(len(values), 1))


def limits(share: FloatArray, none: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the shares at which an interval starts and ends; see the module's rule (2)."""
    one_sided = none > ZERO_IS_LIKELY
    return np.where(one_sided, 0.0, (1 - share) / 2), np.where(one_sided, share, (1 + share) / 2)


def fit_reach(middle: FloatArray, outcomes: Outcomes, weight: FloatArray | None = None) -> Reach:
    """Choose the shares that would have covered 80 % of what came, in groups by prediction.

    Parameters
    ----------
    middle
        The model's distribution function at what came.
    outcomes
        Predictions and what came.
    weight
        How many customers each row stands for; one each when None.
    """
    one_sided = outcomes.none > ZERO_IS_LIKELY
    needed = np.where(one_sided, middle, np.abs(2 * middle - 1))
    needed = np.where(one_sided & (outcomes.actual == 0), 0.0, needed)
    weight = np.ones(len(needed)) if weight is None else weight
    customers = round(float(weight.sum()))
    if customers < LEAST_ROWS:
        return Reach(np.array([UNPROVEN_COVERAGE]))
    groups = int(np.clip(customers // ROWS_PER_GROUP, 1, MOST_GROUPS))
    group = (outcomes.rank * groups).astype(int)
    shares = [_conformal(needed[group == g], weight[group == g]) for g in range(groups)]
    return Reach(np.array(shares))


def _conformal(needed: FloatArray, weight: FloatArray) -> float:
    """The share that covers a new customer with the wanted chance, a little wider when few."""
    order = np.argsort(needed, kind="stable")
    covered = np.cumsum(weight[order])
    wanted = min(np.ceil((covered[-1] + 1) * COVERAGE), covered[-1])
    last = np.searchsorted(covered, wanted - 1e-9)
    return float(np.clip(needed[order][last], 1e-6, 0.995))


def fit_count_spread(outcomes: Outcomes) -> CountSpread:
    """Fit the shape to customers who came back, by maximum likelihood."""
    came = outcomes.actual > 0
    if came.sum() < LEAST_ROWS:
        return CountSpread()
    beyond = np.round(outcomes.actual[came] - 1)
    expected = np.maximum(outcomes.mean[came] / (1 - outcomes.none[came]) - 1, 1e-6)

    def loss(log_shape: FloatArray) -> float:
        shape = float(np.exp(log_shape[0]))
        chance = shape / (shape + expected)
        likelihood = (
            gammaln(beyond + shape)
            - gammaln(shape)
            + shape * np.log(chance)
            + beyond * np.log1p(-chance)
        )
        return -float(np.mean(likelihood))

    best = minimize(loss, [0.0], method="L-BFGS-B", bounds=[(-4.0, 5.0)])
    return CountSpread(float(np.exp(best.x[0])))


def fit_spend_spread(outcomes: Outcomes, purchases: FloatArray) -> SpendSpread:
    """Fit the spread of spend to customers who came back, by maximum likelihood.

    Parameters
    ----------
    outcomes
        Of spend.
    purchases
        Predicted purchases of the same customers.
    """
    came = outcomes.actual > 0
    if came.sum() < LEAST_ROWS:
        return SpendSpread()
    given = np.maximum(purchases[came] / (1 - outcomes.none[came]), 1.0)
    log_ratio = np.log(outcomes.actual[came] / outcomes.mean[came] * (1 - outcomes.none[came]))

    def loss(logs: FloatArray) -> float:
        between, within = np.exp(logs)
        variance = np.log1p(between + within / given)
        return float(np.mean(np.log(variance) + (log_ratio + variance / 2) ** 2 / variance))

    best = minimize(loss, np.log([0.3, 0.6]), method="L-BFGS-B", bounds=[(-6.0, 3.0)] * 2)
    between, within = np.exp(best.x)
    return SpendSpread(float(between), float(within))
