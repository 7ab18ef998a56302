"""What the trials teach of spend: how far to spread what is predicted."""

from __future__ import annotations

import numpy as np

from backend.core.arrays import FloatArray
from backend.forecast.learn.backtest.trials import Trial

POWERS = np.linspace(0.6, 1.3, 29)
# Spend varies like a Poisson count of this many mean spends at a time; and the pull towards 1.
SPEND_DISPERSION = 4.0
POWER_PENALTY = 200.0


def best_spend_power(trials: list[Trial]) -> float:
    """Return the power of predicted spend that would have improved the trials; 1 without any."""
    losses = [_power_loss(t.prediction.spend, t.spend) for t in trials if t.spend.any()]
    if not losses:
        return 1.0
    penalised = np.mean(losses, axis=0) + POWER_PENALTY * (POWERS - 1) ** 2
    return float(POWERS[np.argmin(penalised)])


def _power_loss(predicted: FloatArray, actual: FloatArray) -> FloatArray:
    """Poisson deviance of spend at the actual total, for each power, up to a constant."""
    logs = np.log(predicted)
    losses = []
    for power in POWERS:
        shape = np.exp(power * (logs - logs.max()))
        expected = shape * (actual.sum() / shape.sum())
        losses.append(-(actual @ np.log(np.maximum(expected, 1e-12))))
    return np.asarray(np.array(losses) / (SPEND_DISPERSION * actual.mean()))
