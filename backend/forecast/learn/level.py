"""The level: how much more or less the shop sells in the horizon than the base expects.

Seasons and trends move all customers together. The label windows show by how much the base
missed; only the window of the same season a year ago says much about the one to come.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from backend.core.arrays import FloatArray
from backend.forecast.base_scores import BaseScores
from backend.forecast.horizon_model import Level
from backend.forecast.influence import ComparedTotals, compared_totals
from backend.forecast.learn.forecast_tuning import TUNED, LevelTuning
from backend.forecast.learn.past_cutoffs import Block, Plan

MOST_STEPS = 60


def estimate_level(
    plan: Plan, blocks: list[Block], now: BaseScores, tuning: LevelTuning = TUNED.level
) -> Level:
    """Estimate the corrections from what came after past cut-offs.

    Parameters
    ----------
    plan, blocks
        The past.
    now
        The base's scores of the present, for the horizon.
    tuning
        How far the past is trusted.
    """
    if not blocks:
        return Level()
    year_ago = next((b for b in blocks if b.cutoff == plan.year_ago), None)
    orders = _recent_level(blocks, tuning) if year_ago is None else _last_years(year_ago, tuning)
    buy = _buy_intercept(blocks, now.at_level(orders), tuning)
    return Level(float(orders), _spend_drift(blocks, tuning), buy, year_ago is not None)


def _last_years(block: Block, tuning: LevelTuning) -> float:
    half = tuning.year_ago_half_purchases
    return tuning.year_ago_trust * _shrunk(block.level, block.level_purchases, half)


def _recent_level(blocks: list[Block], tuning: LevelTuning) -> float:
    purchases, half = sum(b.level_purchases for b in blocks), tuning.recent_half_purchases
    return tuning.recent_trust * _shrunk(np.mean([b.level for b in blocks]), purchases, half)


def _shrunk(value: float | np.floating, evidence: float, half: float) -> float:
    """Shrink towards zero; by half where the evidence equals `half`."""
    return float(value) * evidence / (evidence + half)


def _spend_drift(blocks: list[Block], tuning: LevelTuning) -> float:
    """Log of actual over expected spend, given the level of purchases."""
    sums = [_compared(b) for b in blocks]
    actual, expected = sum(one.came for one in sums), sum(one.expected for one in sums)
    if actual <= 0:
        return 0.0
    purchases = float(sum(b.purchase_days.sum() for b in blocks)) / len(blocks)
    missed = np.log(actual / expected)
    return tuning.spend_trust * _shrunk(missed, purchases, tuning.spend_half_purchases)


def _compared(block: Block) -> ComparedTotals:
    per_day = block.base.spend_per_day
    return compared_totals(block.spend, block.purchase_days, block.base.expected * per_day, per_day)


def _buy_intercept(blocks: list[Block], now: BaseScores, tuning: LevelTuning) -> float:
    """Log odds by which more (or fewer) customers buy than the models' mean says.

    The models disagree about how many customers share a given number of purchases; those that
    got it right at past cut-offs decide. What all of them missed there is not carried over: a
    season moves it.
    """
    says = _says_by_model(blocks, tuning.tolerated_share)
    return matching_intercept(now.buy_logit, float(says @ now.buying_by_model))


def _says_by_model(blocks: list[Block], tolerated_share: float) -> FloatArray:
    """How much say each model has in the number of buyers, shape (models,), sum 1."""
    gaps = [(b.purchase_days > 0).mean() - b.base.buying_by_model for b in blocks]
    rows = np.mean([len(b.purchase_days) for b in blocks])
    # A coin's variance: what a gap is by chance.
    off = np.sqrt(np.mean(gaps, axis=0) ** 2 + 0.25 / rows)
    says = np.exp(-(off - off.min()) / tolerated_share)
    return np.asarray(says / says.sum())


def rarer_outcomes(blocks: list[Block]) -> float:
    """Customers per block in the rarer of the two outcomes, buying and not buying."""
    bought = np.concatenate([b.purchase_days > 0 for b in blocks])
    return float(min(bought.sum(), len(bought) - bought.sum())) / len(blocks)


def matching_intercept(logits: FloatArray, mean: float) -> float:
    """Return what must be added to the logits for their probabilities to have the given mean."""
    mean = min(max(mean, 1e-6), 1 - 1e-6)
    low, high, shift = -40.0, 40.0, 0.0
    for _ in range(MOST_STEPS):
        p = expit(logits + shift)
        gap, slope = mean - float(p.mean()), float((p * (1 - p)).mean())
        low, high = (shift, high) if gap > 0 else (low, shift)
        if abs(gap) < 1e-12:
            break
        # Newton's step where it stays between what is too low and too high, else halfway.
        step = shift + gap / slope if slope > 1e-12 else high
        shift = step if low < step < high else (low + high) / 2
    return shift
