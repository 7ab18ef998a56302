"""The level: how much more or less the shop sells in the horizon than the base expects.

Seasons and trends move all customers together. The label windows show by how much the base
missed; only the window of the same season a year ago says much about the one to come.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from backend.core.arrays import FloatArray
from backend.forecast.learn.lifetime_base import BaseScores
from backend.forecast.learn.past_cutoffs import Block, Plan

# Trust in what was seen, before it is shrunk by the purchases it rests on (chosen on other shops).
TRUST_YEAR_AGO = 0.75
TRUST_RECENT = 0.2
# A model loses most of its say when its share of buyers is off by this much, at a known level.
TOLERATED_SHARE = 0.02
MOST_STEPS = 60


@dataclass(frozen=True, slots=True)
class Level:
    """Corrections of the base that are the same for all customers.

    Attributes
    ----------
    orders
        Added to the log of expected purchase days.
    buy
        Added to the log odds of buying at all, besides `orders`.
    year_ago
        Whether `orders` comes from the same season a year ago.
    """

    orders: float = 0.0
    buy: float = 0.0
    year_ago: bool = False


def estimate_level(plan: Plan, blocks: list[Block], now: BaseScores) -> Level:
    """Estimate the corrections from what came after past cut-offs.

    Parameters
    ----------
    plan, blocks
        The past.
    now
        The base's scores of the present, for the horizon.
    """
    if not blocks:
        return Level()
    year_ago = [b for b in blocks if b.cutoff == plan.year_ago]
    if year_ago:
        orders = TRUST_YEAR_AGO * _shrunk(year_ago[0].level, year_ago[0].level_purchases, 50)
    else:
        purchases = sum(b.level_purchases for b in blocks)
        orders = TRUST_RECENT * _shrunk(np.mean([b.level for b in blocks]), purchases, 200)
    buy = _buy_intercept(blocks, now.at_level(orders))
    return Level(float(orders), buy, bool(year_ago))


def _shrunk(value: float | np.floating, evidence: float, half: float) -> float:
    """Shrink towards zero; by half where the evidence equals `half`."""
    return float(value) * evidence / (evidence + half)


def _buy_intercept(blocks: list[Block], now: BaseScores) -> float:
    """Log odds by which more (or fewer) customers buy than the models' mean says.

    The models disagree about how many customers share a given number of purchases; those that
    got it right at past cut-offs decide. What all of them missed there is not carried over: a
    season moves it.
    """
    says = _says_by_model(blocks)
    return matching_intercept(now.buy_logit, float(says @ now.buying_by_model))


def _says_by_model(blocks: list[Block]) -> FloatArray:
    """How much say each model has in the number of buyers, shape (3,), sum 1."""
    gaps = [(b.purchase_days > 0).mean() - b.base.buying_by_model for b in blocks]
    rows = np.mean([len(b.purchase_days) for b in blocks])
    # A coin's variance: what a gap is by chance.
    off = np.sqrt(np.mean(gaps, axis=0) ** 2 + 0.25 / rows)
    says = np.exp(-(off - off.min()) / TOLERATED_SHARE)
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
