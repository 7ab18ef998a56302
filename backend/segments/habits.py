"""Habits that some repeat customers have and others have not, as a run has learnt them.

Each is told by one number per customer, with a known error: a customer with three orders, two of
them on a weekend, need not be a weekend shopper.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.behaviour.history import day_number
from backend.core.arrays import FloatArray, StoredFloats
from backend.segments.vocabulary import TRAITS, Trait

ORDER: tuple[Trait, ...] = tuple(TRAITS)
HOLIDAYS = np.timedelta64(52, "D")  # before the new year: from 10 November on
LEAST_POSTERIOR, KEPT_POSTERIOR = 0.8, 0.6


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
        logs = log_density(value[known], error[known], self.share, self.mean, self.variance)
        wrong_side = self.side * (value[known] - self.mean[0]) < 0
        logs[wrong_side, 1] = -np.inf
        chance = np.zeros(len(value))
        chance[known] = np.exp(logs[:, 1] - np.logaddexp(logs[:, 0], logs[:, 1]))
        return chance


def log_density(
    value: FloatArray, error: FloatArray, share: FloatArray, mean: FloatArray, variance: FloatArray
) -> FloatArray:
    """Return the log density of each number in each component, shape (n, components)."""
    spread = variance + error[:, None]
    logs: FloatArray = (
        np.log(share) - 0.5 * np.log(2 * np.pi * spread) - (value[:, None] - mean) ** 2 / spread / 2
    )
    return logs


def posteriors(traits: dict[Trait, Mixture], evidence: Evidence) -> FloatArray:
    """Return the chance of each habit, shape (n, traits); 0 for those that do not exist here."""
    chances = np.zeros(evidence.value.shape)
    for trait, mixture in traits.items():
        place = ORDER.index(trait)
        chances[:, place] = mixture.posterior(evidence.value[:, place], evidence.variance[:, place])
    return chances


def is_weekend(created_at: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    """Whether each instant is on a Saturday or Sunday, UTC."""
    weekend: NDArray[np.bool_] = (day_number(created_at) + 3) % 7 >= 5  # 1970-01-01: a Thursday
    return weekend


def is_holiday(created_at: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    """Whether each instant is from 10 November to the year's end, UTC."""
    next_year = (created_at.astype("datetime64[Y]") + 1).astype("datetime64[D]")
    late: NDArray[np.bool_] = next_year - created_at.astype("datetime64[D]") <= HOLIDAYS
    return late
