"""The conditions of a list become SQL."""

import operator
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select

from backend.core.glossary import HeldOut
from backend.results.customer_filter import GROUP, MOVED_AT, Comparison, Condition, CustomerFilter
from backend.store.tables import customer_intelligence, segment_changes, segments

Clause = ColumnElement[bool]


def conditions(chosen: CustomerFilter) -> list[Clause]:
    """Return what rows of `customer_intelligence` have in common; NULL meets no condition."""
    return [_clause(one, asked) for one, asked in chosen.given()]


def _clause(one: Condition, asked: Any) -> Clause:
    if one.of in ELSEWHERE:
        return ELSEWHERE[one.of](asked)
    return COMPARED[one.comparison](customer_intelligence.c[one.of], asked)


COMPARED: dict[Comparison, Callable[[ColumnElement[Any], Any], Clause]] = {
    Comparison.ONE_OF: lambda column, asked: column.in_(asked),
    Comparison.AT_LEAST: operator.ge,
    Comparison.SINCE: operator.ge,
    Comparison.AT_MOST: operator.le,
    Comparison.BEFORE: operator.lt,
    Comparison.HELD_OUT: lambda column, asked: (
        column.is_(None) if asked is HeldOut.EXCLUDE else column.is_not(None)
    ),
}


def _in_groups(groups: Sequence[str]) -> Clause:
    # A group's parts may be groups; no part of theirs is one (`Segment.level` is at most 3).
    parts = select(segments.c.id).where(segments.c.parent_id.in_(groups))
    inside = segments.c.id.in_(parts) | segments.c.parent_id.in_(parts)
    return customer_intelligence.c.archetype_id.in_(select(segments.c.id).where(inside))


def _moved_since(instant: datetime) -> Clause:
    # Whom a run saw for the first time came from nowhere, and so did not move.
    moved = select(segment_changes.c.customer_id).where(
        segment_changes.c.changed_at >= instant, segment_changes.c.from_segment_id.is_not(None)
    )
    return customer_intelligence.c.customer_id.in_(moved)


ELSEWHERE: dict[str, Callable[[Any], Clause]] = {GROUP: _in_groups, MOVED_AT: _moved_since}
