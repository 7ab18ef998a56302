"""Which habits a shop's customers have: two normals explain the numbers far better than one.

A habit exists in a shop where two components explain those numbers far better than one, lie far
apart, and the rarer one is neither tiny nor the rule. Source of the estimates: EM for a mixture of
normals whose observations have known variances of their own; Ashman's D from Ashman, Bird and
Zepf (1994).
"""

import numpy as np

from backend.core.arrays import FloatArray
from backend.segments.habits import ORDER, Evidence, Mixture
from backend.segments.vocabulary import Trait

ONE_SIDE: dict[Trait, int] = {"subscription": -1, "bulk": 1, "holiday": 1, "weekend": 1}
FEWEST_CUSTOMERS, MOST_CUSTOMERS = 150, 10_000
LEAST_BIC_GAIN, LEAST_ASHMAN_D = 100.0, 2.5
LEAST_SHARE, MOST_SHARE = 0.01, 0.5
STEPS, STARTS = 60, (0.75, 0.9, 0.97)
SMALLEST_VARIANCE = 1e-4


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


def _em(
    value: FloatArray, error: FloatArray, share: FloatArray, mean: FloatArray, variance: FloatArray
) -> tuple[float, FloatArray, FloatArray, FloatArray]:
    """Maximise the likelihood from a start; ends early once it hardly grows.

    A component is a row within: two numbers side by side kept the processor from taking several.
    """
    before = -np.inf
    share, mean, variance = share[:, None], mean[:, None], variance[:, None]
    for _ in range(STEPS):
        spread = variance + error
        logs = np.log(share) - 0.5 * np.log(2 * np.pi * spread) - (value - mean) ** 2 / spread / 2
        total = _log_sum(logs)
        likelihood = float(total.sum())
        if likelihood - before < 1e-3:
            break
        before = likelihood
        belongs = np.exp(logs - total)
        weight = belongs / spread
        mean = _sums(weight * value) / np.maximum(_sums(weight), 1e-12)
        mass = _sums(belongs)
        share = np.maximum(mass / len(value), 1e-6)
        share = share / share.sum()
        trust = variance / spread
        middle = trust * value + (1 - trust) * mean
        around = (middle - mean) ** 2 + variance * (1 - trust)
        variance = _sums(belongs * around) / np.maximum(mass, 1e-9)
        variance = np.maximum(variance, SMALLEST_VARIANCE)
    return before, share[:, 0], mean[:, 0], variance[:, 0]


def _sums(parts: FloatArray) -> FloatArray:
    """Add up each component, shape (components, 1): two of them one number after the other.

    So it was while a component was a column, and stored borders have those digits.
    """
    if len(parts) == 1:
        return np.asarray(parts.sum(axis=1, keepdims=True))
    return np.asarray(np.add.accumulate(parts, axis=1)[:, -1:])


def _log_sum(logs: FloatArray) -> FloatArray:
    """Return the log of the sum of exponentials, of one component or two.

    To the last digit what `scipy.special.logsumexp` says, which took two fifths of a run's
    segments to see to what cannot occur here: weights, complex numbers, infinite densities.
    """
    if len(logs) == 1:
        return np.asarray(logs[0])
    greater, less = np.maximum(*logs), np.minimum(*logs)
    total: FloatArray = np.log1p(np.exp(less - greater)) + greater
    return total
