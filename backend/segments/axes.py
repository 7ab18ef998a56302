"""The axes on which customers and segments are described, each with its unit.

An axis is NaN for a customer who lacks what it needs: undefined is not zero.
"""

from collections.abc import Mapping
from typing import Literal

import numpy as np

from backend.behaviour.baskets import Baskets
from backend.behaviour.customer_facts import CustomerFacts
from backend.behaviour.history import OrderHistory
from backend.core.arrays import FloatArray
from backend.segments.habits import is_holiday, is_weekend

FEWEST_GAPS, FEWEST_ORDERS, FEWEST_LINES = 3, 3, 2
SEASON_TENURE_DAYS = 300


Unit = Literal["days", "orders", "currency", "ratio", "share", "units", "vendors"]
# How each is computed, and what it needs to be defined: docs/segments.md.
AXES: Mapping[str, Unit] = {
    "recency_days": "days",
    "frequency": "orders",
    "monetary_avg": "currency",
    "usual_gap_days": "days",
    "rhythm": "ratio",
    "trend": "share",
    "basket_size": "units",
    "product_variety": "share",
    "vendor_variety": "vendors",
    "repurchase_share": "share",
    "weekend_share": "share",
    "season_share": "share",
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
        "weekend_share": history.count_where(is_weekend) / count,
        "season_share": history.count_where(is_holiday) / seasonal,
    }


def _rhythm(history: OrderHistory) -> FloatArray:
    count, days, squares = history.sums_of_gaps(np.ones_like, np.positive, np.square)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = days / count
        variance = np.maximum(squares / count - mean**2, 0)
        return np.where(count >= FEWEST_GAPS, np.sqrt(variance) / mean, np.nan)


def _trend(history: OrderHistory, facts: CustomerFacts) -> FloatArray:
    later = np.empty(history.customer_count)
    for whose, part in history.parts():
        age = (part.as_of - part.created_at) / np.timedelta64(1, "D")
        later[whose] = part.count_of(age < facts.age_days[whose][part.customer_index] / 2)
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
