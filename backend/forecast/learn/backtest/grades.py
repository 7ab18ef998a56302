"""What the trials show, for people: metrics beside simple rules, calibration, lift, and a grade."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from backend.core.arrays import BoolArray, FloatArray
from backend.core.glossary import DECISIVE, FORECAST, Metric, Target
from backend.forecast.learn.backtest import metrics
from backend.forecast.learn.backtest.trials import Trial, enough_buyers, enough_of_both
from backend.forecast.prediction import Prediction
from backend.results.forecast_report import (
    Backtest,
    CalibrationBin,
    CutoffTrial,
    Grade,
    Grades,
    LiftBin,
    Metrics,
    StrongestRules,
)

GOOD_LOG_LOSS_GAIN = 0.05
GOOD_CALIBRATION_ERROR = 0.05
FAIR_CALIBRATION_ERROR = 0.10
GOOD_GINI_GAIN = 0.02
FAIR_GINI_GAIN = -0.005
GOOD_LEVEL_ERROR = 0.15
FAIR_LEVEL_ERROR = 0.40
UNKNOWN: Grade = "not enough history"
BEST_FIRST: tuple[Grade, ...] = ("good", "fair", "weak", UNKNOWN)
Scores = Mapping[str, Metrics]


def make_report(trials: list[Trial], predictions: list[Prediction]) -> Backtest | None:
    """Sum up trials; `predictions` are the forecast's, in the trials' order, as calibrated."""
    if not trials:
        return None
    scores = _mean_scores(trials, predictions)
    cutoffs = tuple(_cutoff(t, p) for t, p in zip(trials, predictions, strict=True))
    return Backtest(
        horizon_days=trials[0].horizon_days,
        cutoffs=cutoffs,
        metrics=scores,
        strongest_rule=StrongestRules(
            churn=strongest_rule(scores, DECISIVE[Target.CHURN]),
            value=strongest_rule(scores, DECISIVE[Target.VALUE]),
        ),
        calibration=_calibration(trials, predictions),
        lift=_lift(trials, predictions),
        grade=_grades(trials, cutoffs, scores),
    )


def both(churn: Grade, value: Grade) -> Grades:
    """Return two grades and the worse of them."""
    return Grades(churn=churn, value=value, overall=max(churn, value, key=BEST_FIRST.index))


def strongest_rule(scores: Scores, metric: Metric) -> str | None:
    """Name the simple rule that does best, the first where several do; None where none is known."""
    known = {
        name: value
        for name, values in scores.items()
        if name != FORECAST and (value := values.of(metric)) is not None
    }
    best = metric.best(known.values())
    return next((name for name, value in known.items() if value == best), None)


def _score(prediction: Prediction, trial: Trial) -> Metrics:
    left = (trial.purchase_days == 0).astype(float)
    return Metrics(
        orders_rmse=metrics.root_mean_squared_error(prediction.purchase_days, trial.purchase_days),
        orders_gini=metrics.normalised_gini(prediction.purchase_days, trial.purchase_days),
        spend_rmse=metrics.root_mean_squared_error(prediction.spend, trial.spend),
        spend_gini=metrics.normalised_gini(prediction.spend, trial.spend),
        spend_decile_error=metrics.decile_error(prediction.spend, trial.spend),
        churn_auc=metrics.area_under_curve(prediction.none, left),
        churn_log_loss=metrics.log_loss(prediction.none, left),
        churn_calibration_error=metrics.calibration_error(prediction.none, left),
    )


def _mean_scores(trials: list[Trial], predictions: list[Prediction]) -> Scores:
    rules = set.intersection(*(set(t.rules) for t in trials))
    candidates = {FORECAST: predictions, **{r: [t.rules[r] for t in trials] for r in sorted(rules)}}
    return {
        name: _mean([_score(p, t) for p, t in zip(made, trials, strict=True)])
        for name, made in candidates.items()
    }


def _mean(scores: list[Metrics]) -> Metrics:
    means: dict[str, float | None] = {}
    for metric in Metric:
        values = [score.of(metric) for score in scores]
        known = [value for value in values if value is not None and np.isfinite(value)]
        means[metric] = float(np.mean(known)) if known else None
    return Metrics(**means)


def _cutoff(trial: Trial, prediction: Prediction) -> CutoffTrial:
    predicted, actual = float(prediction.spend.sum()), float(trial.spend.sum())
    return CutoffTrial(
        date=str(np.datetime64(trial.cutoff, "D")),
        customers=len(trial.spend),
        predicted_purchase_days=float(prediction.purchase_days.sum()),
        actual_purchase_days=float(trial.purchase_days.sum()),
        predicted_spend=predicted,
        actual_spend=actual,
        level_error=predicted / actual - 1 if actual else None,
        predicted_churn=float(prediction.none.mean()),
        actual_churn=float((trial.purchase_days == 0).mean()),
    )


def _calibration(trials: list[Trial], predictions: list[Prediction]) -> tuple[CalibrationBin, ...]:
    risk = np.concatenate([p.none for p in predictions])
    left = np.concatenate([t.purchase_days == 0 for t in trials])
    return tuple(
        CalibrationBin(
            customers=int(members.sum()),
            from_=float(risk[members].min()),
            to=float(risk[members].max()),
            predicted=float(risk[members].mean()),
            actual=float(left[members].mean()),
        )
        for members in _bins(risk)
    )


def _lift(trials: list[Trial], predictions: list[Prediction]) -> tuple[LiftBin, ...]:
    predicted = np.concatenate([p.spend for p in predictions])
    actual = np.concatenate([t.spend for t in trials])
    total = float(actual.sum())
    rows = [
        LiftBin(
            customers=int(members.sum()),
            predicted=float(predicted[members].mean()),
            actual=float(actual[members].mean()),
            share_of_spend=float(actual[members].sum()) / total if total else 0.0,
        )
        for members in _bins(predicted)
    ]
    return tuple(reversed(rows))


def _bins(score: FloatArray) -> Iterator[BoolArray]:
    """Yield who is in each of ten equally large bins, the lowest scores first."""
    bins = metrics.equal_bins(score)
    for one in np.unique(bins):
        yield bins == one


def _grades(trials: list[Trial], cutoffs: Sequence[CutoffTrial], scores: Scores) -> Grades:
    return both(
        churn=_churn_grade(scores) if enough_of_both(trials) else UNKNOWN,
        value=_value_grade(scores, cutoffs) if enough_buyers(trials) else UNKNOWN,
    )


def _churn_grade(scores: Scores) -> Grade:
    own, rule = _own_and_best(scores, DECISIVE[Target.CHURN])
    error = scores[FORECAST].churn_calibration_error or 0.0
    if own <= rule * (1 - GOOD_LOG_LOSS_GAIN) and error <= GOOD_CALIBRATION_ERROR:
        return "good"
    return "fair" if own <= rule and error <= FAIR_CALIBRATION_ERROR else "weak"


def _value_grade(scores: Scores, cutoffs: Sequence[CutoffTrial]) -> Grade:
    own, rule = _own_and_best(scores, DECISIVE[Target.VALUE])
    actual = sum(one.actual_spend for one in cutoffs)
    error = abs(sum(one.predicted_spend for one in cutoffs) / actual - 1) if actual else 1.0
    if own >= rule + GOOD_GINI_GAIN and error <= GOOD_LEVEL_ERROR:
        return "good"
    return "fair" if own >= rule + FAIR_GINI_GAIN and error <= FAIR_LEVEL_ERROR else "weak"


def _own_and_best(scores: Scores, metric: Metric) -> tuple[float, float]:
    """The forecast's score and that of the strongest rule; its own again where there is none."""
    own = scores[FORECAST].of(metric)
    rule = strongest_rule(scores, metric)
    best = scores[rule].of(metric) if rule else own
    return (own or 0.0), (best or 0.0)
