r"""Gamma-Gamma: how much a customer spends per purchase, shrunk by how often they were seen to.

Spend per purchase is :math:`\Gamma(p, \nu)` around a mean of the customer's own, with
:math:`\nu \sim \Gamma(q, \gamma)` over customers, independent of how often they buy.

References
----------
.. [1] Fader, Hardie (2013), The Gamma-Gamma Model of Monetary Value.
   http://www.brucehardie.com/notes/025/gamma_gamma.pdf
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backend.core.arrays import FloatArray

# Below this the mean over all customers is infinite; a heavier tail is never believed.
LOWEST_Q = 1.001


@dataclass(frozen=True, slots=True)
class GammaGamma:
    """A fitted Gamma-Gamma model; `gamma` in currency units."""

    p: float
    q: float
    gamma: float

    def expected_spend(self, purchases: FloatArray, mean_spend: FloatArray) -> FloatArray:
        """Return each customer's expected spend per purchase, shape (customers,).

        Parameters
        ----------
        purchases
            Purchases behind the mean, at least 0.
        mean_spend
            Their mean, currency units; of no effect where there are no purchases.
        """
        q = max(self.q, LOWEST_Q)
        return np.asarray(
            self.p * (self.gamma + purchases * mean_spend) / (self.p * purchases + q - 1)
        )
