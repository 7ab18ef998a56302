"""80 % intervals for every buyer, as far as the trials on the shop's past say they must reach.

Outcomes miss predictions for two reasons: customers differ from what is expected of each, and the
whole shop sells more or less than was expected. Trials hold thousands of customers but only two or
three levels, and those of past seasons: what they missed by in all says nothing about who lies how
far from their own expectation. So trials are first brought to the level that came, and then
replayed as if the level had been missed, upwards and downwards, by as much as it typically was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from backend.core.arrays import FloatArray
from backend.forecast.influence import limited
from backend.forecast.intervals import (
    COVERAGE,
    CountSpread,
    IntervalModel,
    Intervals,
    Reach,
    SpendSpread,
)
from backend.forecast.learn.backtest.metrics import equal_bins
from backend.forecast.learn.backtest.trials import Trial, compared_with
from backend.forecast.learn.fit_reach import (
    Outcomes,
    fit_count_spread,
    fit_reach,
    fit_spend_spread,
    ranks,
    spend_middle,
)
from backend.forecast.learn.forecast_tuning import TUNED, ForecastTuning, SpreadTuning
from backend.forecast.prediction import Prediction
from backend.results.forecast_report import IntervalCoverage, ShareInside, TypicalLevelErrors

# Three-point Gauss-Hermite: in standard deviations of a normal level error.
LEVELS_MISSED = (-(3**0.5), 0.0, 3**0.5)
LEVEL_WEIGHTS = (1 / 6, 2 / 3, 1 / 6)

LevelError = tuple[float, float]  # of purchase days and of spend, as logs


@dataclass(frozen=True, slots=True)
class Spread:
    """How far outcomes lie from predictions.

    Attributes
    ----------
    counts, spend
        Distributions around the forecast's means.
    count_share, spend_share
        How much of them an interval holds, from the smallest predictions to the largest.
    coverage
        How such intervals did on the trials.
    """

    counts: CountSpread
    spend: SpendSpread
    count_share: FloatArray
    spend_share: FloatArray
    coverage: IntervalCoverage

    def over(self, prediction: Prediction) -> IntervalModel:
        """Return the intervals of a shop of which this is the whole prediction."""
        return IntervalModel(
            counts=self.counts,
            spend=self.spend,
            count_reach=Reach.over(self.count_share, prediction.purchase_days),
            spend_reach=Reach.over(self.spend_share, prediction.spend),
        )

    def intervals(self, prediction: Prediction) -> Intervals:
        """Return the interval of every buyer of a whole shop."""
        return self.over(prediction).intervals(prediction)


def fit_spread(
    trials: list[Trial], predictions: list[Prediction], tuning: ForecastTuning = TUNED
) -> Spread:
    """Fit to trials and the forecast's predictions for them; both may be empty."""
    more = tuning.cutoffs.level_pseudo_purchases
    errors = [_level_error(t, p, more) for t, p in zip(trials, predictions, strict=True)]
    levelled = [p.at_level(*e) for p, e in zip(predictions, errors, strict=True)]
    counts_seen, spend_seen = _outcomes(trials, levelled)
    counts = fit_count_spread(counts_seen)
    spend = fit_spend_spread(spend_seen, counts_seen.mean)
    level_error = _typical(errors, tuning.spread)
    reaches = _reaches(trials, levelled, counts, spend, level_error)
    spread = Spread(counts, spend, *reaches, coverage=IntervalCoverage())
    if not trials:
        return spread
    off = TypicalLevelErrors(orders=level_error[0], value=level_error[1])
    coverage = replace(_coverage(spread, trials, predictions), typical_level_error=off)
    return replace(spread, coverage=coverage)


def _level_error(trial: Trial, prediction: Prediction, pseudo_purchases: float) -> LevelError:
    """Logs of actual over predicted, of purchase days and of spend."""

    def error(actual: float, predicted: float, unit: float) -> float:
        some = pseudo_purchases * unit
        return float(np.log(actual + some) - np.log(predicted + some))

    purchases, money = float(prediction.purchase_days.sum()), compared_with(prediction, trial)
    return (
        error(float(trial.purchase_days.sum()), purchases, 1.0),
        error(money.came, money.expected, money.expected / purchases),
    )


def _typical(errors: list[LevelError], tuning: SpreadTuning) -> LevelError:
    """Root mean square of the errors, a few trials drawn towards what is common."""
    assumed = tuning.assumed_trials * tuning.assumed_level_error**2
    seen = np.square(np.reshape(errors, (-1, 2))).sum(axis=0)
    purchases, spend = np.sqrt((seen + assumed) / (len(errors) + tuning.assumed_trials))
    return float(purchases), float(spend)


def _reaches(
    trials: list[Trial],
    levelled: list[Prediction],
    counts: CountSpread,
    spend: SpendSpread,
    level_error: LevelError,
) -> tuple[FloatArray, FloatArray]:
    """How far intervals must reach to hold what came, replayed at levels missed by this much."""
    replays = [
        p.at_level(missed * level_error[0], missed * level_error[1])
        for missed in LEVELS_MISSED
        for p in levelled
    ]
    counts_seen, spend_seen = _outcomes(trials * len(LEVELS_MISSED), replays)
    weight = np.repeat(LEVEL_WEIGHTS, sum(len(t.spend) for t in trials))
    count_middle = counts.middle(counts_seen.actual, counts_seen.mean, counts_seen.none)
    middle_of_spend = spend_middle(
        spend, spend_seen.actual, spend_seen.mean, spend_seen.none, counts_seen.mean
    )
    return (
        fit_reach(count_middle, counts_seen, weight),
        fit_reach(middle_of_spend, spend_seen, weight),
    )


def _outcomes(trials: list[Trial], predictions: list[Prediction]) -> tuple[Outcomes, Outcomes]:
    def joined(parts: list[FloatArray]) -> FloatArray:
        return np.concatenate([np.zeros(0), *parts])

    none = joined([p.none for p in predictions])
    return (
        Outcomes(
            joined([p.purchase_days for p in predictions]),
            none,
            joined([ranks(p.purchase_days) for p in predictions]),
            joined([t.purchase_days for t in trials]),
        ),
        Outcomes(
            joined([p.spend for p in predictions]),
            none,
            joined([ranks(p.spend) for p in predictions]),
            joined([limited(t.spend) for t in trials]),
        ),
    )


def _coverage(
    spread: Spread, trials: list[Trial], predictions: list[Prediction]
) -> IntervalCoverage:
    """Share of outcomes inside, overall and by tenth of the prediction."""
    orders, spend, tenths, money_tenths, none = [], [], [], [], []
    for trial, prediction in zip(trials, predictions, strict=True):
        inside = spread.intervals(prediction)
        orders.append(
            (inside.purchase_days_low <= trial.purchase_days)
            & (trial.purchase_days <= inside.purchase_days_high)
        )
        spend.append((inside.spend_low <= trial.spend) & (trial.spend <= inside.spend_high))
        tenths.append(equal_bins(prediction.purchase_days))
        money_tenths.append(equal_bins(prediction.spend))
        none.append(trial.spend == 0)
    return IntervalCoverage(
        wanted=COVERAGE,
        orders=_by_tenth(np.concatenate(orders), np.concatenate(tenths)),
        value=_by_tenth(np.concatenate(spend), np.concatenate(money_tenths)),
        nothing=_by_tenth(np.concatenate(none), np.concatenate(money_tenths)),
    )


def _by_tenth(inside: FloatArray, tenth: FloatArray) -> ShareInside:
    counts = np.bincount(tenth)
    shares = np.bincount(tenth, inside) / np.maximum(counts, 1)
    return ShareInside(
        overall=float(inside.mean()),
        by_tenth_of_prediction=tuple(float(s) for s in shares[counts > 0]),
    )
