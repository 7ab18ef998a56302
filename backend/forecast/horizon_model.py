"""The forecast for one horizon: the base at its level, and boosting, blended by evidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backend.behaviour.history import PurchaseDays
from backend.forecast.base_scores import Base, BaseScores
from backend.forecast.boosted import BuyBoosting, PurchaseBoosting
from backend.forecast.features import Features, describe
from backend.forecast.lifetime import summarise
from backend.forecast.prediction import CHUNK_BUYERS, Prediction, ShopTotals

UNSETTLED = ShopTotals()


@dataclass(frozen=True, slots=True)
class Level:
    """Corrections of the base that are the same for all customers.

    Attributes
    ----------
    orders
        Added to the log of expected purchase days.
    spend
        Added to the log of expected spend, besides `orders`.
    buy
        Added to the log odds of buying at all, besides `orders`.
    year_ago
        Whether `orders` comes from the same season a year ago.
    """

    orders: float = 0.0
    spend: float = 0.0
    buy: float = 0.0
    year_ago: bool = False


@dataclass(frozen=True, slots=True)
class Weights:
    """How much of the blend is boosting's, each in [0, 1)."""

    purchases: float = 0.0
    buy: float = 0.0


@dataclass(frozen=True, slots=True)
class HorizonModel:
    """The recipe for one horizon, fitted to a history up to its last day.

    Attributes
    ----------
    horizon_days
        Days after the end of the history that predictions are about.
    window_days
        Days that boosting has learnt to look ahead.
    base, level
        Lifetime models and what all customers' rates are multiplied by.
    purchases, buy
        Boosting; None where there was too little to learn from, or it was not asked for.
    weights
        Boosting's share in the blend.
    shop_spend_per_day
        Mean spend of a purchase day, currency units.
    totals
        What brings the blend to the totals of the base: what the whole shop alone can tell.
    """

    horizon_days: int
    window_days: int
    base: Base
    level: Level
    purchases: PurchaseBoosting | None
    buy: BuyBoosting | None
    weights: Weights
    shop_spend_per_day: float
    totals: ShopTotals = UNSETTLED

    def predict(self, days: PurchaseDays) -> Prediction:
        """Predict for buyers by their purchase days, whoever of the shop they are.

        ShopTotals are those of the base at its level: boosting moves purchases, spend and risk
        between customers, never up or down for the shop.
        """
        return self.totals.applied(self.before_totals(days)[1])

    def before_totals(self, days: PurchaseDays) -> tuple[Prediction, Prediction]:
        """Return the base's prediction and the blend's, before totals are matched."""
        parts = [self._part(batch) for batch in days.batches(CHUNK_BUYERS)]
        return Prediction.joined([base for base, _ in parts]), Prediction.joined(
            [blend for _, blend in parts]
        )

    def _part(self, days: PurchaseDays) -> tuple[Prediction, Prediction]:
        summary = summarise(days)
        horizon = self.base.score(summary, self.horizon_days).at_level(self.level.orders)
        window = horizon
        if self.window_days != self.horizon_days:
            window = self.base.score(summary, self.window_days).at_level(self.level.orders)
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
