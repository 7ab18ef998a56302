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

from backend.core.arrays import FloatArray

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
        at, width = quadrature_nodes(t_x / self.unit, T / self.unit)
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
        wait, width = (
            part / rate[:, None] for part in quadrature_nodes(np.zeros(len(x)), rate * horizon)
        )
        bought = -(self.r + x + 1)[:, None] * np.log1p(wait / (self.alpha + T)[:, None])
        stayed = -self.s * np.log1p(wait / (self.beta + T)[:, None])
        density = rate[:, None] * np.exp(bought + stayed)
        return np.asarray(np.minimum((density * width).sum(axis=1), 1.0))


def quadrature_nodes(low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray]:
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
