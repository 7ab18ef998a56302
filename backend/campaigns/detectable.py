"""What a campaign of a certain size can show: said before it starts, so that nobody is fooled.

Normal theory with a test of two sides at 5 %. An effect is taken to come from more customers who
buy, each spending as buyers do: then sums and sums of squares both grow by the same share. Where
it came from larger orders alone, it would have to be a little larger.

References
----------
.. [1] Chow, Shao, Wang, Lokhnygina (2017), Sample Size Calculations in Clinical Research, 3rd
   edition, chapters 3 and 4.
.. [2] Deng, Xu, Kohavi, Walker (2013), Improving the sensitivity of online controlled experiments
   by utilizing pre-experiment data (CUPED). WSDM.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, sqrt
from statistics import NormalDist

import numpy as np

from backend.campaigns.arm_sums import WindowOutcomes, mean_of
from backend.campaigns.limited_spend import limited, spend_limit
from backend.campaigns.strata import strata_of
from backend.core.arrays import FloatArray, IntArray
from backend.results.campaign import ArmSizes, Detectable, Goal, TooSmall

LEVEL, POWER = 0.05, 0.80
Z = NormalDist().inv_cdf(1 - LEVEL / 2) + NormalDist().inv_cdf(POWER)
WANTED_GROWTH = 0.05
# Below it a test at 5 % was seen to err more often than that: docs/campaigns.md.
LEAST_BUYERS = 20
# What only more than doubling would show is left to luck.
LARGEST_GROWTH = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierWindow:
    """Customers like the audience, in a window of the campaign's length that is over.

    They stand for the audience, and so they are to be who the audience is *as of that window's
    start*: who is chosen by what they did in it (the lapsed, say) would tell of that instead.
    `look_alikes` finds some.

    Attributes
    ----------
    outcomes
        What they did; `forecast` as of the window's start.
    segments
        Of each, as of the window's start; None of who was in none, or where it is not known.
    forecast_known
        Whether `forecast` is one that was made as of then.
    """

    outcomes: WindowOutcomes
    segments: Sequence[str | None]
    forecast_known: bool


def look_alikes(forecast: FloatArray, earlier_forecast: FloatArray) -> IntArray:
    """Return for each customer one whose forecast then was as theirs is now.

    Parameters
    ----------
    forecast
        The audience's, shape (customers,), currency units within the window.
    earlier_forecast
        Of the shop's customers as of an earlier window's start, shape (others,), not empty.

    Returns
    -------
    IntArray
        Shape (customers,): positions among the others; who have the same forecast take turns.
    """
    order = np.argsort(earlier_forecast, kind="stable")
    ranked = earlier_forecast[order]
    first = np.searchsorted(ranked, forecast, side="left")
    alike = np.searchsorted(ranked, forecast, side="right") - first
    turn = np.arange(len(forecast)) % np.maximum(alike, 1)
    chosen: IntArray = order[np.minimum(first + turn, len(order) - 1)]
    return chosen


def detectable(earlier: EarlierWindow, *, audience: int, share: float) -> Detectable:
    """Return what a campaign would show with 80 % power at 5 % [1]_, [2]_.

    Parameters
    ----------
    earlier
        Customers like the audience; at least one.
    audience
        Customers whom the campaign is to be drawn from.
    share
        Of them that are held out, in (0, 1).
    """
    held_out = round(audience * share)
    sizes = ArmSizes(treated=audience - held_out, held_out=held_out)
    limit = spend_limit(earlier.outcomes.spend)
    outcomes = replace(earlier.outcomes, spend=limited(earlier.outcomes.spend, limit))
    strata = strata_of(earlier.segments, outcomes.forecast, share)
    buying = _Usual.of(outcomes.bought.astype(np.float64), strata)
    spending = _Usual.of(outcomes.spend, strata)
    adjusted = spending.left_by(outcomes, strata) if earlier.forecast_known else None
    return Detectable(
        audience=sizes,
        usual_buying_share=buying.mean,
        usual_spend=spending.mean,
        spend_limit=limit,
        smallest_buyers_effect=_possible(buying.smallest_effect(sizes), 1 - buying.mean),
        smallest_spend_effect=spending.smallest_effect(sizes),
        smallest_adjusted_spend_effect=adjusted.smallest_effect(sizes) if adjusted else None,
        customers_for_buyers=buying.customers_wanted(share),
        customers_for_spend=spending.customers_wanted(share),
        customers_for_adjusted_spend=adjusted.customers_wanted(share) if adjusted else None,
    )


def below_sense(seen: Detectable, goal: Goal) -> TooSmall | None:
    """Return why a campaign is not worth starting; None where it is."""
    if seen.usual_buying_share * min(seen.audience.treated, seen.audience.held_out) < LEAST_BUYERS:
        return TooSmall.FEW_BUYERS
    if goal is Goal.BUYERS:
        usual, effect = seen.usual_buying_share, seen.smallest_buyers_effect
    else:
        usual, effect = seen.usual_spend, _least(seen)
    if effect is None or effect > LARGEST_GROWTH * usual:
        return TooSmall.ONLY_DOUBLING
    return None


def _least(seen: Detectable) -> float | None:
    adjusted = seen.smallest_adjusted_spend_effect
    return seen.smallest_spend_effect if adjusted is None else adjusted


def _possible(effect: float | None, most: float) -> float | None:
    return None if effect is None or effect > most else effect


@dataclass(frozen=True, slots=True)
class _Usual:
    """What one customer's buying or spending is like, without a campaign.

    Attributes
    ----------
    mean, square
        Of a customer's, and of its square.
    squared_means
        Mean of the squares of the strata's means.
    unexplained
        Variance that strata, and the forecast where it is used, leave.
    """

    mean: float
    square: float
    squared_means: float
    unexplained: float

    @classmethod
    def of(cls, values: FloatArray, strata: IntArray) -> _Usual:
        means = _means(values, strata)
        left = values - means
        return cls(
            float(np.mean(values)),
            float(np.mean(values**2)),
            float(np.mean(means**2)),
            float(np.mean(left**2)),
        )

    def left_by(self, outcomes: WindowOutcomes, strata: IntArray) -> _Usual:
        """Return it with what the forecast explains taken out [2]_."""
        expected = outcomes.forecast - _means(outcomes.forecast, strata)
        known = float(np.mean(expected**2))
        shared = float(np.mean(expected * outcomes.spend))
        return replace(
            self, unexplained=self.unexplained - (shared**2 / known if known > 0 else 0.0)
        )

    def added_variance(self, growth: float) -> float:
        """Return by how much the treated vary more where more of them buy."""
        return self.square * growth - self.squared_means * ((1 + growth) ** 2 - 1)

    def smallest_effect(self, sizes: ArmSizes) -> float | None:
        """Return the growth times the mean that is Z standard errors: a quadratic equation.

        With growth g, mean m, mean square q, squared means s, unexplained variance v, treated t:
        (g m)² = Z² (v (1/t + 1/h) + (q g - s (2 g + g²)) / t).
        """
        if not self.mean > 0 or not min(sizes.treated, sizes.held_out):
            return None
        per = Z**2 / sizes.treated
        a = self.mean**2 + per * self.squared_means
        b = per * (2 * self.squared_means - self.square)
        c = -(Z**2) * self.unexplained * (1 / sizes.treated + 1 / sizes.held_out)
        return self.mean * (sqrt(b**2 - 4 * a * c) - b) / (2 * a)

    def customers_wanted(self, share: float) -> int | None:
        """Return how many customers of both arms would show 5 % more; None where none is."""
        if not self.mean > 0:
            return None
        treated = self.unexplained + self.added_variance(WANTED_GROWTH)
        variance = treated / (1 - share) + self.unexplained / share
        return ceil(variance * (Z / (WANTED_GROWTH * self.mean)) ** 2)


def _means(values: FloatArray, strata: IntArray) -> FloatArray:
    """Return each customer's stratum's mean, shape (customers,)."""
    sizes = np.bincount(strata).astype(np.float64)
    return mean_of(np.bincount(strata, values).astype(np.float64), sizes)[strata]
