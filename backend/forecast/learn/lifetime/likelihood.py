"""Penalised maximum likelihood over log parameters, shared by all lifetime models."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import minimize

from backend.core.arrays import FloatArray

Objective = Callable[[FloatArray], tuple[float, FloatArray]]

# Parameters outside exp(±) these bounds mean "infinitely (un)like each other" and change nothing.
LOG_BOUNDS = (-9.0, 12.0)


def maximise(
    log_likelihood: Objective, start: Sequence[float], prior: Sequence[float], ridge: float
) -> FloatArray:
    """Return the parameters with the highest penalised likelihood.

    Parameters
    ----------
    log_likelihood
        Mean log likelihood per customer and its gradient, both as functions of the log parameters.
    start
        Parameters (not logs) to start from.
    prior
        Parameters (not logs) towards which a small shop is drawn.
    ridge
        Weight per customer of half the squared distance of logs to the prior; 0 for plain
        maximum likelihood.
    """
    centre = np.log(np.asarray(prior, dtype=float))

    def loss(logs: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = log_likelihood(logs)
        away = logs - centre
        return 0.5 * ridge * float(away @ away) - value, ridge * away - gradient

    best = minimize(
        loss,
        np.log(np.asarray(start, dtype=float)),
        jac=True,
        method="L-BFGS-B",
        bounds=[LOG_BOUNDS] * len(prior),
        options={"maxiter": 500, "ftol": 1e-12, "gtol": 1e-7},
    )
    return np.asarray(np.exp(best.x), dtype=float)


class ByFrequency:
    """Evaluate a function of the purchase count once per distinct count, not once per cell."""

    def __init__(self, x: FloatArray) -> None:
        self.distinct, self._inverse = np.unique(x, return_inverse=True)

    def __call__(self, function: Callable[[FloatArray], FloatArray], shift: float) -> FloatArray:
        """Return ``function(x + shift)`` for every cell."""
        return self.spread(function(self.distinct + shift))

    def spread(self, of_distinct: FloatArray) -> FloatArray:
        """Return for every cell the value given for its count."""
        return of_distinct[self._inverse]
