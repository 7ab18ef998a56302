r"""BG/NBD and MBG/NBD fitted by penalised maximum likelihood; formulas of the model's own module.

References
----------
.. [1] Fader, Hardie, Lee (2005), "Counting Your Customers" the Easy Way: An Alternative to the
   Pareto/NBD Model, Marketing Science 24(2). https://doi.org/10.1287/mksc.1040.0098
.. [2] Batislam, Denizel, Filiztekin (2007), Empirical validation and comparison of models for
   customer base analysis, IJRM 24(3). https://doi.org/10.1016/j.ijresmar.2006.12.005
"""

from __future__ import annotations

import numpy as np
from scipy.special import digamma, expit, gammaln

from backend.core.arrays import FloatArray
from backend.forecast.learn.lifetime.likelihood import ByFrequency, maximise
from backend.forecast.lifetime.beta_geometric import BetaGeometric, log_or_never
from backend.forecast.lifetime.summary import Cells

PRIOR = (0.7, 5.0, 0.8, 2.5)
START = (0.5, 5.0, 0.8, 2.5)


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
        odds = (r + self.x) * (at_end - at_last) + log_or_never(a / past, self.can_stop)
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
