r"""Gamma-Gamma fitted by penalised maximum likelihood.

References
----------
.. [1] Fader, Hardie (2013), The Gamma-Gamma Model of Monetary Value.
   http://www.brucehardie.com/notes/025/gamma_gamma.pdf
"""

from __future__ import annotations

import numpy as np
from scipy.special import digamma, gammaln

from backend.core.arrays import FloatArray
from backend.forecast.learn.lifetime.likelihood import ByFrequency, maximise
from backend.forecast.lifetime.gamma_gamma import GammaGamma

PRIOR = (4.0, 4.0, 0.75)


def fit_gamma_gamma(
    purchases: FloatArray, mean_spend: FloatArray, *, ridge: float = 0.0
) -> GammaGamma:
    """Fit to customers with at least one purchase and a positive mean.

    Parameters
    ----------
    purchases
        Shape (customers,), purchases behind the mean, at least 1.
    mean_spend
        Shape (customers,), positive, currency units.
    ridge
        Total weight of the pull of the log parameters towards those of a common shop.
    """
    scale = float(np.mean(mean_spend))
    likelihood = _Likelihood(purchases, mean_spend / scale)
    p, q, gamma = maximise(likelihood, PRIOR, PRIOR, ridge / len(purchases))
    return GammaGamma(float(p), float(q), float(gamma * scale))


class _Likelihood:
    """Mean log likelihood per customer with its gradient; formula (1a) of [1]_."""

    def __init__(self, purchases: FloatArray, mean_spend: FloatArray) -> None:
        self.x = purchases
        self.total = purchases * mean_spend
        self.log_mean = np.log(mean_spend)
        self.log_total = np.log(self.total)
        distinct = ByFrequency(purchases)
        self.distinct = distinct.distinct
        self.spread = distinct.spread

    def __call__(self, logs: FloatArray) -> tuple[float, FloatArray]:
        p, q, gamma = np.exp(logs)
        px = p * self.distinct
        log_rate = np.log(gamma + self.total)
        value = (
            self.spread(gammaln(px + q) - gammaln(px) - gammaln(q))
            + q * np.log(gamma)
            - self.log_mean
            + p * self.x * (self.log_total - log_rate)
            - q * log_rate
        )
        by_p = self.spread(self.distinct * (digamma(px + q) - digamma(px)))
        by_q = self.spread(digamma(px + q) - digamma(q))
        gradient = [
            p * np.mean(by_p + self.x * (self.log_total - log_rate)),
            q * np.mean(by_q + np.log(gamma) - log_rate),
            q - gamma * np.mean((p * self.x + q) / (gamma + self.total)),
        ]
        return float(np.mean(value)), np.array(gradient)
