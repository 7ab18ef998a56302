"""What customers do anyway, and how large an effect has to be to be seen beside it.

Normal theory with a test of two sides at 5 %, and the skewness that intervals allow for. More
buyers are taken to be a share of those who would not have bought, the same in every stratum; more
spend to be further orders, each as customers of that stratum make them.

References
----------
.. [1] Chow, Shao, Wang, Lokhnygina (2017), Sample Size Calculations in Clinical Research, 3rd
   edition, chapters 3 and 4.
.. [2] Cornish, Fisher (1938), Moments and cumulants in the specification of distributions. Revue de
   l'Institut International de Statistique 5.
.. [3] Deng, Xu, Kohavi, Walker (2013), Improving the sensitivity of online controlled experiments
   by utilizing pre-experiment data (CUPED). WSDM.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, sqrt
from statistics import NormalDist

import numpy as np

from backend.campaigns.arm_sums import WindowOutcomes, mean_of
from backend.campaigns.skewness import skewed
from backend.core.arrays import BoolArray, FloatArray, IntArray
from backend.results.campaign import ArmSizes

LEVEL, POWER = 0.05, 0.80
Z_LEVEL, Z_POWER = NormalDist().inv_cdf(1 - LEVEL / 2), NormalDist().inv_cdf(POWER)
WANTED_GROWTH = 0.05
# Of skewness and number of customers in turn: the number moves by less than one in the last.
ROUNDS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class UsualOutcome:
    """What one customer's buying or spending is like, and how an effect changes it.

    An effect is some growth times `unit`, and adds growth * `linear` - growth² * `square` to the
    variance of the treated.

    Attributes
    ----------
    mean
        Of a customer's, without a campaign.
    unit, linear, square
        See above.
    unexplained, cube
        Variance that strata, and the forecast where it is used, leave; and third moment.
    """

    mean: float
    unit: float
    linear: float
    square: float
    unexplained: float
    cube: float

    @classmethod
    def buying(cls, bought: BoolArray, strata: IntArray) -> UsualOutcome:
        """Return it where the growth is the share of the others who buy after all."""
        amounts = bought.astype(np.float64)
        means = _means(amounts, strata)
        others, squared = float(1 - np.mean(amounts)), float(np.mean((1 - means) ** 2))
        return cls(
            mean=1 - others,
            unit=others,
            linear=2 * squared - others,
            square=squared,
            unexplained=others - squared,
            cube=float(np.mean((amounts - means) ** 3)),
        )

    @classmethod
    def spending(cls, spend: FloatArray, strata: IntArray) -> UsualOutcome:
        """Return it where the growth is of the number of orders."""
        means = _means(spend, strata)
        mean, square, squared = (float(np.mean(one)) for one in (spend, spend**2, means**2))
        return cls(
            mean=mean,
            unit=mean,
            linear=square,
            square=squared,
            unexplained=square - squared,
            cube=float(np.mean((spend - means) ** 3)),
        )

    def left_by(self, outcomes: WindowOutcomes, strata: IntArray) -> UsualOutcome:
        """Return it with what the forecast explains taken out [3]_."""
        spend, forecast = (one - _means(one, strata) for one in (outcomes.spend, outcomes.forecast))
        known = float(np.mean(forecast**2))
        slope = float(np.mean(spend * forecast)) / known if known > 0 else 0.0
        left = spend - slope * forecast
        return replace(self, unexplained=float(np.mean(left**2)), cube=float(np.mean(left**3)))

    def smallest_effect(self, sizes: ArmSizes) -> float | None:
        """Return the effect that is as many standard errors as it takes: a quadratic equation [1]_.

        With growth g, (g unit)² = errors² (unexplained (1/treated + 1/held_out) + (linear g -
        square g²) / treated).
        """
        if not self.mean > 0 or not self.unit > 0 or not min(sizes.treated, sizes.held_out):
            return None
        squared = self._errors(sizes.treated, sizes.held_out) ** 2
        per = squared / sizes.treated
        a, b = self.unit**2 + per * self.square, per * self.linear
        c = squared * self.unexplained * (1 / sizes.treated + 1 / sizes.held_out)
        return self.unit * (sqrt(b**2 + 4 * a * c) + b) / (2 * a)

    def customers_wanted(self, share: float) -> int | None:
        """Return how many customers of both arms would show 5 % more.

        None where there is none, or where no more than all can buy.
        """
        effect = WANTED_GROWTH * self.mean
        if not 0 < effect <= self.unit:
            return None
        growth = effect / self.unit
        treated = self.unexplained + self.linear * growth - self.square * growth**2
        variance = treated / (1 - share) + self.unexplained / share
        errors, customers = Z_LEVEL + Z_POWER, 0.0
        for _ in range(ROUNDS):
            customers = variance * (errors / effect) ** 2
            errors = self._errors(customers * (1 - share), customers * share)
        return ceil(customers)

    def _errors(self, treated: float, held_out: float) -> float:
        """Return how many standard errors an effect has to be, to first order in the skewness.

        As many as the interval reaches down, and as many more as the difference falls short of the
        effect in one of five campaigns [2]_. Both are more where a small arm is skewed: what it has
        of large amounts by chance makes the difference small and its standard error large at once.
        """
        if not self.unexplained > 0:
            return Z_LEVEL + Z_POWER
        variance = self.unexplained * (1 / treated + 1 / held_out)
        skewness = self.cube * (1 / treated**2 - 1 / held_out**2) / (variance * sqrt(variance))
        down = float(skewed(Z_LEVEL, skewness))
        short = Z_POWER - skewness * (Z_POWER**2 - 1) / 6
        return down + short * (1 - skewness * down / 2)


def _means(values: FloatArray, strata: IntArray) -> FloatArray:
    """Return each customer's stratum's mean, shape (customers,)."""
    sizes = np.bincount(strata).astype(np.float64)
    return mean_of(np.bincount(strata, values).astype(np.float64), sizes)[strata]
