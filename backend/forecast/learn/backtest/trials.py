"""The recipe tried on the shop's own past: predicted with what was known, compared with what came.

Each trial repeats the whole recipe at an earlier cut-off, training table and all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from backend.behaviour.history import PurchaseDays
from backend.core.arrays import FloatArray
from backend.forecast.influence import ComparedTotals, compared_totals
from backend.forecast.learn.backtest.simple_rules import simple_rules
from backend.forecast.learn.blend import fit_horizon, settle
from backend.forecast.learn.forecast_tuning import TUNED, ForecastTuning
from backend.forecast.learn.lifetime_base import FittedBases
from backend.forecast.learn.past_cutoffs import outcomes, plan_cutoffs
from backend.forecast.lifetime import summarise
from backend.forecast.prediction import Prediction

LEAST_BUYERS_TO_JUDGE = 50
LEAST_OUTCOMES = 20


@dataclass(frozen=True, slots=True)
class Trial:
    """One forecast of the past, with what came of it; arrays of shape (buyers,).

    Attributes
    ----------
    cutoff
        Day number; only what was before it was known.
    horizon_days
        Days predicted.
    prediction
        By the recipe.
    rules
        By simple rules, by their names.
    purchase_days, spend
        What came in the horizon.
    """

    cutoff: int
    horizon_days: int
    prediction: Prediction
    rules: dict[str, Prediction]
    purchase_days: FloatArray
    spend: FloatArray


def trials_to_run(
    days: PurchaseDays,
    horizon_days: int,
    *,
    seed: int,
    purchases: bool = True,
    tuning: ForecastTuning = TUNED,
    bases: FittedBases | None = None,
) -> list[Callable[[], Trial | None]]:
    """Return what tries the recipe at up to three earlier cut-offs, the latest first.

    Parameters
    ----------
    days
        Purchase days known, of a sample of the buyers where there are many.
    horizon_days
        The forecast's horizon; trials have half the history where that is shorter.
    seed
        As for the recipe.
    purchases
        Whether boosting of purchases is wanted, besides that of buying at all.
    tuning
        As for the recipe.
    bases
        Of the same purchase days; what it lacks is fitted.

    Returns
    -------
    Each says what it found, or None where hardly anybody was known by then.
    """
    bases = bases or FittedBases(tuning.lifetime)
    cutoffs, window = trial_cutoffs(days, horizon_days, tuning)
    how: dict[str, Any] = {"seed": seed, "purchases": purchases, "tuning": tuning, "bases": bases}
    return [partial(_try, days, cutoff, window, **how) for cutoff in cutoffs]


def trial_cutoffs(
    days: PurchaseDays, horizon_days: int, tuning: ForecastTuning = TUNED
) -> tuple[list[int], int]:
    """Return cut-offs half a window apart, latest first, and the length of the window."""
    window = plan_cutoffs(days, horizon_days, tuning.cutoffs).window_days
    first_day = int(days.day.min())
    shortest = max((days.as_of_day - first_day) / 4, min(window / 2, 90))
    step = max(window // 2, 1)
    latest = days.as_of_day - window
    cutoffs = [latest - i * step for i in range(tuning.trials.most)]
    return [c for c in cutoffs if c - first_day >= shortest], window


def compared_with(prediction: Prediction, trial: Trial) -> ComparedTotals:
    """Compare the spend that came with what was predicted of the trial's buyers."""
    per_day = prediction.spend / prediction.purchase_days
    return compared_totals(trial.spend, trial.purchase_days, prediction.spend, per_day)


def enough_buyers(trials: list[Trial]) -> bool:
    """Whether what was said of value held, or did not, by more than luck."""
    buyers = sum(len(t.spend) for t in trials)
    return buyers >= LEAST_BUYERS_TO_JUDGE and _came(trials) >= LEAST_OUTCOMES


def enough_of_both(trials: list[Trial]) -> bool:
    """The same of churn: there must be some who came back, and some who did not."""
    buyers = sum(len(t.spend) for t in trials)
    return enough_buyers(trials) and buyers - _came(trials) >= LEAST_OUTCOMES


def _came(trials: list[Trial]) -> int:
    return sum(int((t.purchase_days > 0).sum()) for t in trials)


def _try(
    days: PurchaseDays,
    cutoff: int,
    window_days: int,
    *,
    seed: int,
    purchases: bool,
    tuning: ForecastTuning,
    bases: FittedBases,
) -> Trial | None:
    known = days.before(cutoff)
    summary = summarise(known)
    if len(summary) < tuning.trials.least_buyers or not summary.x.any():
        return None
    fewer = replace(tuning, cutoffs=replace(tuning.cutoffs, most_rows=tuning.trials.most_rows))
    model = fit_horizon(
        known, window_days, seed=seed, purchases=purchases, tuning=fewer, bases=bases
    )
    _, prediction = settle(model, model.before_totals(known), tuning.blend)
    bought, spend = outcomes(days, summary.customer, cutoff, window_days)
    return Trial(
        cutoff=cutoff,
        horizon_days=window_days,
        prediction=prediction,
        rules=simple_rules(known, window_days),
        purchase_days=bought,
        spend=spend,
    )
