"""The one way from orders to numbers: pure, and the same for a whole shop and for one customer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.behaviour.customer_facts import CustomerFacts
from backend.behaviour.history import OrderHistory, PurchaseDays
from backend.core.arrays import IntArray
from backend.core.glossary import Status
from backend.forecast.forecast_columns import ForecastColumns
from backend.forecast.forecast_model import ForecastModel
from backend.results.publishing import CustomerColumns
from backend.scoring.readings import Readings
from backend.scoring.scoring_model import ScoringModel
from backend.segments.buyers import Behaviour, behaviour_of
from backend.segments.habit_evidence import with_habits
from backend.segments.placing import Placed, place


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """What a model says of customers as of an instant.

    Attributes
    ----------
    readings
        What was read of them.
    history, behaviour, facts
        What their orders come to.
    forecast
        What will come.
    placed
        The segments they are in.
    status
        Whether the numbers of those with orders are known, and why not.
    """

    readings: Readings
    as_of: datetime
    history: OrderHistory
    behaviour: Behaviour
    facts: CustomerFacts
    forecast: ForecastColumns
    placed: Placed
    status: Status

    def columns(self, place_of: Mapping[str, int]) -> CustomerColumns:
        """Return all that is known of the customers.

        Parameters
        ----------
        place_of
            Where each segment stands among those that are told, by its id.
        """
        told, facts, history = self.forecast, self.facts, self.history
        order_days, typical_value = self._behaviour()
        places = [place_of[identity] for identity in self.placed.ids.tolist()]
        return CustomerColumns(
            customer_id=self.readings.customer_ids,
            segment=np.array(places, dtype=np.int64),
            confidence=self.placed.confidence,
            status=self._status(),
            historical_micros=self.readings.micros_per_customer(self.as_of),
            frequency=history.frequency,
            recency_days=facts.recency_days,
            predicted_value=told.predicted_value,
            predicted_value_low=told.predicted_value_low,
            predicted_value_high=told.predicted_value_high,
            predicted_orders=told.predicted_orders,
            predicted_orders_low=told.predicted_orders_low,
            predicted_orders_high=told.predicted_orders_high,
            next_order_days=told.next_order_days,
            churn_risk=told.churn_risk,
            no_order_chance=told.no_order_chance,
            age_days=facts.age_days,
            usual_gap_days=facts.usual_gap_days,
            order_days=order_days,
            typical_order_value=typical_value,
        )

    def _behaviour(self) -> tuple[IntArray, NDArray[np.float64]]:
        """Return days with orders, and the geometric mean of order values, of every customer."""
        order_days = np.zeros(self.history.customer_count, dtype=np.int64)
        typical_value = np.full(self.history.customer_count, np.nan)
        order_days[self.behaviour.customer] = self.behaviour.order_days
        typical_value[self.behaviour.customer] = np.exp(self.behaviour.mean_log_value)
        return order_days, typical_value

    def _status(self) -> NDArray[Any]:
        """Return one of two texts each; an array of texts would hold every one of them apart."""
        words = np.array([str(self.status), str(Status.NO_ORDERS)], dtype=object)
        told: NDArray[Any] = words[(self.history.frequency == 0).astype(np.intp)]
        return told


def score(model: ScoringModel, readings: Readings, as_of: datetime) -> Scored:
    """Score customers by what a run has learnt.

    A run does the same with all customers, once it has learnt: what needs the whole shop (levels,
    totals, ranks, confidence) is in the model, so a customer alone gets the digits that they get
    among all others.

    Parameters
    ----------
    model
        Of the run.
    readings
        Of any of the shop's customers.
    as_of
        Aware; only orders created before it count.
    """
    history = readings.history(as_of)
    days = history.purchase_days()
    behaviour = behaviour_of(history)
    if model.segments is not None and model.segments.traits:
        behaviour = with_habits(behaviour, history, readings.baskets, model.habits)
    was = readings.was[behaviour.customer]
    return Scored(
        readings=readings,
        as_of=as_of,
        history=history,
        behaviour=behaviour,
        facts=CustomerFacts.of(history),
        forecast=_forecast(model.forecast, days, history.customer_count),
        placed=place(model.segments, behaviour, history.customer_count, was),
        status=Status.NOT_SCORED_YET if model.forecast is None else model.forecast.status,
    )


def _forecast(model: ForecastModel | None, days: PurchaseDays, customers: int) -> ForecastColumns:
    if model is None:
        return ForecastColumns.unknown(customers)
    return model.forecast(days, customers)
