r"""What will come, with an 80 % interval, and when the next order will.

Purchases are a hurdle: none with the forecast's probability, else one plus a negative binomial
count; spend is none or log-normal. Both have the forecast's means, and their spread is fitted to
the trials on the shop's own past. How far an interval must then reach is read off the same trials
(split conformal prediction, Mondrian by the size of the prediction), replayed at other levels; see
`forecast/learn/spread.py`.

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

from collections.abc import Sequence
from dataclasses import dataclass, fields
from statistics import NormalDist
from typing import Annotated

import numpy as np

from backend.core.arrays import FloatArray, JsonNumbers, StoredFloats
from backend.forecast.negative_binomial import cumulative, quantile
from backend.forecast.prediction import Prediction

COVERAGE = 0.8
ZERO_IS_LIKELY = (1 - COVERAGE) / 2
_inverse_normal = np.frompyfunc(NormalDist().inv_cdf, 1, 1)


@dataclass(frozen=True, slots=True)
class Intervals:
    """80 % intervals of purchase days and spend, arrays of shape (buyers,)."""

    purchase_days_low: FloatArray
    purchase_days_high: FloatArray
    spend_low: FloatArray
    spend_high: FloatArray

    @classmethod
    def joined(cls, parts: Sequence[Intervals]) -> Intervals:
        """Put those of different buyers together, in their order."""
        names = [one.name for one in fields(cls)]
        return cls(**{name: np.concatenate([getattr(p, name) for p in parts]) for name in names})


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
        above = np.where(share > none, 1 + quantile(inside, self.shape, chance), 0.0)
        nearer_below = self.middle(above, mean, none) >= share
        return np.asarray(above - nearer_below)

    def _cumulative(self, count: FloatArray, mean: FloatArray, none: FloatArray) -> FloatArray:
        chance = self._success(mean, none)
        some = cumulative(count - 1, self.shape, chance)
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

    def quantile(
        self, share: FloatArray, mean: FloatArray, none: FloatArray, purchases: FloatArray
    ) -> FloatArray:
        """Return the spend that is not exceeded with probability `share`."""
        centre, spread = self.logs(mean, none, purchases)
        inside = np.clip((share - none) / (1 - none), 1e-9, 1 - 1e-9)
        spent, some = np.zeros(len(share)), share > none
        spent[some] = np.exp(centre[some] + spread[some] * normal_quantile(inside[some]))
        return spent

    def logs(
        self, mean: FloatArray, none: FloatArray, purchases: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Mean and standard deviation of the log of spend, given that there is some."""
        given = np.maximum(purchases / (1 - none), 1.0)
        variance = np.log1p(self.between + self.within / given)
        return np.log(mean / (1 - none)) - variance / 2, np.sqrt(variance)


@dataclass(frozen=True, eq=False, slots=True)
class Reach:
    """How much of the model's distribution an interval holds, by size of the prediction.

    Attributes
    ----------
    share
        Shape (groups,), in (0, 1): from the smallest predictions to the largest.
    edges
        Shape (groups - 1,), ascending, where each group but the first begins; infinite where the
        shop has too few buyers for it.
    """

    share: StoredFloats
    edges: Annotated[FloatArray, JsonNumbers(null=np.inf)]

    @classmethod
    def over(cls, share: FloatArray, predictions: FloatArray) -> Reach:
        """Put as many of the shop's buyers in each group, those whom it expects the same of in one.

        Parameters
        ----------
        share
            Of each group.
        predictions
            Shape (buyers,), of the whole shop.
        """
        count, groups = len(predictions), len(share)
        group = (np.arange(count) / max(count, 1) * groups).astype(int)
        first = np.searchsorted(group, np.arange(1, groups))
        return cls(share, np.append(np.sort(predictions), np.inf)[first])

    def of(self, prediction: FloatArray) -> FloatArray:
        """Return the share for predictions of a size."""
        return np.asarray(self.share[np.searchsorted(self.edges, prediction, side="right")])


def limits(share: FloatArray, none: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the shares at which an interval starts and ends; see the module's rule (2)."""
    one_sided = none > ZERO_IS_LIKELY
    return np.where(one_sided, 0.0, (1 - share) / 2), np.where(one_sided, share, (1 + share) / 2)


@dataclass(frozen=True, slots=True)
class IntervalModel:
    """How far outcomes lie from predictions.

    Attributes
    ----------
    counts, spend
        Distributions around the forecast's means.
    count_reach, spend_reach
        How much of them an interval holds.
    """

    counts: CountSpread
    spend: SpendSpread
    count_reach: Reach
    spend_reach: Reach

    def intervals(self, prediction: Prediction) -> Intervals:
        """Return the interval of every buyer."""
        return Intervals.joined([self._intervals(part) for part in prediction.parts()])

    def _intervals(self, prediction: Prediction) -> Intervals:
        mean, money, none = prediction.purchase_days, prediction.spend, prediction.none
        low, high = limits(self.count_reach.of(mean), none)
        poor, rich = limits(self.spend_reach.of(money), none)
        first, last = self.counts.interval(low, high, mean, none)
        return Intervals(
            purchase_days_low=first,
            purchase_days_high=last,
            spend_low=self.spend.quantile(poor, money, none, mean),
            spend_high=self.spend.quantile(rich, money, none, mean),
        )


def normal_quantile(share: FloatArray) -> FloatArray:
    """Return the standard normal's quantiles of shares in (0, 1)."""
    return np.asarray(_inverse_normal(share), dtype=float)
