"""The recipe fitted for one horizon, and brought to the totals of the shop that it is for."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np

from backend.behaviour.history import PurchaseDays
from backend.core.arrays import FloatArray, IntArray
from backend.forecast.chances import expit
from backend.forecast.horizon_model import HorizonModel, Weights
from backend.forecast.influence import limited_mean, matching_factor
from backend.forecast.learn.boosting import (
    fit_buy_boosting,
    fit_purchase_boosting,
    training_matrix,
)
from backend.forecast.learn.forecast_tuning import (
    TUNED,
    BlendTuning,
    BoostingTuning,
    ForecastTuning,
)
from backend.forecast.learn.level import (
    estimate_level,
    matching_intercept,
    rarer_outcomes,
)
from backend.forecast.learn.lifetime_base import FittedBases
from backend.forecast.learn.past_cutoffs import Block, build_blocks, plan_cutoffs
from backend.forecast.lifetime import summarise
from backend.forecast.prediction import Prediction, ShopTotals

Foreseen = tuple[Prediction, Prediction]
"""What the base and what the blend say of buyers, before totals are matched."""


class Foresee(Protocol):
    """What predicts for all buyers of a shop: at once, or in parts of whole customers."""

    def __call__(self, model: HorizonModel, days: PurchaseDays) -> Foreseen:
        """Return what `model.before_totals(days)` does, to the last digit."""


def foresee_at_once(model: HorizonModel, days: PurchaseDays) -> Foreseen:
    """Predict for all buyers here and now."""
    return model.before_totals(days)


def fit_horizon(
    days: PurchaseDays,
    horizon_days: int,
    *,
    seed: int,
    purchases: bool = True,
    tuning: ForecastTuning = TUNED,
    bases: FittedBases | None = None,
) -> HorizonModel:
    """Fit the recipe to purchase days, at least one of them; its totals are still to be settled.

    Parameters
    ----------
    days
        Purchase days known; the last day known is where the horizon starts.
    horizon_days
        Days to predict, at least 1.
    seed
        Decides samples of rows and of features.
    purchases
        Whether boosting of purchases is wanted, besides that of buying at all.
    tuning
        What may be tried otherwise.
    bases
        Of the history that these are a part of; what it lacks is fitted.
    """
    bases = bases or FittedBases(tuning.lifetime)
    plan = plan_cutoffs(days, horizon_days, tuning.cutoffs)
    blocks = build_blocks(days, plan, seed=seed, tuning=tuning, bases=bases)
    summary = summarise(days)
    base = bases.of(days, summary)
    model = HorizonModel(
        horizon_days=horizon_days,
        window_days=plan.window_days,
        base=base,
        level=estimate_level(plan, blocks, base.score(summary, horizon_days), tuning.level),
        purchases=None,
        buy=None,
        weights=Weights(),
        shop_spend_per_day=limited_mean(days.spend),
    )
    if not _enough_to_boost(blocks, tuning.boosting):
        return model
    return _boosted(model, blocks, seed=seed, purchases=purchases, tuning=tuning)


def _boosted(
    model: HorizonModel, blocks: list[Block], *, seed: int, purchases: bool, tuning: ForecastTuning
) -> HorizonModel:
    matrix, boosting = training_matrix(blocks), tuning.boosting
    bought = None
    if purchases:
        bought = fit_purchase_boosting(blocks, matrix, seed=seed, tuning=boosting)
    buy = fit_buy_boosting(blocks, matrix, seed=seed, tuning=boosting)
    return replace(model, purchases=bought, buy=buy, weights=_weights(blocks, tuning.blend))


def _enough_to_boost(blocks: list[Block], tuning: BoostingTuning) -> bool:
    if not blocks:
        return False
    purchases = sum(b.purchase_days.sum() for b in blocks)
    enough = rarer_outcomes(blocks) >= tuning.least_rarer_outcomes
    return bool(enough and purchases >= tuning.least_purchases)


def _weights(blocks: list[Block], tuning: BlendTuning) -> Weights:
    """Trust boosting by the purchases (and non-purchases) it could learn from, per block."""
    purchases = sum(b.purchase_days.sum() for b in blocks) / len(blocks)
    rarer = rarer_outcomes(blocks)
    return Weights(
        purchases=float(tuning.most_purchases * purchases / (purchases + tuning.half_at_purchases)),
        buy=float(tuning.most_buying * rarer / (rarer + tuning.half_at_rarer_outcomes)),
    )


def settle(
    model: HorizonModel,
    foreseen: Foreseen,
    tuning: BlendTuning = TUNED.blend,
    *,
    over: IntArray | None = None,
) -> tuple[HorizonModel, Prediction]:
    """Bring the blend to the totals of the base over a whole shop.

    Parameters
    ----------
    model
        As it was fitted.
    foreseen
        What it says of all buyers.
    tuning
        What may be tried otherwise.
    over
        Rows of the buyers whose totals are compared; None for all of them.

    Returns
    -------
    model
        As it predicts for any of the shop's buyers.
    prediction
        For all of them.
    """
    base, blend = foreseen
    totals = ShopTotals()
    if tuning.totals_of_base:
        totals = _totals(base, blend) if over is None else _totals(base.of(over), blend.of(over))
    return replace(model, totals=totals), totals.applied(blend)


def _totals(base: Prediction, blend: Prediction) -> ShopTotals:
    return ShopTotals(
        purchases=float(base.purchase_days.sum() / blend.purchase_days.sum()),
        spend=matching_factor(base.spend, blend.spend),
        buy=_intercept(blend.buy_logit, base.buy_logit),
    )


def _intercept(blend: FloatArray, base: FloatArray) -> float:
    """What to add to the blend's logits for the mean probability to be the base's."""
    if blend is base or np.array_equal(blend, base):
        return 0.0
    return matching_intercept(blend, float(expit(base).mean()))
