r"""Pareto/NBD: customers buy at random and may leave at any time.

While alive a customer buys as a Poisson process of rate :math:`\lambda \sim \Gamma(r, \alpha)` and
leaves after an exponential time of rate :math:`\mu \sim \Gamma(s, \beta)`.

References
----------
.. [1] Schmittlein, Morrison, Colombo (1987), Counting Your Customers: Who Are They and What Will
   They Do Next? Management Science 33(1). https://doi.org/10.1287/mnsc.33.1.1
.. [2] Fader, Hardie (2005), A Note on Deriving the Pareto/NBD Model and Related Expressions.
   http://brucehardie.com/notes/009/
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, gammaln

from backend.core.arrays import FloatArray
from backend.forecast.learn.lifetime.beta_geometric import time_unit
from backend.forecast.learn.lifetime.likelihood import ByFrequency, maximise
from backend.forecast.learn.lifetime.summary import Cells

PRIOR = (0.7, 5.0, 0.7, 8.0)
START = (0.5, 3.0, 0.6, 3.0)
NODES = 16
_NODE, _NODE_WEIGHT = np.polynomial.legendre.leggauss(NODES)


@dataclass(frozen=True, slots=True)
class Pareto:
    """A fitted Pareto/NBD model; `alpha` and `beta` in the unit of time of the data.

    Attributes
    ----------
    r, alpha
        Shape and rate of the purchase rate.
    s, beta
        Shape and rate of the rate of leaving.
    unit
        Time in which the quadrature's nodes are spread; a matter of precision only.
    """

    r: float
    alpha: float
    s: float
    beta: float
    unit: float = 1.0

    def probability_alive(self, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:  # noqa: N803
        """Return P(alive at T), in [0, 1]; shapes (customers,)."""
        at, width = _nodes(t_x / self.unit, T / self.unit)
        at, width = at * self.unit, width * self.unit
        stayed = -(self.r + x) * np.log(self.alpha + T) - self.s * np.log(self.beta + T)
        left = (
            -(self.r + x)[:, None] * np.log(self.alpha + at)
            - (self.s + 1) * np.log(self.beta + at)
            + np.log(self.s)
        )
        odds_left = (np.exp(np.minimum(left - stayed[:, None], 600.0)) * width).sum(axis=1)
        return np.asarray(1 / (1 + odds_left))

    def expect(
        self,
        x: FloatArray,
        t_x: FloatArray,
        T: FloatArray,  # noqa: N803
        horizon: float,
    ) -> tuple[FloatArray, FloatArray]:
        r"""Return expected purchases in the horizon and the probability of none.

        Expected purchases are formula (41) of [2]_. A customer buys at least once when the first
        purchase comes before they leave, whose density while alive is

        .. math:: f(u) = \frac{r+x}{\alpha+T}
            \left(\frac{\alpha+T}{\alpha+T+u}\right)^{r+x+1}
            \left(\frac{\beta+T}{\beta+T+u}\right)^{s}

        Returns
        -------
        expected
            Shape (customers,), at least 0.
        none
            Shape (customers,), in [0, 1].
        """
        alive = self.probability_alive(x, t_x, T)
        rate = (self.r + x) / (self.alpha + T)
        expected = rate * _time_alive(self.beta + T, self.s, horizon)
        return alive * expected, 1 - alive * self._buys(x, T, rate, horizon)

    def _buys(self, x: FloatArray, T: FloatArray, rate: FloatArray, horizon: float) -> FloatArray:  # noqa: N803
        """Return P(at least one purchase in the horizon) of customers who are alive."""
        # Nodes spread in units of the customer's own mean wait: dense where the density is.
        wait, width = (part / rate[:, None] for part in _nodes(np.zeros(len(x)), rate * horizon))
        bought = -(self.r + x + 1)[:, None] * np.log1p(wait / (self.alpha + T)[:, None])
        stayed = -self.s * np.log1p(wait / (self.beta + T)[:, None])
        density = rate[:, None] * np.exp(bought + stayed)
        return np.asarray(np.minimum((density * width).sum(axis=1), 1.0))


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


def _nodes(low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Quadrature nodes and widths from low to high, dense near 0, shapes (customers, nodes)."""
    start, end = np.log1p(low), np.log1p(high)
    half = 0.5 * (end - start)[:, None]
    at = np.expm1(0.5 * (end + start)[:, None] + half * _NODE)
    return at, half * _NODE_WEIGHT * (at + 1)


def _time_alive(beta: FloatArray, s: float, horizon: float) -> FloatArray:
    """Expected time alive in the horizon of customers alive at its start."""
    growth = np.log1p(horizon / beta)
    if abs(s - 1) < 1e-6:
        return np.asarray(beta * growth)
    return np.asarray(beta * np.expm1((1 - s) * growth) / (1 - s))


class _Likelihood:
    """Mean log likelihood per customer with its gradient; formula (19) of [2]_."""

    def __init__(self, cells: Cells, unit: float) -> None:
        self.x, self.T = cells.x, cells.T / unit
        self.customers = float(cells.count.sum())
        self.weight = cells.count / self.customers
        self.of_x = ByFrequency(cells.x)
        self.at, width = _nodes(cells.t_x / unit, self.T)
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
