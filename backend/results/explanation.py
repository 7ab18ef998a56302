"""Why a customer's numbers and segment are what they are."""

from dataclasses import dataclass
from typing import Literal

from backend.results.root import Result

ExplainedFact = Literal["recency", "frequency", "order_value", "age", "details"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution(Result):
    """One fact's part in a number."""

    feature: ExplainedFact
    """The fact; "details" is what the others leave."""
    amount: float
    """What it adds, in the unit of the number."""
    reason: str
    """The fact in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedNumber(Result):
    """A number as the shop's average plus what moves this customer away from it."""

    base: float
    """Mean over the shop's customers with orders."""
    score: float
    """This customer's number: base plus all contributions."""
    contributions: tuple[Contribution, ...]
    """The largest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing(Result):
    """What would take a customer to another segment, as the standing borders have it."""

    by: Literal["orders", "silence"]
    """More orders, or none for some days."""
    amount: int
    """Orders of the usual value on different days, or days without an order; at least 1."""
    within_days: int | None
    """How soon one more order must come: while the customer is still here; null for several
    orders, and for silence."""
    segment_id: str
    """Where they would be."""
    segment_name: str
    """Its name."""
    sentence: str
    """All of it in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentReason(Result):
    """Why a customer is in a segment, and what would change it."""

    why: str
    """The customer's own facts."""
    rule: str | None
    """The segment's rule, to compare them with."""
    crossings: tuple[Crossing, ...]
    """By orders and by silence; empty where nothing moves the customer, or borders are unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation(Result):
    """Why a customer's numbers are what they are; null where they are unknown."""

    churn_risk: ExplainedNumber | None
    """Null where there is no churn risk, or the run left nothing to explain it by."""
    predicted_value: ExplainedNumber | None
    """Null likewise."""
    segment: SegmentReason | None
    """Null before the first run, and where the segment is no longer published."""
