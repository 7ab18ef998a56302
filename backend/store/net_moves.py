"""Net moves: who is elsewhere after some runs than before them, wherever they were meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, func, select

from backend.core.glossary import Cause
from backend.database.engine import AsyncConnection
from backend.results.move import Move, MoveCount
from backend.store.departures import of_nobody_erased
from backend.store.moves import move_of
from backend.store.tables import segment_changes

NOWHERE = "-"
"""Stands for no segment: where the newly known come from, and where those are who are gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetMoveFilter:
    """What net moves have in common; what is not given says nothing.

    Attributes
    ----------
    run_ids
        The runs that found the moves, in any order.
    from_segment_id, to_segment_id
        A segment, or `NOWHERE`.
    cause
        Why: `model` where it was a border each time.
    """

    run_ids: Sequence[str]
    from_segment_id: str | None = None
    to_segment_id: str | None = None
    cause: Cause | None = None


async def read_net_moves(
    connection: AsyncConnection, sought: NetMoveFilter, *, limit: int
) -> list[Move]:
    """Return who moved, at most `limit`, the latest first; id, run and time are of the last move.

    Parameters
    ----------
    connection
        In a transaction.
    sought
        Which net moves.
    limit
        At most so many.
    """
    moves = await _net_moves(connection, sought)
    statement = moves.order_by(segment_changes.c.id.desc()).limit(limit)
    return [move_of(row) for row in (await connection.execute(statement)).mappings()]


async def count_net_moves(connection: AsyncConnection, sought: NetMoveFilter) -> list[MoveCount]:
    """Return how many customers went from where to where and why, most first; each counts once."""
    moves = (await _net_moves(connection, sought)).subquery()
    ways = (moves.c.from_segment_id, moves.c.to_segment_id, moves.c.cause)
    statement = (
        select(*ways, func.count().label("customers"))
        .group_by(*ways)
        .order_by(func.count().desc(), *ways)
    )
    rows = (await connection.execute(statement)).mappings()
    return [MoveCount(**{**row, "cause": Cause(row["cause"])}) for row in rows]


async def _net_moves(connection: AsyncConnection, sought: NetMoveFilter) -> Select[Any]:
    """Put each customer's first and last move together, and leave out who is where they were."""
    columns = segment_changes.c
    found_then = columns.run_id.in_(sought.run_ids)
    nobody_erased = await of_nobody_erased(connection, columns.customer_id)
    ends = (
        select(
            func.min(columns.id).label("first"),
            func.max(columns.id).label("last"),
            # "behaviour" sorts before "model": who did anything moved by that.
            func.min(columns.cause).label("cause"),
        )
        .where(found_then, nobody_erased)
        .group_by(columns.customer_id)
        .subquery()
    )
    first = segment_changes.alias()
    return (
        select(
            columns.id,
            columns.customer_id,
            columns.changed_at,
            columns.run_id,
            first.c.from_segment_id,
            columns.to_segment_id,
            ends.c.cause,
        )
        .join(ends, ends.c.last == columns.id)
        .join(first, ends.c.first == first.c.id)
        .where(
            first.c.from_segment_id.is_distinct_from(columns.to_segment_id),
            *_way(first.c.from_segment_id, sought.from_segment_id),
            *_way(columns.to_segment_id, sought.to_segment_id),
            *([] if sought.cause is None else [ends.c.cause == sought.cause]),
        )
    )


def _way(column: Column[Any], segment_id: str | None) -> list[ColumnElement[bool]]:
    if segment_id is None:
        return []
    return [column.is_(None) if segment_id == NOWHERE else column == segment_id]
