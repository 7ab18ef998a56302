"""Where declared numbers come from that are more than a column of what was customers."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from backend.core.arrays import BoolArray, FloatArray
from backend.core.glossary import Status
from backend.results.declared import CHANCE, MONEY, Column
from backend.results.publishing import CustomerColumns, Publishing

CENT = Decimal("0.01")
LTV_LIMIT = Decimal(10) ** 8  # the guide's DECIMAL(10,2)
# Above it a customer counts as lost: without a limit the sum over CDNOW was 1.6 times all revenue
# expected, and the fifty highest had been silent for a year.
LOST_ABOVE = 0.8
LEAST_CHANCE_OF_ORDER = 1e-9


def segment(publishing: Publishing, part: str) -> Column:
    """Return a part of the label of each customer's segment."""
    labels = np.array([getattr(row, part) for row in publishing.segments], dtype=object)
    chosen: Column = labels[publishing.customers.segment]
    return chosen


def _objects(values: list[Any]) -> Column:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def _spent(customers: CustomerColumns) -> list[Decimal]:
    """Return the exact sums, in cents; 0 without orders."""
    return [Decimal(v).scaleb(-6).quantize(CENT) for v in customers.historical_micros.tolist()]


def historical_value(publishing: Publishing) -> Column:
    """Return the sum of counted orders, exact to the cent."""
    customers = publishing.customers
    pairs = zip(_spent(customers), customers.frequency.tolist(), strict=True)
    return _objects([value if count else None for value, count in pairs])


def _exact_ltv(customers: CustomerColumns) -> Column:
    pairs = zip(_spent(customers), MONEY.values(customers.predicted_value), strict=True)
    return _objects([None if more is None else value + more for value, more in pairs])


def _beyond_the_column(customers: CustomerColumns) -> BoolArray:
    """Tell whose value the guide's column cannot hold."""
    beyond = customers.historical_micros / 1e6 + customers.predicted_value > float(LTV_LIMIT) - 1
    beyond[beyond] = _exact_ltv(customers.rows(beyond)) >= LTV_LIMIT
    return beyond


def ltv(publishing: Publishing) -> Column:
    """Return what was and what is expected; None where the column cannot hold it."""
    value = _exact_ltv(publishing.customers)
    value[_beyond_the_column(publishing.customers)] = None
    return value


def status(publishing: Publishing) -> Column:
    """Return why numbers are unknown, those that the column cannot hold included."""
    status = publishing.customers.status.astype(object)
    status[_beyond_the_column(publishing.customers)] = str(Status.VALUE_OUT_OF_RANGE)
    return status


def avg_order_value(publishing: Publishing) -> Column:
    """Return the mean of counted orders, to the cent."""
    customers = publishing.customers
    pairs = zip(_spent(customers), customers.frequency.tolist(), strict=True)
    return _objects([(value / count).quantize(CENT) if count else None for value, count in pairs])


def next_order(publishing: Publishing, quantile: int) -> Column:
    """Return one of the three quantiles of the next order's time."""
    days, as_of = publishing.customers.next_order_days[:, quantile], publishing.as_of
    return _objects([None if d != d else as_of + timedelta(days=d) for d in days.tolist()])


def last_order_at(publishing: Publishing) -> Column:
    """Return when each customer last ordered; `recency_days` holds it to the microsecond."""
    days, as_of = publishing.customers.recency_days, publishing.as_of
    return _objects([None if d != d else as_of - timedelta(days=d) for d in days.tolist()])


def is_lost(churn_risk: FloatArray) -> BoolArray:
    """Tell whose risk, as it is published, is so high that there is nothing left to be at risk."""
    return np.asarray(np.round(churn_risk, CHANCE.places) > LOST_ABOVE)


def value_at_risk(
    churn_risk: FloatArray, no_order_chance: FloatArray, predicted_value: FloatArray
) -> FloatArray:
    """Return what customers would bring if they stay, times the chance that they do not.

    Parameters
    ----------
    churn_risk, no_order_chance
        Chances of no counted order within the churn and within the prediction horizon.
    predicted_value
        Expected spend within the prediction horizon, currency units.
    """
    orders = np.maximum(1 - no_order_chance, LEAST_CHANCE_OF_ORDER)
    return np.where(is_lost(churn_risk), 0.0, churn_risk * predicted_value / orders)


def lost(publishing: Publishing) -> Column:
    """Tell whose value is not at risk any more."""
    churn_risk = publishing.customers.churn_risk
    lost = is_lost(churn_risk).astype(object)
    lost[np.isnan(churn_risk)] = None
    return lost


def changed_at(publishing: Publishing) -> Column:
    """Return when each customer last moved."""
    return np.where(publishing.moved, publishing.alike(publishing.at), publishing.last.changed_at)
