"""The rolling-origin table: what was known at past cut-offs and what came of it.

A block looks back at one cut-off, with only what was known then, and forward through the label
window, which ends by the end of the history. Nothing after `as_of` exists here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backend.behaviour.history import PurchaseDays
from backend.core.arrays import FloatArray, IntArray
from backend.forecast.base_scores import BaseScores
from backend.forecast.features import Features, describe
from backend.forecast.influence import limited_mean
from backend.forecast.learn.forecast_tuning import TUNED, CutoffTuning, ForecastTuning
from backend.forecast.learn.lifetime_base import FittedBases
from backend.forecast.lifetime import summarise

YEAR_DAYS = 364  # whole weeks, so that the season a year ago has the same weekdays


@dataclass(frozen=True, slots=True)
class Plan:
    """Where to look back from.

    Attributes
    ----------
    window_days
        Length of the label windows.
    cutoffs
        Day numbers, latest first; windows overlap.
    year_ago
        The cut-off whose window is the horizon's season a year ago; None where unknown.
    """

    window_days: int
    cutoffs: tuple[int, ...]
    year_ago: int | None


@dataclass(frozen=True, slots=True)
class Block:
    """One cut-off with what came of it; arrays of shape (rows,), a sample of its buyers.

    Attributes
    ----------
    cutoff
        Day number.
    features
        Known at the cut-off.
    base
        The base's scores for the label window at the window's own level, so that what is learnt
        from the block is the shape of behaviour and not the season it fell in.
    purchase_days, spend
        What came in the label window.
    level
        Log of actual over expected purchase days of all buyers.
    level_purchases
        Purchase days in the label window behind the level.
    """

    cutoff: int
    features: Features
    base: BaseScores
    purchase_days: FloatArray
    spend: FloatArray
    level: float
    level_purchases: float


def plan_cutoffs(
    days: PurchaseDays, horizon_days: int, tuning: CutoffTuning = TUNED.cutoffs
) -> Plan:
    """Choose label windows as long as the horizon where the history allows, else half of it."""
    first_day = int(days.day.min())
    length = days.as_of_day - first_day
    window = horizon_days if length >= 1.75 * horizon_days else max(length // 2, 1)
    step = max(window // 4, 7)
    latest = days.as_of_day - window
    shortest = max(length / 4, min(window / 2, 90))
    recent = range(latest, latest - tuning.most_recent * step, -step)
    cutoffs = [c for c in recent if c - first_day >= shortest]
    year_ago = None
    if window <= YEAR_DAYS + 7 and length - YEAR_DAYS >= max(90, window // 4):
        season = days.as_of_day - max(YEAR_DAYS, window)
        near = [c for c in cutoffs if abs(c - season) <= tuning.near_days]
        year_ago = min(near, key=lambda c: abs(c - season)) if near else season
        cutoffs += [] if near else [season]
    return Plan(window, tuple(cutoffs), year_ago)


def build_blocks(
    days: PurchaseDays,
    plan: Plan,
    *,
    seed: int,
    tuning: ForecastTuning = TUNED,
    bases: FittedBases | None = None,
) -> list[Block]:
    """Look back from every cut-off of the plan, at samples of the buyers where there are many."""
    bases = bases or FittedBases(tuning.lifetime)
    rng = np.random.default_rng(seed)
    each = tuning.cutoffs.most_rows // max(len(plan.cutoffs), 1)
    rows = max(tuning.cutoffs.fewest_rows_each, each)
    window = plan.window_days
    return [build_block(days, cutoff, window, rows, rng, tuning, bases) for cutoff in plan.cutoffs]


def build_block(
    days: PurchaseDays,
    cutoff: int,
    window_days: int,
    most_rows: int,
    rng: np.random.Generator,
    tuning: ForecastTuning = TUNED,
    bases: FittedBases | None = None,
) -> Block:
    """Look back from one cut-off: fit the base to what was known, count what came."""
    bases = bases or FittedBases(tuning.lifetime)
    known = days.before(cutoff)
    summary = summarise(known)
    base = bases.of(known, summary).score(summary, window_days)
    bought, spend = outcomes(days, summary.customer, cutoff, window_days)
    more = tuning.cutoffs.level_pseudo_purchases
    level = float(np.log(bought.sum() + more) - np.log(base.expected.sum() + more))
    rows = np.arange(len(summary))
    if len(rows) > most_rows:
        rows = np.sort(rng.choice(rows, most_rows, replace=False))
    sample = known.of(summary.customer[rows])
    return Block(
        cutoff=cutoff,
        features=describe(sample, limited_mean(known.spend)),
        base=base.at_level(level).take(rows),
        purchase_days=bought[rows],
        spend=spend[rows],
        level=level,
        level_purchases=float(bought.sum()),
    )


def outcomes(
    days: PurchaseDays, customers: IntArray, cutoff: int, window_days: int
) -> tuple[FloatArray, FloatArray]:
    """Return purchase days and spend of the given customers in [cutoff, cutoff + window)."""
    came = days.between(cutoff, cutoff + window_days)
    size = int(days.customer[-1]) + 1
    bought = np.bincount(came.customer, minlength=size)[customers].astype(float)
    spend = np.bincount(came.customer, came.spend, minlength=size)[customers].astype(float)
    return bought, spend
