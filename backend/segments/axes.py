"""The axes on which customers and segments are described, each with its formula and its needs.

An axis is NaN for a customer who lacks what it needs: undefined is not zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.behaviour.baskets import Baskets
from backend.behaviour.customer_facts import CustomerFacts
from backend.behaviour.history import OrderHistory
from backend.core.arrays import FloatArray
from backend.segments.habits import is_holiday, is_weekend

FEWEST_GAPS, FEWEST_ORDERS, FEWEST_LINES = 3, 3, 2
SEASON_TENURE_DAYS = 300


@dataclass(frozen=True, slots=True)
class Axis:
    """One way to describe a customer.

    Attributes
    ----------
    formula, unit, needs
        How it is computed, in what unit, and what it needs to be defined.
    """

    formula: str
    unit: str
    needs: str


AXES: Mapping[str, Axis] = {
    "recency_days": Axis("as_of - last order", "days", "an order"),
    "frequency": Axis("number of counted orders", "orders", "an order"),
    "monetary_avg": Axis("historical_value / frequency", "currency", "an order"),
    "usual_gap_days": Axis("(last - first day) / (order days - 1)", "days", "2 order days"),
    "rhythm": Axis(
        "standard deviation / mean of the gaps between order days; 0 is a clock, 1 is chance",
        "ratio",
        "4 order days",
    ),
    "trend": Axis(
        "orders after the middle between first order and as_of, the first not counted, / others",
        "share",
        "3 orders",
    ),
    "basket_size": Axis("units / orders with lines", "units", "an order line"),
    "product_variety": Axis(
        "distinct products / lines",
        "share",
        "2 order lines",
    ),
    "vendor_variety": Axis("number of distinct vendors", "vendors", "a line with a vendor"),
    "repurchase_share": Axis(
        "products on more than one order / distinct products",
        "share",
        "2 orders with lines",
    ),
    "weekend_share": Axis(
        "orders on Saturday or Sunday (UTC) / orders",
        "share",
        "3 orders",
    ),
    "season_share": Axis(
        "orders from 10 November to 31 December / orders",
        "share",
        "3 orders, the first 300 days before as_of",
    ),
}


def axes_of(
    history: OrderHistory, facts: CustomerFacts, baskets: Baskets | None
) -> dict[str, FloatArray]:
    """Compute every axis; arrays of shape (customers,), by name as in `AXES`."""
    count = np.where(history.frequency >= FEWEST_ORDERS, history.frequency, np.nan)
    seasonal = np.where(facts.age_days >= SEASON_TENURE_DAYS, count, np.nan)
    return {
        "recency_days": facts.recency_days,
        "frequency": facts.frequency,
        "monetary_avg": facts.avg_order_value,
        "usual_gap_days": facts.usual_gap_days,
        "rhythm": _rhythm(history),
        "trend": _trend(history, facts),
        **_of_baskets(history.customer_count, baskets),
        "weekend_share": _count(history, is_weekend(history.created_at)) / count,
        "season_share": _count(history, is_holiday(history.created_at)) / seasonal,
    }


def _count(history: OrderHistory, chosen: NDArray[np.bool_]) -> FloatArray:
    hits: FloatArray = np.bincount(
        history.customer_index, chosen, minlength=history.customer_count
    ).astype(float)
    return hits


def _rhythm(history: OrderHistory) -> FloatArray:
    gaps, size = history.purchase_days().gaps(), history.customer_count
    count = gaps.count(size)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = gaps.sum(gaps.days, size) / count
        variance = np.maximum(gaps.sum(gaps.days**2, size) / count - mean**2, 0)
        return np.where(count >= FEWEST_GAPS, np.sqrt(variance) / mean, np.nan)


def _trend(history: OrderHistory, facts: CustomerFacts) -> FloatArray:
    age = (history.as_of - history.created_at) / np.timedelta64(1, "D")
    later = _count(history, age < facts.age_days[history.customer_index] / 2)
    others = np.where(history.frequency >= FEWEST_ORDERS, history.frequency - 1.0, np.nan)
    return later / others


def _of_baskets(customer_count: int, baskets: Baskets | None) -> dict[str, FloatArray]:
    names = ("basket_size", "product_variety", "vendor_variety", "repurchase_share")
    if baskets is None:
        return {name: np.full(customer_count, np.nan) for name in names}
    with np.errstate(invalid="ignore", divide="ignore"):
        products = np.where(baskets.distinct_products > 0, baskets.distinct_products, np.nan)
        return {
            "basket_size": np.where(baskets.orders > 0, baskets.units / baskets.orders, np.nan),
            "product_variety": np.where(
                baskets.lines >= FEWEST_LINES, products / baskets.lines, np.nan
            ),
            "vendor_variety": baskets.distinct_vendors,
            "repurchase_share": np.where(
                baskets.orders > 1, baskets.repeated_products / products, np.nan
            ),
        }
