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
CELLS_AT_ONCE = 1_024


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
    """Mean log likelihood per customer with its gradient; formula (19) of [2]_.

    Cells are worked out some at a time: 16 nodes of all of them do not fit into a processor's
    cache, and fetching them took half of a fit.
    """

    def __init__(self, cells: Cells, unit: float) -> None:
        self.x, self.T = cells.x, cells.T / unit
        self.customers = float(cells.count.sum())
        self.weight = cells.count / self.customers
        self.of_x = ByFrequency(cells.x)
        self.at, width = quadrature_nodes(cells.t_x / unit, self.T)
        self.log_width = np.log(np.maximum(width, 1e-300))
        starts = range(0, len(self.x), CELLS_AT_ONCE)
        self._some = [slice(start, start + CELLS_AT_ONCE) for start in starts]

    def __call__(self, logs: FloatArray) -> tuple[float, FloatArray]:
        r, alpha, s, beta = parameters = np.exp(logs)
        parts = [self._over_leaving(some, parameters) for some in self._some]
        top, total, stayed, log_a, log_b, per_a, per_b = map(
            np.concatenate, zip(*parts, strict=True)
        )
        shape = r + self.x
        end_a, end_b = np.log(alpha + self.T), np.log(beta + self.T)
        value = self.of_x(gammaln, r) + top + np.log(total)
        common = r * np.log(alpha) + s * np.log(beta) - gammaln(r)
        by_r = self.of_x(digamma, r) - log_a - stayed * end_a
        by_a = shape * (per_a + stayed / (alpha + self.T))
        by_s = (1 - stayed) / s - log_b - stayed * end_b
        by_b = (s + 1) * per_b + s * stayed / (beta + self.T)
        gradient = [
            r * (np.log(alpha) - digamma(r) + self.weight @ by_r),
            r - alpha * (self.weight @ by_a),
            s * (np.log(beta) + self.weight @ by_s),
            s - beta * (self.weight @ by_b),
        ]
        return float(self.weight @ value + common), np.array(gradient)

    def _over_leaving(self, some: slice, parameters: FloatArray) -> tuple[FloatArray, ...]:
        """Integrate over when customers left, if they did.

        Returns
        -------
        The logs that sums are relative to, the sums, the share of who stayed; over who left, means
        of ``log(alpha + t)``, ``log(beta + t)`` and of the derivatives of both. Shapes (cells,).
        """
        r, alpha, s, beta = parameters
        shape, end = r + self.x[some], self.T[some]
        past_a, past_b = alpha + self.at[some], beta + self.at[some]
        log_a, log_b = np.log(past_a), np.log(past_b)
        left = np.log(s) + self.log_width[some]
        left -= shape[:, None] * log_a
        left -= (s + 1) * log_b
        stayed = -shape * np.log(alpha + end) - s * np.log(beta + end)
        top = np.maximum(left.max(axis=1), stayed)
        left -= top[:, None]
        np.exp(left, out=left)
        stayed = np.exp(stayed - top)
        total = left.sum(axis=1) + stayed
        left /= total[:, None]
        means = ((left * log_a), (left * log_b), (left / past_a), (left / past_b))
        return top, total, stayed / total, *(one.sum(axis=1) for one in means)
