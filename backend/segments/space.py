"""The space that segments live in: how likely a customer is to return, and what they are worth.

Both axes are learnt from what the shop's own customers did next (`learn.fit_space`).
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from backend.core.arrays import FloatArray, JsonNumbers, StoredFloats
from backend.segments.buyers import Behaviour
from backend.segments.vocabulary import Branch

# How far apart two customers are who differ by one spread of value; borders run along one axis at
# a time, so this only weighs distances from them.
VALUE_WEIGHT = 0.30
# Activity 0 is at this quantile of recency, unless the chance is still above this share there.
LONGEST_QUIET, HIGHEST_FLOOR = 0.95, 0.6
HIGHEST_ACTIVITY = 1.25


@dataclass(frozen=True, slots=True)
class ReturnCurve:
    """Chance of returning by log recency: 1 as the freshest quarter's, 0 as the longest quiet's."""

    grid: StoredFloats
    values: StoredFloats

    def __call__(self, recency_days: FloatArray) -> FloatArray:
        """Return the activity of customers, about 1 for the freshest, falling to 0."""
        return np.interp(np.log1p(recency_days), self.grid, self.values)

    def above_floor(self, recency_days: FloatArray) -> "ReturnCurve":
        """Stretch the curve so that those who have been quiet longest stand at 0.

        Where the chance hardly falls, it is not stretched further than from `HIGHEST_FLOOR`.
        """
        if not len(recency_days):
            return self
        longest = np.quantile(recency_days, LONGEST_QUIET)
        floor = min(float(self(np.array([longest]))[0]), HIGHEST_FLOOR)
        stretched = (self.values - floor) / (1 - floor)
        return ReturnCurve(self.grid, np.clip(stretched, 0, HIGHEST_ACTIVITY))


@dataclass(frozen=True, slots=True)
class Space:
    """Coordinates of customers: activity, and for repeat customers weighted value.

    Attributes
    ----------
    curves
        One per branch.
    frequency_weight
        Share of the logarithm of order days in the value score; the rest is the order value's.
    centre, spread
        Of the value score among repeat customers.
    limit
        Values beyond it, in spreads, count as it; infinite under plain scaling.
    """

    curves: dict[Branch, ReturnCurve]
    frequency_weight: float
    centre: float
    spread: Annotated[float, JsonNumbers(null=np.inf)]
    limit: Annotated[float, JsonNumbers(null=np.inf)]

    def coordinates(self, behaviour: Behaviour, branch: Branch) -> FloatArray:
        """Return shape (n, 1) for one-time buyers, (n, 2) for repeat customers."""
        activity = self.curves[branch](behaviour.recency_days)
        if branch == "one_time":
            return activity[:, None]
        value = (value_score(behaviour, self.frequency_weight) - self.centre) / self.spread
        clipped = np.clip(value, -self.limit, self.limit)
        return np.column_stack([activity, VALUE_WEIGHT * clipped])


def value_score(behaviour: Behaviour, frequency_weight: float) -> FloatArray:
    """Mix how often with how much, both in logs."""
    often = np.log(behaviour.order_days)
    return frequency_weight * often + (1 - frequency_weight) * behaviour.mean_log_value
