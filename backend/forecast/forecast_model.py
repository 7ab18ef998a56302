"""What a run has learnt of a whole shop's future: all that it takes to forecast any customer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backend.behaviour.history import PurchaseDays
from backend.core.arrays import FloatArray
from backend.core.glossary import Status
from backend.forecast.chances import logit
from backend.forecast.forecast_columns import ForecastColumns
from backend.forecast.horizon_model import HorizonModel
from backend.forecast.intervals import IntervalModel
from backend.forecast.lifetime import summarise
from backend.forecast.next_order import QUANTILES, next_purchase_days
from backend.forecast.prediction import CHUNK_BUYERS, Prediction, SpendPower


@dataclass(frozen=True, slots=True)
class ForecastHorizons:
    """How far the forecast looks, in days."""

    value_days: int
    churn_days: int

    @property
    def equal(self) -> bool:
        """Whether one forecast answers both."""
        return self.value_days == self.churn_days

    @property
    def longer(self) -> int:
        """How far it looks at most."""
        return max(self.value_days, self.churn_days)

    def in_order(self, none: FloatArray, churn: FloatArray) -> FloatArray:
        """Return the chance of no order in the value horizon, bounded by that in the churn horizon.

        The two are learnt apart; nobody who orders within the shorter does not within the longer.
        """
        longer = self.value_days >= self.churn_days
        return np.minimum(none, churn) if longer else np.maximum(none, churn)


@dataclass(frozen=True, slots=True)
class Predicted:
    """Of all buyers.

    Attributes
    ----------
    value
        What is expected within the value horizon.
    churn, none
        Shape (buyers,), chance of no purchase within the churn and within the value horizon.
    waits
        Shape (buyers, 3), days to the next purchase: quantiles, NaN beyond the longer horizon.
    """

    value: Prediction
    churn: FloatArray
    none: FloatArray
    waits: FloatArray


@dataclass(frozen=True, slots=True)
class Recipe:
    """Lifetime models and boosting, of a shop in which customers have come back.

    Attributes
    ----------
    value, churn
        For the two horizons; churn is None where one answers both.
    spend_power
        What the shop's past taught of spreading spend.
    horizons
        Of the forecast.
    """

    value: HorizonModel
    churn: HorizonModel | None
    spend_power: SpendPower
    horizons: ForecastHorizons

    def predict(self, days: PurchaseDays) -> Predicted:
        """Predict for any of the shop's buyers."""
        value = self.spend_power.applied(self.value.predict(days))
        return self.told(days, value, None if self.churn is None else self.churn.predict(days))

    def told(self, days: PurchaseDays, value: Prediction, churn: Prediction | None) -> Predicted:
        """Tell what follows from the predictions for both horizons."""
        churn = value if churn is None else churn
        return Predicted(
            value=value,
            churn=churn.none,
            none=self.horizons.in_order(value.none, churn.none),
            waits=self._waits(days, value, churn),
        )

    def _waits(self, days: PurchaseDays, value: Prediction, churn: Prediction) -> FloatArray:
        """Quantiles of the wait, anchored at the longer horizon's chance of a purchase."""
        value_is_longer = self.horizons.value_days >= self.horizons.churn_days
        buy_logit = value.buy_logit if value_is_longer else churn.buy_logit
        waits, done = np.empty((len(buy_logit), len(QUANTILES))), 0
        for summary in map(summarise, days.batches(CHUNK_BUYERS)):
            rows = slice(done, done + len(summary.customer))
            done = rows.stop
            waits[rows] = next_purchase_days(
                self.value.base.mbg_nbd, summary, buy_logit[rows], self.horizons.longer
            )
        return waits


@dataclass(frozen=True, slots=True)
class BaseRate:
    """The same for everyone: nobody has come back, so nothing tells customers apart.

    Attributes
    ----------
    per_day
        Purchase days of a customer.
    spend
        What a customer has spent, on average, currency units.
    horizons
        Of the forecast.
    """

    per_day: float
    spend: float
    horizons: ForecastHorizons

    def predict(self, days: PurchaseDays) -> Predicted:
        """Predict for any of the shop's buyers."""
        customer = days.buyers
        everyone, expected = np.ones(len(customer)), self.per_day * self.horizons.value_days
        value = Prediction(
            customer,
            everyone * expected,
            everyone * expected * self.spend,
            everyone * float(logit(-np.expm1(-expected))),
        )
        return Predicted(
            value=value,
            churn=everyone * np.exp(-self.per_day * self.horizons.churn_days),
            none=everyone * np.exp(-expected),
            waits=np.tile(self._waits(), (len(customer), 1)),
        )

    def _waits(self) -> FloatArray:
        """Quantiles of an exponential wait."""
        waits = -np.log1p(-np.array(QUANTILES)) / self.per_day
        return np.where(waits <= self.horizons.longer, waits, np.nan)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastModel:
    """The forecast of one run, learnt from the whole shop; it says the same of one customer alone.

    Attributes
    ----------
    status
        "scored", or why its numbers say little.
    how
        What it predicts by.
    intervals
        How far outcomes lie from predictions.
    orders_per_day
        Of the shop: orders on a purchase day.
    """

    status: Status
    how: Recipe | BaseRate
    intervals: IntervalModel
    orders_per_day: float

    def forecast(self, days: PurchaseDays, customers: int) -> ForecastColumns:
        """Forecast customers by their purchase days.

        Parameters
        ----------
        days
            Of any of the shop's customers, as of any instant.
        customers
            How many there are, those without purchase days included.
        """
        if not len(days.day):
            return ForecastColumns.unknown(customers)
        return self.told(self.how.predict(days), customers)

    def told(self, predicted: Predicted, customers: int) -> ForecastColumns:
        """Tell of all customers what is predicted of the buyers, in orders instead of days."""
        value, per_day = predicted.value, self.orders_per_day
        inside = self.intervals.intervals(value)
        of_buyers = ForecastColumns(
            predicted_orders=value.purchase_days * per_day,
            predicted_value=value.spend,
            churn_risk=predicted.churn,
            no_order_chance=predicted.none,
            predicted_orders_low=np.round(inside.purchase_days_low * per_day),
            predicted_orders_high=np.round(inside.purchase_days_high * per_day),
            predicted_value_low=inside.spend_low,
            predicted_value_high=inside.spend_high,
            next_order_days=predicted.waits,
        )
        return of_buyers.among(customers, value.customer)
