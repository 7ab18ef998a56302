"""What one run publishes: customers in columns, segments in rows, moves, names, lineage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from backend.core.customer_id import CustomerIds, CustomerIdType
from backend.core.glossary import Cause
from backend.forecast.explainer import Explainer
from backend.results.move import SegmentEvent
from backend.results.run_report import RunReport
from backend.results.segment import Segment
from backend.segments.segment_model import SegmentModel

GivenBy = Literal["person", "model"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerColumns:
    """What is known of every customer of the shop; arrays of shape (customers,), NaN unknown.

    Attributes
    ----------
    customer_id
        int64 or str.
    segment
        Index into the publication's segments, int64.
    status
        "scored", or why numbers are unknown.
    historical_micros
        int64, exact millionths of the currency unit.
    frequency
        int64, counted orders.
    age_days, usual_gap_days
        Days since the first counted order, and between days with orders.
    order_days
        int64, days with counted orders.
    typical_order_value
        Geometric mean of order values.
    """

    customer_id: NDArray[Any]
    segment: NDArray[np.int64]
    confidence: NDArray[np.float64]
    status: NDArray[np.str_]
    historical_micros: NDArray[np.int64]
    frequency: NDArray[np.int64]
    recency_days: NDArray[np.float64]
    predicted_value: NDArray[np.float64]
    predicted_value_low: NDArray[np.float64]
    predicted_value_high: NDArray[np.float64]
    predicted_orders: NDArray[np.float64]
    predicted_orders_low: NDArray[np.float64]
    predicted_orders_high: NDArray[np.float64]
    next_order_days: NDArray[np.float64]
    churn_risk: NDArray[np.float64]
    age_days: NDArray[np.float64]
    usual_gap_days: NDArray[np.float64]
    order_days: NDArray[np.int64]
    typical_order_value: NDArray[np.float64]

    @property
    def customer_id_type(self) -> CustomerIdType:
        """What the shop's ids are."""
        return CustomerIds(self.customer_id).kind


@dataclass(frozen=True, slots=True)
class GivenName:
    """A name that stays with a segment's id; without a description the rule's holds."""

    name: str
    description: str | None
    given_by: GivenBy


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentMoves:
    """Who changed segment; arrays of shape (moves,), ids as in the shop, None for no segment."""

    customer_id: NDArray[Any]
    from_segment_id: Sequence[str | None]
    to_segment_id: Sequence[str | None]
    cause: Sequence[Cause]


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """Everything one run publishes."""

    run_id: str
    token: str
    as_of: datetime
    customers: CustomerColumns
    segments: Sequence[Segment]
    moves: SegmentMoves
    lineage: Sequence[SegmentEvent]
    new_names: Mapping[str, GivenName]
    report: RunReport
    explainer: Explainer | None
    model: SegmentModel | None
    retention: timedelta
