"""What all customers together are to spend, and how far that may be off.

Among many customers each one's chance evens out; what a total is wrong by is what moves all of them
at once: seasons, prices, a shop that shrinks. Trials on the shop's past show by how much it was.
They are few and overlap, so that what is common among shops is assumed beside them.
"""

from __future__ import annotations

import numpy as np

from backend.forecast.learn.backtest.trials import Trial, compared_with
from backend.forecast.learn.forecast_tuning import TUNED, TotalTuning
from backend.forecast.prediction import Prediction
from backend.forecast.summed_up import range_around
from backend.results.shop_course import ShopTotal

# A shop that stopped selling is off by as much as can be told, and no further.
SMALLEST = 0.01


def total_of_shop(
    expected: float,
    trials: list[Trial],
    predictions: list[Prediction],
    tuning: TotalTuning = TUNED.total,
) -> ShopTotal:
    """Say what a shop's customers are to spend, within what limits.

    Parameters
    ----------
    expected
        Sum of what is predicted of each, currency units.
    trials, predictions
        Forecasts of the past, and as the forecast spreads them; both may be empty.
    tuning
        What is assumed beside the trials.
    """
    if not trials:
        return ShopTotal(expected=expected, low=None, high=None, level_error=None)
    off = _typical([_error(t, p) for t, p in zip(trials, predictions, strict=True)], tuning)
    reach = range_around(expected, off)
    return ShopTotal(expected=expected, low=reach.low, high=reach.high, level_error=off)


def _error(trial: Trial, prediction: Prediction) -> float:
    """Log of what came over what was predicted, with no customer deciding."""
    money = compared_with(prediction, trial)
    return float(np.log(max(money.came, SMALLEST * money.expected) / money.expected))


def _typical(errors: list[float], tuning: TotalTuning) -> float:
    """Root mean square of the errors, a few trials drawn towards what is common."""
    assumed = tuning.assumed_trials * tuning.assumed_error**2
    seen = float(np.square(errors).sum())
    return float(np.sqrt((seen + assumed) / (len(errors) + tuning.assumed_trials)))
