"""What all customers are to spend together, and how far that may be off."""

from dataclasses import replace

import numpy as np
import pytest

from backend.forecast.learn.backtest.trials import Trial
from backend.forecast.learn.forecast_tuning import TotalTuning
from backend.forecast.learn.whole_shop import total_of_shop
from backend.forecast.prediction import Prediction

BUYERS = 500
ASSUMED = TotalTuning(assumed_trials=2.0, assumed_error=0.1)
# A tenth of what is normal lies beyond so many standard deviations.
BEYOND = 1.2815515655446004


def trial(level: float) -> Trial:
    """Everybody buys once, of a hundred; all spend `level` (a log) more than was predicted."""
    prediction = Prediction(
        np.arange(BUYERS), np.ones(BUYERS), np.full(BUYERS, 100.0), np.zeros(BUYERS)
    )
    spend = np.full(BUYERS, 100.0 * np.exp(level))
    return Trial(19_000, 90, prediction, {}, np.ones(BUYERS), spend)


def said(expected: float, *trials: Trial) -> tuple[float | None, float | None, float | None]:
    found = total_of_shop(expected, list(trials), [one.prediction for one in trials], ASSUMED)
    assert found.expected == expected
    return found.low, found.high, found.level_error


def test_a_total_reaches_as_far_as_those_of_the_trials_were_off() -> None:
    off = np.sqrt((0.3**2 + 0.2**2 + 0.1**2 + 2 * 0.1**2) / 5)
    factor = np.exp(BEYOND * off)
    low, high, level_error = said(1000.0, trial(0.3), trial(-0.2), trial(0.1))
    assert level_error == pytest.approx(off)
    assert (low, high) == pytest.approx((1000 / factor, 1000 * factor))


def test_a_forecast_that_could_not_be_tried_has_a_total_without_limits() -> None:
    assert said(1000.0) == (None, None, None)


def test_one_order_of_any_size_does_not_widen_the_limits() -> None:
    plain, spoilt = trial(0.1), trial(0.1)
    spend = spoilt.spend.copy()
    spend[7] = 99_999_999.0
    spoilt = replace(spoilt, spend=spend)
    before, after = said(1000.0, plain)[2], said(1000.0, spoilt)[2]
    assert before is not None
    assert after == pytest.approx(before, abs=0.005)


def test_a_shop_that_sold_nothing_any_more_makes_limits_that_can_be_written() -> None:
    nothing = replace(trial(0.0), spend=np.zeros(BUYERS), purchase_days=np.zeros(BUYERS))
    low, high, _ = said(1000.0, nothing)
    assert low is not None
    assert high is not None
    assert 0 < low < 1000 < high < 1e6
