"""How far intervals must reach, and what outcomes spread like: fitted to trials of the past."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import gammaln, ndtr

from backend.core.arrays import FloatArray
from backend.forecast.intervals import COVERAGE, ZERO_IS_LIKELY, CountSpread, SpendSpread

# Without trials: as far as this share of the model's own distribution, for it is unproven.
UNPROVEN_COVERAGE = 0.9
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


def ranks(values: FloatArray) -> FloatArray:
    """Rank values in [0, 1), ties in order of appearance."""
    order = np.empty(len(values))
    order[np.argsort(values, kind="stable")] = np.arange(len(values))
    return np.asarray(order / max(len(values), 1))


def spend_middle(
    model: SpendSpread,
    spend: FloatArray,
    mean: FloatArray,
    none: FloatArray,
    purchases: FloatArray,
) -> FloatArray:
    """Return the distribution function of spend; half its step where nothing is spent."""
    centre, spread = model.logs(mean, none, purchases)
    some = ndtr((np.log(np.maximum(spend, 1e-12)) - centre) / spread)
    return np.where(spend > 0, none + (1 - none) * some, none / 2)


def fit_reach(
    middle: FloatArray, outcomes: Outcomes, weight: FloatArray | None = None
) -> FloatArray:
    """Choose the shares that would have covered 80 % of what came, in groups by prediction.

    Shares are of a `Reach`: from the smallest predictions to the largest.

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
        return np.array([UNPROVEN_COVERAGE])
    groups = int(np.clip(customers // ROWS_PER_GROUP, 1, MOST_GROUPS))
    group = (outcomes.rank * groups).astype(int)
    shares = [_conformal(needed[group == g], weight[group == g]) for g in range(groups)]
    return np.array(shares)


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
