r"""Pareto/NBD fitted by penalised maximum likelihood.

References
----------
.. [2] Fader, Hardie (2005), A Note on Deriving the Pareto/NBD Model and Related Expressions.
   http://brucehardie.com/notes/009/
"""

from __future__ import annotations

import numpy as np
from scipy.special import digamma, gammaln

from backend.core.arrays import FloatArray
from backend.forecast.learn.lifetime.fit_beta_geometric import time_unit
from backend.forecast.learn.lifetime.likelihood import ByFrequency, maximise
from backend.forecast.lifetime.pareto import Pareto, quadrature_nodes
from backend.forecast.lifetime.summary import Cells

PRIOR = (0.7, 5.0, 0.7, 8.0)
START = (0.5, 3.0, 0.6, 3.0)


def fit_pareto(cells: Cells, *, ridge: float = 0.0) -> Pareto:
    """Fit Pareto/NBD to customers grouped in cells.

    The likelihood's integral over the unseen time of leaving is a Gauss-Legendre sum, which has
    exact gradients and none of the trouble of the hypergeometric functions of the closed form.

    Parameters
    ----------
    cells
        Statistics in any one unit of time.
    ridge
        Total weight of the pull of the log parameters towards those of a common shop; 0 for
        plain maximum likelihood.
    """
    unit = time_unit(cells)
    likelihood = _Likelihood(cells, unit)
    r, alpha, s, beta = maximise(likelihood, START, PRIOR, ridge / likelihood.customers)
    return Pareto(float(r), float(alpha * unit), float(s), float(beta * unit), unit)


class _Likelihood:
    """Mean log likelihood per customer with its gradient; formula (19) of [2]_."""

    def __init__(self, cells: Cells, unit: float) -> None:
        self.x, self.T = cells.x, cells.T / unit
        self.customers = float(cells.count.sum())
        self.weight = cells.count / self.customers
        self.of_x = ByFrequency(cells.x)
        self.at, width = quadrature_nodes(cells.t_x / unit, self.T)
        self.log_width = np.log(np.maximum(width, 1e-300))

    def __call__(self, logs: FloatArray) -> tuple[float, FloatArray]:
        r, alpha, s, beta = np.exp(logs)
        shape = r + self.x
        log_a, log_b = np.log(alpha + self.at), np.log(beta + self.at)
        end_a, end_b = np.log(alpha + self.T), np.log(beta + self.T)
        left = np.log(s) + self.log_width - shape[:, None] * log_a - (s + 1) * log_b
        stayed = -shape * end_a - s * end_b
        top = np.maximum(left.max(axis=1), stayed)
        left, stayed = np.exp(left - top[:, None]), np.exp(stayed - top)
        total = left.sum(axis=1) + stayed
        left, stayed = left / total[:, None], stayed / total
        value = self.of_x(gammaln, r) + top + np.log(total)
        common = r * np.log(alpha) + s * np.log(beta) - gammaln(r)
        by_r = self.of_x(digamma, r) - (left * log_a).sum(axis=1) - stayed * end_a
        by_a = shape * ((left / (alpha + self.at)).sum(axis=1) + stayed / (alpha + self.T))
        by_s = (1 - stayed) / s - (left * log_b).sum(axis=1) - stayed * end_b
        by_b = (s + 1) * (left / (beta + self.at)).sum(axis=1) + s * stayed / (beta + self.T)
        gradient = [
            r * (np.log(alpha) - digamma(r) + self.weight @ by_r),
            r - alpha * (self.weight @ by_a),
            s * (np.log(beta) + self.weight @ by_s),
            s - beta * (self.weight @ by_b),
        ]
        return float(self.weight @ value + common), np.array(gradient)
