"""A segment as it is shown: how many, what they are worth, and how they behave."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from backend.modelling.forecast import Forecast
from backend.modelling.segmentation.behaviour import BoolArray, FloatArray
from backend.modelling.segmentation.vocabulary import BY_ID, name_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One segment.

    Attributes
    ----------
    level
        Depth: 1 = a whole life stage, 2 = inside it.
    share_of_customers, share_of_revenue
        In [0, 1], of all customers and of all they have spent.
    characteristics
        Medians over its customers, None where there is nothing to take them of.
    shop
        The same medians over all customers with orders.
    """

    id: str
    parent_id: str | None
    level: int
    name: str
    description: str
    customer_count: int
    share_of_customers: float
    share_of_revenue: float | None
    avg_ltv: float | None
    churn_risk_avg: float | None
    characteristics: dict[str, float | None]
    shop: dict[str, float | None]

    def as_dict(self) -> dict[str, Any]:
        """Return the segment as plain JSON values."""
        return asdict(self)


def describe(identity: str, chosen: BoolArray, forecast: Forecast) -> Segment:
    """Measure one segment; `chosen` has shape (customers,)."""
    facts = forecast.facts
    spent = np.nan_to_num(facts.avg_order_value * facts.frequency)
    medians = _medians(chosen, forecast)
    total = float(spent.sum())
    return Segment(
        id=identity,
        parent_id=None,
        level=2 if identity in BY_ID else 1,
        name=name_of(identity),
        description=_sentence(medians),
        customer_count=int(chosen.sum()),
        share_of_customers=round(float(chosen.mean()), 4),
        share_of_revenue=round(float(spent[chosen].sum()) / total, 4) if total else None,
        avg_ltv=_mean((spent + forecast.predicted_value)[chosen], 2),
        churn_risk_avg=_mean(forecast.churn_risk[chosen], 4),
        characteristics=medians,
        shop=_medians(np.ones(len(chosen), dtype=bool), forecast),
    )


def _medians(chosen: BoolArray, forecast: Forecast) -> dict[str, float | None]:
    facts = forecast.facts
    columns = {
        "recency_days": facts.recency_days,
        "frequency": facts.frequency,
        "monetary_avg": facts.avg_order_value,
        "usual_gap_days": facts.usual_gap_days,
    }
    return {name: _median(column[chosen]) for name, column in columns.items()}


def _sentence(medians: dict[str, float | None]) -> str:
    frequency, recency = medians["frequency"], medians["recency_days"]
    if frequency is None or recency is None:
        return "Have not ordered yet."
    orders = "one order" if frequency < 2 else f"{frequency:.0f} orders"
    return (
        f"Typically {orders} of {medians['monetary_avg']:,.2f}, "
        f"the last one {recency:.0f} days ago."
    )


def _median(values: FloatArray) -> float | None:
    known = values[~np.isnan(values)]
    return round(float(np.median(known)), 2) if len(known) else None


def _mean(values: FloatArray, places: int) -> float | None:
    known = values[~np.isnan(values)]
    return round(float(known.mean()), places) if len(known) else None
