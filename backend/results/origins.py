"""Where declared numbers come from that are more than a column of what was customers."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from backend.core.arrays import BoolArray, FloatArray, IntArray
from backend.core.glossary import Status
from backend.core.typed_cells import TypedCells, divided, instant64
from backend.results.declared import CHANCE, MONEY, Column
from backend.results.publishing import CustomerColumns, Publishing

MICROS_PER_CENT = 10_000
MICROS_PER_DAY = 86_400_000_000
LTV_LIMIT = 10**10  # in cents: the guide's DECIMAL(10,2)
# Above it a customer counts as lost: without a limit the sum over CDNOW was 1.6 times all revenue
# expected, and the fifty highest had been silent for a year.
LOST_ABOVE = 0.8
LEAST_CHANCE_OF_ORDER = 1e-9


def segment(publishing: Publishing, part: str) -> Column:
    """Return a part of the label of each customer's segment."""
    labels = np.array([getattr(row, part) for row in publishing.segments], dtype=object)
    chosen: Column = labels[publishing.customers.segment]
    return chosen


def _spent(customers: CustomerColumns) -> IntArray:
    """Return the exact sums, in whole cents; 0 without orders."""
    return divided(customers.historical_micros, MICROS_PER_CENT)


def historical_value(publishing: Publishing) -> TypedCells:
    """Return the sum of counted orders, exact to the cent."""
    customers = publishing.customers
    return TypedCells(_spent(customers), customers.frequency > 0, MONEY.places)


def _exact_ltv(customers: CustomerColumns) -> TypedCells:
    more = MONEY.cells(customers.predicted_value)
    return replace(more, values=_spent(customers) + more.values)


def ltv(publishing: Publishing) -> TypedCells:
    """Return what was and what is expected; None where the column cannot hold it."""
    value = _exact_ltv(publishing.customers)
    return replace(value, known=value.known & (value.values < LTV_LIMIT))


def status(publishing: Publishing) -> Column:
    """Return why numbers are unknown, those that the column cannot hold included."""
    status = publishing.customers.status.astype(object)
    value = _exact_ltv(publishing.customers)
    status[value.known & (value.values >= LTV_LIMIT)] = str(Status.VALUE_OUT_OF_RANGE)
    return status


def avg_order_value(publishing: Publishing) -> TypedCells:
    """Return the mean of counted orders, to the cent."""
    customers = publishing.customers
    mean = divided(_spent(customers), np.maximum(customers.frequency, 1))
    return TypedCells(mean, customers.frequency > 0, MONEY.places)


def next_order(publishing: Publishing, quantile: int) -> Column:
    """Return one of the three quantiles of the next order's time."""
    days = publishing.customers.next_order_days[:, quantile]
    return publishing.as_of + _micros(days)


def last_order_at(publishing: Publishing) -> Column:
    """Return when each customer last ordered; `recency_days` holds it to the microsecond."""
    return publishing.as_of - _micros(publishing.customers.recency_days)


def first_order_at(publishing: Publishing) -> Column:
    """Return when each customer first ordered; `age_days` holds it to the microsecond."""
    return publishing.as_of - _micros(publishing.customers.age_days)


def _micros(days: FloatArray) -> NDArray[np.timedelta64]:
    """Round days to whole microseconds, as `timedelta` does: the parts of a day apart."""
    part, whole = np.modf(days)
    known = ~np.isnan(days)
    micros = np.where(known, whole * MICROS_PER_DAY + np.rint(part * MICROS_PER_DAY), 0)
    return np.where(known, micros.astype("timedelta64[us]"), np.timedelta64("NaT", "us"))


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


def lost(publishing: Publishing) -> TypedCells:
    """Tell whose value is not at risk any more."""
    churn_risk = publishing.customers.churn_risk
    return TypedCells(is_lost(churn_risk), ~np.isnan(churn_risk))


def changed_at(publishing: Publishing) -> Column:
    """Return when each customer last moved."""
    return np.where(publishing.moved, instant64(publishing.at), publishing.last.changed_at)
