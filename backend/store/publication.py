"""What one run publishes: customers in columns, segments in rows, moves, names, lineage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from numpy.typing import NDArray

from backend.results.customer_numbers import moved
from backend.results.learnt import LastTold, Learnt, Publishing
from backend.store.runs import CustomerIdType

Cause = Literal["behaviour", "model"]
GivenBy = Literal["person", "model"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRow:
    """One segment of the published run, in its rule's words.

    `profile` holds what has no column of its own.
    """

    id: str
    parent_id: str | None
    is_group: bool
    level: int
    name: str
    description: str | None
    customer_count: int
    avg_ltv: Decimal | None
    churn_risk_avg: float | None
    profile: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Words:
    """What a segment is called, and what is said of it."""

    name: str
    description: str | None


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
class LineageRow:
    """A segment that came or went: born, split, merged or died, and of or into which others."""

    segment_id: str
    event: str
    relatives: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """Everything one run publishes."""

    run_id: str
    token: str
    as_of: datetime
    customers: Learnt
    segments: Sequence[SegmentRow]
    moves: SegmentMoves
    lineage: Sequence[LineageRow]
    new_names: Mapping[str, GivenName]
    report: str
    explainer: str | None
    model: str | None
    retention: timedelta

    @property
    def customer_id_type(self) -> CustomerIdType:
        """What the shop's ids are."""
        return "integer" if self.customers.customer_id.dtype.kind in "iu" else "text"

    def publishing(self, at: datetime, last: LastTold) -> Publishing:
        """Return the customers as they are published now, beside what was told before."""
        this = Publishing(
            learnt=self.customers,
            segments=self.segments,
            run_id=self.run_id,
            as_of=self.as_of,
            at=at,
            last=last,
            moved=~last.known,
        )
        return replace(this, moved=moved(this))
