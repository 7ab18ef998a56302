"""What is expected of buyers within a horizon."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from backend.core.arrays import FloatArray, IntArray
from backend.forecast.chances import expit, logit
from backend.forecast.influence import limited_total

CHUNK_BUYERS = 100_000


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
        return expit(-self.buy_logit)

    def with_spend_power(self, power: float) -> Prediction:
        """Spread (power above 1) or draw together predicted spend; its total stays."""
        return SpendPower.over(self, power).applied(self)

    def at_level(self, purchases: float, spend: float) -> Prediction:
        """Multiply all purchase rates by ``exp(purchases)`` as a season does, spend likewise."""
        none = np.clip(self.none ** np.exp(purchases), 1e-9, 1 - 1e-9)
        return Prediction(
            self.customer,
            self.purchase_days * np.exp(purchases),
            self.spend * np.exp(spend),
            -logit(none),
        )

    def of(self, rows: IntArray) -> Prediction:
        """Return what is expected of some of the buyers."""
        return Prediction(
            self.customer[rows], self.purchase_days[rows], self.spend[rows], self.buy_logit[rows]
        )

    @classmethod
    def of_nobody(cls) -> Prediction:
        """Return what is expected where there is no buyer."""
        nothing = np.zeros(0)
        return cls(np.zeros(0, dtype=np.int64), nothing, nothing, nothing)

    def parts(self) -> Iterator[Prediction]:
        """Give some buyers after others, so that what is made of them takes a bounded memory."""
        for start in range(0, max(len(self.customer), 1), CHUNK_BUYERS):
            rows = slice(start, start + CHUNK_BUYERS)
            yield Prediction(
                self.customer[rows],
                self.purchase_days[rows],
                self.spend[rows],
                self.buy_logit[rows],
            )

    @classmethod
    def joined(cls, parts: list[Prediction]) -> Prediction:
        """Put predictions of different buyers together, in their order."""
        return cls(
            np.concatenate([p.customer for p in parts]),
            np.concatenate([p.purchase_days for p in parts]),
            np.concatenate([p.spend for p in parts]),
            np.concatenate([p.buy_logit for p in parts]),
        )


@dataclass(frozen=True, slots=True)
class ShopTotals:
    """What brings a shop's predictions to the totals that they are to have.

    Attributes
    ----------
    purchases, spend
        Multiplied with.
    buy
        Added to the log odds.
    """

    purchases: float = 1.0
    spend: float = 1.0
    buy: float = 0.0

    def applied(self, prediction: Prediction) -> Prediction:
        """Return a prediction of any of the shop's buyers at these totals."""
        return Prediction(
            customer=prediction.customer,
            purchase_days=prediction.purchase_days * self.purchases,
            spend=prediction.spend * self.spend,
            buy_logit=prediction.buy_logit + self.buy,
        )


@dataclass(frozen=True, slots=True)
class SpendPower:
    """Spreads predicted spend by a power, and keeps the shop's total by a factor."""

    power: float = 1.0
    factor: float = 1.0

    @classmethod
    def over(cls, prediction: Prediction, power: float) -> SpendPower:
        """Find the factor that keeps the total of a whole shop's prediction."""
        spread = limited_total(prediction.spend**power)
        return cls(power, limited_total(prediction.spend) / max(spread, 1e-300))

    def applied(self, prediction: Prediction) -> Prediction:
        """Return a prediction of any of the shop's buyers, its spend spread."""
        return replace(prediction, spend=prediction.spend**self.power * self.factor)
