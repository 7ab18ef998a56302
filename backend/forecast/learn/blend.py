"""The forecast for one horizon: the base at its level, and boosting, blended by evidence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from backend.behaviour.history import PurchaseDays
from backend.core.arrays import FloatArray, IntArray
from backend.forecast.learn.boosting import (
    BuyBoosting,
    PurchaseBoosting,
    fit_buy_boosting,
    fit_purchase_boosting,
)
from backend.forecast.learn.features import Features, describe
from backend.forecast.learn.forecast_tuning import (
    TUNED,
    BlendTuning,
    BoostingTuning,
    ForecastTuning,
)
from backend.forecast.learn.influence import limited_mean, limited_total
from backend.forecast.learn.level import (
    Level,
    estimate_level,
    matching_intercept,
    rarer_outcomes,
)
from backend.forecast.learn.lifetime import summarise
from backend.forecast.learn.lifetime_base import Base, BaseScores, fit_base
from backend.forecast.learn.past_cutoffs import Block, Plan, build_blocks, plan_cutoffs

CHUNK_BUYERS = 100_000


@dataclass(frozen=True, slots=True)
class Weights:
    """How much of the blend is boosting's, each in [0, 1)."""

    purchases: float = 0.0
    buy: float = 0.0


@dataclass(frozen=True, slots=True)
class Prediction:
    """What is expected of each buyer in the horizon, arrays of shape (buyers,).

    Attributes
    ----------
    customer
        Index of the customer in the history, ascending.
    purchase_days
        Expected purchase days, positive.
    spend
        Expected spend, currency units, positive.
    buy_logit
        Log odds of at least one purchase.
    """

    customer: IntArray
    purchase_days: FloatArray
    spend: FloatArray
    buy_logit: FloatArray

    @property
    def none(self) -> FloatArray:
        """Probability of no purchase in the horizon."""
        return np.asarray(expit(-self.buy_logit))

    def with_spend_power(self, power: float) -> Prediction:
        """Spread (power above 1) or draw together predicted spend; its total stays."""
        spend = self.spend**power
        spend *= limited_total(self.spend) / max(limited_total(spend), 1e-300)
        return Prediction(self.customer, self.purchase_days, spend, self.buy_logit)

    def at_level(self, purchases: float, spend: float) -> Prediction:
        """Multiply all purchase rates by ``exp(purchases)`` as a season does, spend likewise."""
        none = np.clip(self.none ** np.exp(purchases), 1e-9, 1 - 1e-9)
        return Prediction(
            self.customer,
            self.purchase_days * np.exp(purchases),
            self.spend * np.exp(spend),
            -logit(none),
        )


@dataclass(frozen=True, slots=True)
class HorizonModel:
    """The recipe for one horizon, fitted to a history up to its last day.

    Attributes
    ----------
    horizon_days
        Days after the end of the history that predictions are about.
    plan
        The cut-offs learnt from.
    base, level
        Lifetime models and what all customers' rates are multiplied by.
    purchases, buy
        Boosting; None where there was too little to learn from, or it was not asked for.
    weights
        Boosting's share in the blend.
    shop_spend_per_day
        Mean spend of a purchase day, currency units.
    totals_of_base
        Whether the blend's totals are the base's.
    """

    horizon_days: int
    plan: Plan
    base: Base
    level: Level
    purchases: PurchaseBoosting | None
    buy: BuyBoosting | None
    weights: Weights
    shop_spend_per_day: float
    totals_of_base: bool

    def predict(self, days: PurchaseDays) -> Prediction:
        """Predict for buyers by their purchase days, as of the day the model was fitted.

        Totals are those of the base at its level: boosting moves purchases, spend and risk
        between customers, never up or down for the shop.
        """
        parts = [self._part(chunk) for chunk in _chunks(days)]
        base = _joined([base for base, _ in parts])
        blend = _joined([blend for _, blend in parts])
        return _with_totals(blend, base) if self.totals_of_base else blend

    def _part(self, days: PurchaseDays) -> tuple[Prediction, Prediction]:
        """Return the base's prediction and the blend's, before totals are matched."""
        summary = summarise(days)
        horizon = self.base.score(summary, self.horizon_days).at_level(self.level.orders)
        window = horizon
        if self.plan.window_days != self.horizon_days:
            window = self.base.score(summary, self.plan.window_days).at_level(self.level.orders)
        base = Prediction(
            customer=summary.customer,
            purchase_days=horizon.expected,
            spend=horizon.expected * horizon.spend_per_day * np.exp(self.level.spend),
            buy_logit=horizon.buy_logit + self.level.buy,
        )
        if self.purchases is None and self.buy is None:
            return base, base
        features = describe(days, self.shop_spend_per_day)
        return base, self._blend(base, horizon, window, features)

    def _blend(
        self, base: Prediction, horizon: BaseScores, window: BaseScores, features: Features
    ) -> Prediction:
        """Mix base and boosting in logs and log odds.

        Boosting knows the label window; the base's own growth takes it on to the horizon. Spend
        follows purchases: a boosting of its own ranked no better and erred more on large orders.
        """
        purchases, spend, buy = base.purchase_days, base.spend, base.buy_logit
        if self.purchases is not None:
            growth = np.log(horizon.expected / window.expected)
            boosted = self.purchases.log_mean(features, window) + growth
            more = np.exp(self.weights.purchases * (boosted - np.log(purchases)))
            purchases, spend = purchases * more, spend * more
        if self.buy is not None:
            odds_growth = horizon.buy_logit - window.buy_logit
            boosted = self.buy.logit(features) + odds_growth
            buy = (1 - self.weights.buy) * buy + self.weights.buy * boosted
        return Prediction(base.customer, purchases, spend, buy)


def fit_horizon(
    days: PurchaseDays,
    horizon_days: int,
    *,
    seed: int,
    purchases: bool = True,
    tuning: ForecastTuning = TUNED,
) -> HorizonModel:
    """Fit the recipe to purchase days, at least one of them.

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
    """
    plan = plan_cutoffs(days, horizon_days, tuning.cutoffs)
    blocks = build_blocks(days, plan, seed=seed, tuning=tuning)
    summary = summarise(days)
    base = fit_base(summary, tuning.lifetime)
    boosting, enough = tuning.boosting, _enough_to_boost(blocks, tuning.boosting)
    return HorizonModel(
        horizon_days=horizon_days,
        plan=plan,
        base=base,
        level=estimate_level(plan, blocks, base.score(summary, horizon_days), tuning.level),
        purchases=(
            fit_purchase_boosting(blocks, seed=seed, tuning=boosting)
            if purchases and enough
            else None
        ),
        buy=fit_buy_boosting(blocks, seed=seed, tuning=boosting) if enough else None,
        weights=_weights(blocks, tuning.blend) if enough else Weights(),
        shop_spend_per_day=limited_mean(days.spend),
        totals_of_base=tuning.blend.totals_of_base,
    )


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


def _with_totals(blend: Prediction, base: Prediction) -> Prediction:
    return Prediction(
        customer=blend.customer,
        purchase_days=_with_total(blend.purchase_days, base.purchase_days.sum()),
        spend=blend.spend * (limited_total(base.spend) / limited_total(blend.spend)),
        buy_logit=blend.buy_logit + _intercept(blend.buy_logit, base.buy_logit),
    )


def _with_total(values: FloatArray, total: float) -> FloatArray:
    return np.asarray(values * (total / values.sum()))


def _intercept(blend: FloatArray, base: FloatArray) -> float:
    """What to add to the blend's logits for the mean probability to be the base's."""
    if blend is base or np.array_equal(blend, base):
        return 0.0
    return matching_intercept(blend, float(expit(base).mean()))


def _chunks(days: PurchaseDays) -> Iterator[PurchaseDays]:
    """Cut purchase days into batches of whole customers, so that memory stays bounded."""
    starts = days.starts[::CHUNK_BUYERS]
    ends = np.append(starts[1:], len(days.customer))
    for start, end in zip(starts, ends, strict=True):
        yield days.rows(int(start), int(end))


def _joined(parts: list[Prediction]) -> Prediction:
    return Prediction(
        np.concatenate([p.customer for p in parts]),
        np.concatenate([p.purchase_days for p in parts]),
        np.concatenate([p.spend for p in parts]),
        np.concatenate([p.buy_logit for p in parts]),
    )
