"""Who and what changed between two runs: customers their segment, segments their existence."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from backend.core.glossary import Cause, Fate
from backend.results.root import Result, Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Move(Result):
    """One customer's change of segment."""

    id: int
    """Ascending: what came later has a greater one."""
    customer_id: str
    """The shop's id, as text."""
    from_segment_id: str | None
    """Null: newly known."""
    to_segment_id: str | None
    """Null: gone from the shop."""
    changed_at: datetime
    """When it was published."""
    run_id: str
    """The run that found it."""
    cause: Cause
    """behaviour: the customer ordered or time passed; model: the border moved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentEvent(Result):
    """What happened to one segment."""

    segment_id: str
    """The segment that came or went."""
    event: Fate
    """split: it is a part of one other segment, from where most of its customers come; born: it
    came about in any other way; merged: most of its customers went to one other segment, which is
    not a part of it; died: it went in any other way."""
    relatives: Mapping[str, Share]
    """Share of its customers by segment they came from (born, split) or went to (merged, died),
    those of at least a tenth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineageEvent(SegmentEvent):
    """A segment that came or went, and when."""

    happened_at: datetime
    """When it was published."""
    run_id: str
    """The run that found it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MovesByCause(Result):
    """Customers who changed segment, by why."""

    behaviour: int = 0
    """The customer ordered, or time passed."""
    model: int = 0
    """The border moved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentFlow(Result):
    """Customers who went from one segment to another."""

    from_: str
    """Id of the segment where they were."""
    to: str
    """Id of the segment where they are."""
    customers: int
    """How many, at least 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveCounts(Result):
    """Who changed segment, apart from who appeared and who is gone; customers."""

    total: int
    """In another segment than before."""
    appeared: int | None
    """Not known before; null in the first reports, which counted them among the total."""
    gone: int | None
    """Known before, and no longer in the shop; null likewise."""
    by_cause: MovesByCause
    """The total, by why."""
    flows: tuple[SegmentFlow, ...]
    """The total, by from where to where, the largest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveCount(Result):
    """How many went from one segment to another, for one cause."""

    from_segment_id: str | None
    """Null: newly known."""
    to_segment_id: str | None
    """Null: gone from the shop."""
    cause: Cause
    """behaviour: the customers ordered or time passed; model: the border moved."""
    customers: int
    """Moves counted; who went there twice counts twice. At least 1."""
