"""By how much the treated differ from those held out, and how sure that is.

Both arms are compared stratum by stratum, and a stratum weighs as many customers as it has: what
strata differ by is in neither the difference nor its variance. That of everybody together would
make intervals too wide, as the draw leaves no chance in it (a test at 5 % that rejects 2 %). With
one stratum all of this is the ordinary comparison of two samples.

References
----------
.. [1] Newcombe (1998), Interval estimation for the difference between independent proportions:
   comparison of eleven methods. Statistics in Medicine 17, method 10, from intervals of Wilson
   (1927), Probable inference, the law of succession, and statistical inference. JASA 22.
.. [2] Welch (1947), The generalization of "Student's" problem when several different population
   variances are involved. Biometrika 34; with the freedom of Satterthwaite (1946), An approximate
   distribution of estimates of variance components. Biometrics Bulletin 2.
.. [3] Deng, Xu, Kohavi, Walker (2013), Improving the sensitivity of online controlled experiments
   by utilizing pre-experiment data (CUPED). WSDM.
.. [4] Cochran (1977), Sampling Techniques, 3rd edition, sections 5.3 and 5.4.
.. [5] Franco, Little, Louis, Slud (2019), Comparative study of confidence intervals for proportions
   in complex sample surveys. J. Survey Statistics and Methodology 7(3).
.. [6] Hall (1992), On the removal of skewness by transformation. J. Royal Statistical Society B 54.
.. [7] Zhou, Dinh (2005), Nonparametric confidence intervals for the one- and two-sample problems.
   Biostatistics 6: of two samples of skewed costs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, t

from backend.campaigns.arm_sums import ArmSums, Moments, mean_of
from backend.campaigns.skewness import skewed
from backend.core.arrays import FloatArray

COVERAGE = 0.95


@dataclass(frozen=True, slots=True)
class Difference:
    """The treated's mean less the others', and its interval; arrays of shape (...,)."""

    value: FloatArray
    low: FloatArray
    high: FloatArray


def buyers_difference(
    treated: ArmSums, held_out: ArmSums, coverage: float = COVERAGE
) -> Difference:
    """Return the difference between the shares who bought, with Newcombe's interval [1]_.

    Wilson's, which it is made of, take as many customers as would have this variance without
    strata: the effective sample size of surveys [5]_.

    Parameters
    ----------
    treated, held_out
        The arms, of the same strata, with two customers or more in each.
    coverage
        In how many of all campaigns the interval is to hold the truth, in (0, 1).
    """
    weights = weights_of(treated, held_out)
    ours, theirs = (_Mean.of(arm.buying, weights) for arm in (treated, held_out))
    low, high = _wilson(ours, coverage)
    low_without, high_without = _wilson(theirs, coverage)
    value = ours.value - theirs.value
    return Difference(
        value,
        value - np.hypot(ours.value - low, high_without - theirs.value),
        value + np.hypot(high - ours.value, theirs.value - low_without),
    )


def spend_difference(treated: ArmSums, held_out: ArmSums, coverage: float = COVERAGE) -> Difference:
    """Return the difference between mean spends, currency units.

    Its interval is Welch's [2]_, with the skewness of spend taken out by Hall's transformation
    [6]_, [7]_: of a small arm beside a large one, Welch's alone finds effects that are none up to
    three times as often as it says. Between arms of one size the two are the same.

    Parameters
    ----------
    treated, held_out, coverage
        As above.
    """
    nothing = np.zeros(treated.customers.shape[:-1])
    return _left(treated, held_out, nothing, coverage)


def adjusted_difference(
    treated: ArmSums, held_out: ArmSums, coverage: float = COVERAGE
) -> Difference:
    """Return the difference between what the forecast leaves of spends [3]_, as above."""
    return _left(treated, held_out, slope_of(treated, held_out), coverage)


def slope_of(treated: ArmSums, held_out: ArmSums) -> FloatArray:
    """Return by how much spend differs within strata where the forecast differs by one.

    Of both arms together, as CUPED has it [3]_; 0 where all forecasts are the same.
    """
    squares = np.sum((treated + held_out).squares, axis=-3)
    return mean_of(squares[..., 0, 1], squares[..., 1, 1])


def weights_of(treated: ArmSums, held_out: ArmSums) -> FloatArray:
    """Return the share of both arms' customers that each stratum has, shape (..., strata)."""
    both = treated.customers + held_out.customers
    shares: FloatArray = both / np.sum(both, axis=-1, keepdims=True)
    return shares


@dataclass(frozen=True, slots=True)
class _Mean:
    """A mean over strata and how far it may be off by chance, shape (...,).

    Attributes
    ----------
    value, variance
        The mean, and the variance of it.
    apart
        Sum of squared variances over their degrees of freedom: gives Satterthwaite's.
    customers
        How many there are.
    """

    value: FloatArray
    variance: FloatArray
    apart: FloatArray
    customers: FloatArray

    @classmethod
    def of(cls, moments: Moments, weights: FloatArray) -> _Mean:
        """Weigh strata [4]_."""
        freedom = moments.customers - 1
        parts = weights**2 * mean_of(mean_of(moments.squares, freedom), moments.customers)
        return cls(
            np.sum(weights * moments.mean, axis=-1),
            np.sum(parts, axis=-1),
            np.sum(mean_of(parts**2, freedom), axis=-1),
            np.sum(moments.customers, axis=-1),
        )


def _left(treated: ArmSums, held_out: ArmSums, slope: FloatArray, coverage: float) -> Difference:
    weights = weights_of(treated, held_out)
    moments = treated.left_by(slope), held_out.left_by(slope)
    ours, theirs = (_Mean.of(one, weights) for one in moments)
    value, variance = ours.value - theirs.value, ours.variance + theirs.variance
    freedom = mean_of(variance**2, ours.apart + theirs.apart)
    end: FloatArray = np.asarray(t.ppf((1 + coverage) / 2, np.maximum(freedom, 1.0)))
    skewness, spread = _skewness(*moments, weights), np.sqrt(variance)
    return Difference(
        value,
        value - spread * skewed(end, skewness),
        value - spread * skewed(-end, skewness),
    )


def _skewness(treated: Moments, held_out: Moments, weights: FloatArray) -> FloatArray:
    """Return the skewness of the difference, as it is where both arms are alike.

    From the deviations in both arms together: the few large amounts that make it are seldom in the
    small arm, and when they are not, that arm alone would tell of none.
    """
    n, m = treated.customers, held_out.customers
    freedom = n + m - 2
    square = mean_of(treated.squares + held_out.squares, freedom)
    cube = mean_of(treated.cubes + held_out.cubes, freedom)
    apart = mean_of(np.ones_like(n), n), -mean_of(np.ones_like(m), m)
    third = np.sum(weights**3 * cube * (apart[0] ** 2 - apart[1] ** 2), axis=-1)
    second = np.sum(weights**2 * square * (apart[0] - apart[1]), axis=-1)
    return mean_of(third, second**1.5)


def _wilson(share: _Mean, coverage: float) -> tuple[FloatArray, FloatArray]:
    """Return the ends of Wilson's interval for a share."""
    p, customers = share.value, _effective_customers(share)
    z = norm.ppf((1 + coverage) / 2)
    centre = p + z**2 / (2 * customers)
    reach = z * np.sqrt((p * (1 - p) + z**2 / (4 * customers)) / customers)
    scale = 1 + z**2 / customers
    return np.maximum((centre - reach) / scale, 0.0), np.minimum((centre + reach) / scale, 1.0)


def _effective_customers(share: _Mean) -> FloatArray:
    """Return how many customers would have this variance of a share without strata.

    As many as there are where nobody bought or everybody did.
    """
    without = mean_of(share.value * (1 - share.value), share.customers - 1)
    known = (without > 0) & (share.variance > 0)
    gain = np.divide(without, share.variance, out=np.ones(known.shape), where=known)
    effective: FloatArray = share.customers * gain
    return effective
