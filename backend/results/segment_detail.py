"""One segment with all that is to be said of it: its money, its history in one step, its rule."""

from dataclasses import dataclass
from datetime import datetime

from backend.results.root import Result
from backend.results.segment import Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour(Result):
    """Customers who came from a segment with the served run, or went there."""

    segment_id: str | None
    """Null: newly known, or gone from the shop."""
    customers: int
    """At least 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentDetail(Segment):
    """A segment, what its customers bring, and who came and went with the served run."""

    historical_revenue: float | None
    """Sum of its customers' `historical_value`, currency units; null where nobody has ordered."""
    expected_revenue: float | None
    """Sum of their `predicted_value`: expected within the prediction horizon; null likewise."""
    revenue_at_risk: float | None
    """Sum of their `value_at_risk`; not a part of expected_revenue. Null likewise."""
    came_from: tuple[Neighbour, ...]
    """Most first."""
    went_to: tuple[Neighbour, ...]
    """Most first."""
    run_id: str
    """The run that is served."""
    as_of: datetime
    """The instant that it describes."""
