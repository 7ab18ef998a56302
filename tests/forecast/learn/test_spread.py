import numpy as np
import pytest

from backend.forecast.intervals import COVERAGE
from backend.forecast.learn.backtest.trials import Trial
from backend.forecast.learn.fit_reach import ranks
from backend.forecast.learn.spread import Spread, fit_spread
from backend.forecast.prediction import Prediction

BUYERS = 6000


def predicted(seed: int) -> Prediction:
    mean = np.exp(np.random.default_rng(seed).normal(1.0, 0.6, BUYERS))
    return Prediction(np.arange(BUYERS), mean, mean * 30, np.log(np.expm1(mean)))


def trial(level: float, seed: int) -> Trial:
    """Poisson purchases at `level` (a log) above what was predicted, of 30 each."""
    prediction = predicted(seed)
    came = np.random.default_rng(seed + 100).poisson(prediction.purchase_days * np.exp(level))
    return Trial(
        cutoff=19_000,
        horizon_days=90,
        prediction=prediction,
        rules={},
        purchase_days=came.astype(float),
        spend=came * 30.0,
    )


def spread_of(*levels: float) -> Spread:
    trials = [trial(level, seed) for seed, level in enumerate(levels)]
    return fit_spread(trials, [t.prediction for t in trials])


def held(spread: Spread, future: Trial) -> np.ndarray:
    inside = spread.intervals(future.prediction)
    enough = future.purchase_days >= inside.purchase_days_low
    return enough & (future.purchase_days <= inside.purchase_days_high)


@pytest.mark.parametrize("season", [-0.6, 0.6])
def test_a_missed_season_is_not_taken_for_the_customers_own_spread(season: float) -> None:
    missed, met = spread_of(season), spread_of(0.0)
    assert 1 / missed.counts.shape == pytest.approx(1 / met.counts.shape, abs=0.08)
    assert _usual_spread(missed) == pytest.approx(_usual_spread(met), abs=0.12)


def _usual_spread(spread: Spread) -> float:
    """Squared relative spread of the spend of somebody with three purchases."""
    return spread.spend.between + spread.spend.within / 3


def test_intervals_hold_what_comes_at_the_expected_level() -> None:
    spread, future = spread_of(0.05, -0.05), trial(0.0, 9)
    tenth = (ranks(future.prediction.purchase_days) * 10).astype(int)
    shares = np.bincount(tenth, held(spread, future)) / np.bincount(tenth)
    assert shares.mean() == pytest.approx(COVERAGE, abs=0.02)
    assert shares == pytest.approx(COVERAGE, abs=0.06)


def test_levels_that_were_missed_make_wider_intervals() -> None:
    steady, unsteady = spread_of(0.0, 0.0, 0.0), spread_of(-0.5, 0.0, 0.5)
    missed = trial(0.5, 9)
    assert held(unsteady, missed).mean() > held(steady, missed).mean() + 0.04
    narrow, wide = (s.intervals(missed.prediction) for s in (steady, unsteady))
    assert np.all(wide.purchase_days_high >= narrow.purchase_days_high)
    assert np.all(wide.spend_high > narrow.spend_high)


def test_the_report_says_by_how_much_levels_were_missed() -> None:
    errors = spread_of(-0.5, 0.5).coverage.typical_level_error
    assert errors is not None
    assert errors.orders == pytest.approx(0.36, abs=0.03)
    assert errors.value == pytest.approx(0.36, abs=0.03)
