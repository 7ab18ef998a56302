r"""BG/NBD and MBG/NBD: customers buy at random and may stop after any purchase.

While alive a customer buys as a Poisson process of rate :math:`\lambda \sim \Gamma(r, \alpha)`;
after each repeat purchase (MBG/NBD: also after the first one) they stop with probability
:math:`p \sim B(a, b)`.

References
----------
.. [1] Fader, Hardie, Lee (2005), "Counting Your Customers" the Easy Way: An Alternative to the
   Pareto/NBD Model, Marketing Science 24(2). https://doi.org/10.1287/mksc.1040.0098
.. [2] Batislam, Denizel, Filiztekin (2007), Empirical validation and comparison of models for
   customer base analysis, IJRM 24(3). https://doi.org/10.1016/j.ijresmar.2006.12.005
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, expit, gammaln

from backend.core.arrays import FloatArray
from backend.forecast.learn.lifetime.likelihood import ByFrequency, maximise
from backend.forecast.learn.lifetime.summary import Cells

PRIOR = (0.7, 5.0, 0.8, 2.5)
START = (0.5, 5.0, 0.8, 2.5)
# Counts beyond this many in a horizon are taken as this many: their sum is below rounding.
MOST_PURCHASES = 3000


@dataclass(frozen=True, slots=True)
class BetaGeometric:
    """A fitted BG/NBD or, with `modified`, MBG/NBD model.

    Attributes
    ----------
    r, alpha
        Shape and rate of the purchase rate; `alpha` in the unit of time of the data.
    a, b
        Parameters of the probability of stopping after a purchase.
    modified
        Whether customers may stop after their first purchase already (MBG/NBD).
    """

    r: float
    alpha: float
    a: float
    b: float
    modified: bool

    def probability_alive(self, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:  # noqa: N803
        """Return P(alive at T), in [0, 1]; shapes (customers,).

        The plain BG/NBD gives 1 to every one-time buyer: this is no churn risk.
        """
        shape = self.r + x
        past = self.b + x + self.modified - 1
        odds = shape * np.log((self.alpha + T) / (self.alpha + t_x))
        odds += _log_or_never(self.a / np.maximum(past, 1e-12), x + self.modified >= 1)
        return np.asarray(expit(-odds))

    def expect(
        self,
        x: FloatArray,
        t_x: FloatArray,
        T: FloatArray,  # noqa: N803
        horizon: float,
    ) -> tuple[FloatArray, FloatArray]:
        r"""Return expected purchases in the horizon and the probability of none.

        Given that the customer is alive, ignoring that they may stop, purchases in the horizon
        are negative binomial; the n-th of them takes place when they would have bought n times
        and stopped after none of the first n - 1:

        .. math:: P(N \ge n) = P(alive)\, E[(1-p)^{n-1}]\, P(NB \ge n)

        so the sums need neither hypergeometric functions nor their cancelling differences.

        Returns
        -------
        expected
            Shape (customers,), at least 0.
        none
            Shape (customers,), in [0, 1].
        """
        alive = self.probability_alive(x, t_x, T)
        shape = self.r + x
        miss = (self.alpha + T) / (self.alpha + T + horizon)
        log_hit = np.log1p(-miss)
        c = self.b + x + self.modified
        expected = np.zeros(len(x))
        survived = np.ones(len(x))
        log_pmf = shape * np.log(miss)
        tail = -np.expm1(log_pmf)
        none = 1 - alive * tail
        rows = np.arange(len(x))
        for n in range(1, MOST_PURCHASES + 1):
            term = survived[rows] * tail[rows]
            expected[rows] += term
            rows = rows[term > 1e-8 * (1 + expected[rows])]
            if not len(rows):
                break
            survived[rows] *= (c[rows] + n - 1) / (self.a + c[rows] + n - 1)
            log_pmf[rows] += np.log((shape[rows] + n - 1) / n) + log_hit[rows]
            tail[rows] -= np.exp(log_pmf[rows])
        return alive * expected, none


def fit_beta_geometric(
    cells: Cells, *, modified: bool, ridge: float = 0.0, scale: float | None = None
) -> BetaGeometric:
    """Fit BG/NBD, or MBG/NBD with `modified`, to customers grouped in cells.

    Parameters
    ----------
    cells
        Statistics in any one unit of time.
    modified
        Whether customers may stop after their first purchase already.
    ridge
        Total weight of the pull of the log parameters towards those of a common shop; 0 for
        plain maximum likelihood.
    scale
        Unit of time of the prior; a tenth of the median age of the customers when None.
    """
    unit = scale or time_unit(cells)
    likelihood = _Likelihood(cells, unit, modified)
    r, alpha, a, b = maximise(likelihood, START, PRIOR, ridge / likelihood.customers)
    return BetaGeometric(float(r), float(alpha * unit), float(a), float(b), modified)


def time_unit(cells: Cells) -> float:
    """A tenth of the median age of the customers: makes the parameters comparable over shops."""
    order = np.argsort(cells.T, kind="stable")
    half = np.searchsorted(np.cumsum(cells.count[order]), cells.count.sum() / 2)
    return max(float(cells.T[order][half]), 1e-9) / 10


def _log_or_never(odds: FloatArray, possible: NDArray[np.bool_]) -> FloatArray:
    """Log odds of having stopped; minus infinity where there was no occasion to."""
    return np.where(possible, np.log(odds), -np.inf)


class _Likelihood:
    """Mean log likelihood per customer with its gradient; formulas (3) of [1]_ and (5) of [2]_."""

    def __init__(self, cells: Cells, unit: float, modified: bool) -> None:
        self.x, self.t_x, self.T = cells.x, cells.t_x / unit, cells.T / unit
        self.customers = float(cells.count.sum())
        self.weight = cells.count / self.customers
        self.modified = int(modified)
        self.can_stop = cells.x + self.modified >= 1
        self.of_x = ByFrequency(cells.x)

    def __call__(self, logs: FloatArray) -> tuple[float, FloatArray]:
        r, alpha, a, b = np.exp(logs)
        z = self.modified
        at_end, at_last = np.log(alpha + self.T), np.log(alpha + self.t_x)
        past = np.where(self.can_stop, self.of_x(np.copy, b + z - 1), 1.0)
        odds = (r + self.x) * (at_end - at_last) + _log_or_never(a / past, self.can_stop)
        value = (
            self.of_x(gammaln, r)
            + self.of_x(gammaln, b + z)
            - self.of_x(gammaln, a + b + z)
            - (r + self.x) * at_end
            + np.logaddexp(0, odds)
        )
        common = r * np.log(alpha) - gammaln(r) + gammaln(a + b) - gammaln(b)
        dead = expit(odds)
        both = self.of_x(digamma, a + b + z)
        shape = self.of_x(digamma, r) - at_end + dead * (at_end - at_last)
        rate = (r + self.x) * ((1 - dead) / (alpha + self.T) + dead / (alpha + self.t_x))
        gradient = [
            r * (np.log(alpha) - digamma(r) + self.weight @ shape),
            r - alpha * (self.weight @ rate),
            a * (digamma(a + b) + self.weight @ (dead / a - both)),
            b * (digamma(a + b) - digamma(b))
            + b * (self.weight @ (self.of_x(digamma, b + z) - both - dead / past)),
        ]
        return float(self.weight @ value + common), np.array(gradient)
