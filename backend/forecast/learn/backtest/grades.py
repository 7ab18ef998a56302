"""What the trials show, for people: metrics beside simple rules, calibration, lift, and a grade."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from backend.core.arrays import BoolArray, FloatArray
from backend.forecast.learn.backtest import metrics
from backend.forecast.learn.backtest.trials import Trial, enough_buyers, enough_of_both
from backend.forecast.learn.blend import Prediction

Grade = Literal["good", "fair", "weak", "not enough history"]
FORECAST = "forecast"
GOOD_LOG_LOSS_GAIN = 0.05
GOOD_CALIBRATION_ERROR = 0.05
FAIR_CALIBRATION_ERROR = 0.10
GOOD_GINI_GAIN = 0.02
FAIR_GINI_GAIN = -0.005
GOOD_LEVEL_ERROR = 0.15
FAIR_LEVEL_ERROR = 0.40
THRESHOLDS = {
    "churn": {
        "good": "log loss at least 5 % below the best simple rule's, and predicted and actual "
        "shares at most 5 points apart on average",
        "fair": "log loss no worse than the best simple rule's, and at most 10 points apart",
        "weak": "anything less",
    },
    "value": {
        "good": "spend Gini at least .02 above the best simple rule's, and predicted spend within "
        "15 % of what came, over all cut-offs",
        "fair": "spend Gini no more than .005 below the best simple rule's, and within 40 %",
        "weak": "anything less",
    },
    "not enough history": "fewer than 50 buyers, or fewer than 20 of them who came back (for churn "
    "also: who did not), in the cut-offs that could be tried",
}


@dataclass(frozen=True, slots=True)
class BacktestReport:
    """The trials of one horizon, as plain numbers.

    Attributes
    ----------
    horizon_days
        Length of the trials' horizon; half the history where that is shorter than the forecast's.
    cutoffs
        What was predicted and what came, by cut-off, the latest first.
    scores
        Metrics of the forecast and of each simple rule, means over the cut-offs.
    calibration
        Ten equally large bins of customers by churn risk: predicted and actual share.
    lift
        Ten equally large bins by predicted spend, the highest first: predicted and actual mean,
        share of all spend.
    grades
        In words, by target, with "overall" the worse of the two.
    """

    horizon_days: int
    cutoffs: list[dict[str, Any]]
    scores: dict[str, dict[str, float | None]]
    calibration: list[dict[str, float]]
    lift: list[dict[str, float]]
    grades: dict[str, Grade]

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain JSON values."""
        return {
            "horizon_days": self.horizon_days,
            "cutoffs": self.cutoffs,
            "metrics": self.scores,
            "strongest_rule": {
                "churn": strongest_rule(self.scores, "churn_log_loss"),
                "value": strongest_rule(self.scores, "spend_gini"),
            },
            "calibration": self.calibration,
            "lift": self.lift,
            "grade": self.grades,
        }


def make_report(trials: list[Trial], predictions: list[Prediction]) -> BacktestReport | None:
    """Sum up trials; `predictions` are the forecast's, in the trials' order, as calibrated."""
    if not trials:
        return None
    scores = _mean_scores(trials, predictions)
    cutoffs = [_cutoff(t, p) for t, p in zip(trials, predictions, strict=True)]
    return BacktestReport(
        horizon_days=trials[0].horizon_days,
        cutoffs=cutoffs,
        scores=scores,
        calibration=_calibration(trials, predictions),
        lift=_lift(trials, predictions),
        grades=_grades(trials, cutoffs, scores),
    )


def strongest_rule(scores: dict[str, dict[str, float | None]], metric: str) -> str | None:
    """Name the simple rule that does best: lowest log loss or highest Gini."""
    sign = -1.0 if metric.endswith("gini") else 1.0
    known = {
        name: sign * value
        for name, values in scores.items()
        if name != FORECAST and (value := values[metric]) is not None
    }
    return min(known, key=lambda name: known[name]) if known else None


def _score(prediction: Prediction, trial: Trial) -> dict[str, float]:
    left = (trial.purchase_days == 0).astype(float)
    return {
        "orders_rmse": metrics.root_mean_squared_error(
            prediction.purchase_days, trial.purchase_days
        ),
        "orders_gini": metrics.normalised_gini(prediction.purchase_days, trial.purchase_days),
        "spend_rmse": metrics.root_mean_squared_error(prediction.spend, trial.spend),
        "spend_gini": metrics.normalised_gini(prediction.spend, trial.spend),
        "spend_decile_error": metrics.decile_error(prediction.spend, trial.spend),
        "churn_auc": metrics.area_under_curve(prediction.none, left),
        "churn_log_loss": metrics.log_loss(prediction.none, left),
        "churn_calibration_error": metrics.calibration_error(prediction.none, left),
    }


def _mean_scores(
    trials: list[Trial], predictions: list[Prediction]
) -> dict[str, dict[str, float | None]]:
    rules = set.intersection(*(set(t.rules) for t in trials))
    candidates = {FORECAST: predictions, **{r: [t.rules[r] for t in trials] for r in sorted(rules)}}
    return {
        name: _mean([_score(p, t) for p, t in zip(made, trials, strict=True)])
        for name, made in candidates.items()
    }


def _mean(scores: list[dict[str, float]]) -> dict[str, float | None]:
    means: dict[str, float | None] = {}
    for name in scores[0]:
        known = [s[name] for s in scores if np.isfinite(s[name])]
        means[name] = float(np.mean(known)) if known else None
    return means


def _cutoff(trial: Trial, prediction: Prediction) -> dict[str, Any]:
    predicted, actual = float(prediction.spend.sum()), float(trial.spend.sum())
    return {
        "date": str(np.datetime64(trial.cutoff, "D")),
        "customers": len(trial.spend),
        "predicted_purchase_days": float(prediction.purchase_days.sum()),
        "actual_purchase_days": float(trial.purchase_days.sum()),
        "predicted_spend": predicted,
        "actual_spend": actual,
        "level_error": predicted / actual - 1 if actual else None,
        "predicted_churn": float(prediction.none.mean()),
        "actual_churn": float((trial.purchase_days == 0).mean()),
    }


def _calibration(trials: list[Trial], predictions: list[Prediction]) -> list[dict[str, float]]:
    risk = np.concatenate([p.none for p in predictions])
    left = np.concatenate([t.purchase_days == 0 for t in trials])

    def row(members: BoolArray) -> dict[str, float]:
        return {
            "customers": int(members.sum()),
            "from": float(risk[members].min()),
            "to": float(risk[members].max()),
            "predicted": float(risk[members].mean()),
            "actual": float(left[members].mean()),
        }

    return _by_bin(risk, row)


def _lift(trials: list[Trial], predictions: list[Prediction]) -> list[dict[str, float]]:
    predicted = np.concatenate([p.spend for p in predictions])
    actual = np.concatenate([t.spend for t in trials])
    total = float(actual.sum())

    def row(members: BoolArray) -> dict[str, float]:
        return {
            "customers": int(members.sum()),
            "predicted": float(predicted[members].mean()),
            "actual": float(actual[members].mean()),
            "share_of_spend": float(actual[members].sum()) / total if total else 0.0,
        }

    return _by_bin(predicted, row)[::-1]


def _by_bin(
    score: FloatArray, row: Callable[[BoolArray], dict[str, float]]
) -> list[dict[str, float]]:
    bins = metrics.equal_bins(score)
    return [row(bins == b) for b in np.unique(bins)]


def _grades(
    trials: list[Trial],
    cutoffs: list[dict[str, Any]],
    scores: dict[str, dict[str, float | None]],
) -> dict[str, Grade]:
    churn: Grade = _churn_grade(scores) if enough_of_both(trials) else "not enough history"
    value: Grade = _value_grade(scores, cutoffs) if enough_buyers(trials) else "not enough history"
    order: tuple[Grade, ...] = ("good", "fair", "weak", "not enough history")
    return {"churn": churn, "value": value, "overall": max(churn, value, key=order.index)}


def _churn_grade(scores: dict[str, dict[str, float | None]]) -> Grade:
    own, rule = _own_and_best(scores, "churn_log_loss")
    error = scores[FORECAST]["churn_calibration_error"] or 0.0
    if own <= rule * (1 - GOOD_LOG_LOSS_GAIN) and error <= GOOD_CALIBRATION_ERROR:
        return "good"
    return "fair" if own <= rule and error <= FAIR_CALIBRATION_ERROR else "weak"


def _value_grade(
    scores: dict[str, dict[str, float | None]], cutoffs: list[dict[str, Any]]
) -> Grade:
    own, rule = _own_and_best(scores, "spend_gini")
    actual = sum(c["actual_spend"] for c in cutoffs)
    error = abs(sum(c["predicted_spend"] for c in cutoffs) / actual - 1) if actual else 1.0
    if own >= rule + GOOD_GINI_GAIN and error <= GOOD_LEVEL_ERROR:
        return "good"
    return "fair" if own >= rule + FAIR_GINI_GAIN and error <= FAIR_LEVEL_ERROR else "weak"


def _own_and_best(scores: dict[str, dict[str, float | None]], metric: str) -> tuple[float, float]:
    """The forecast's score and that of the strongest rule; its own again where there is none."""
    own = scores[FORECAST][metric]
    rule = strongest_rule(scores, metric)
    best = scores[rule][metric] if rule else own
    return (own or 0.0), (best or 0.0)
