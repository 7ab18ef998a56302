"""What the trials teach of spend: how far to spread what is predicted."""

from __future__ import annotations

import numpy as np

from backend.core.arrays import FloatArray
from backend.forecast.influence import limited
from backend.forecast.learn.backtest.trials import Trial
from backend.forecast.learn.forecast_tuning import TUNED, PowerTuning


def best_spend_power(trials: list[Trial], tuning: PowerTuning = TUNED.power) -> float:
    """Return the power of predicted spend that would have improved the trials; 1 without any."""
    sold = [t for t in trials if t.spend.any()]
    if not sold:
        return 1.0
    powers = np.array(tuning.powers)
    deviances = [_deviances(t.prediction.spend, t.spend, powers) for t in sold]
    losses = np.mean(deviances, axis=0) / tuning.dispersion
    return _lowest(powers, losses + tuning.penalty * (powers - 1) ** 2)


def _lowest(powers: FloatArray, losses: FloatArray) -> float:
    """Return where the parabola through the least loss and its neighbours is lowest.

    From one of the powers tried to the next, one order more would move everybody.
    """
    best = int(np.argmin(losses))
    if best in (0, len(powers) - 1):
        return float(powers[best])
    before, least, after = losses[best - 1 : best + 2]
    bend = before - 2 * least + after
    step = (powers[best + 1] - powers[best]) * (before - after) / (2 * bend) if bend > 0 else 0.0
    return float(powers[best] + step)


def _deviances(predicted: FloatArray, actual: FloatArray, powers: FloatArray) -> FloatArray:
    """Poisson deviance, in mean spends, at the actual total for each power, up to a constant."""
    logs, actual = np.log(predicted), limited(actual)
    losses = []
    for power in powers:
        shape = limited(np.exp(power * (logs - logs.max())))
        expected = shape * (actual.sum() / shape.sum())
        losses.append(-(actual @ np.log(np.maximum(expected, 1e-12))))
    return np.asarray(np.array(losses) / actual.mean())
