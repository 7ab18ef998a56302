"""Who moved between segments, one by one and counted."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, func, select, true

from backend.core.customer_id import CustomerId
from backend.core.glossary import Cause
from backend.database.engine import AsyncConnection
from backend.results.move import Move, MoveCount
from backend.store import runs
from backend.store.departures import of_nobody_erased
from backend.store.id_column import is_one_of
from backend.store.kept_sums import read_sums
from backend.store.runs import Published
from backend.store.tables import segment_changes

EVERYBODY = true()


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveFilter:
    """What moves have in common; what is not given says nothing.

    Attributes
    ----------
    run_id
        The run that found them.
    since
        Published at this instant or later.
    from_segment_id, to_segment_id
        Where from, and where to.
    cause
        Why.
    customer
        Of this customer of the published run.
    after
        Only those with a greater id.
    """

    run_id: str | None = None
    since: datetime | None = None
    from_segment_id: str | None = None
    to_segment_id: str | None = None
    cause: Cause | None = None
    customer: tuple[Published, CustomerId] | None = None
    after: int | None = None


async def read_moves(connection: AsyncConnection, sought: MoveFilter, *, limit: int) -> list[Move]:
    """Return who moved between segments: the newest first, with `after` the oldest.

    Parameters
    ----------
    connection
        In a transaction.
    sought
        Which moves.
    limit
        At most so many.
    """
    newest_first = sought.after is None
    order = segment_changes.c.id.desc() if newest_first else segment_changes.c.id
    conditions = await _conditions(connection, sought)
    statement = select(segment_changes).where(*conditions).order_by(order).limit(limit)
    return [move_of(row) for row in (await connection.execute(statement)).mappings()]


async def count_moves(connection: AsyncConnection, sought: MoveFilter) -> list[MoveCount]:
    """Return how many moved from where to where and why, most first: as it is kept, or counted."""
    if (kept := await _kept(connection, sought)) is not None:
        return kept
    columns = segment_changes.c
    ways = (columns.from_segment_id, columns.to_segment_id, columns.cause)
    statement = (
        select(*ways, func.count().label("customers"))
        .where(*await _conditions(connection, sought))
        .group_by(*ways)
        .order_by(func.count().desc(), *ways)
    )
    rows = (await connection.execute(statement)).mappings()
    return [MoveCount(**{**row, "cause": Cause(row["cause"])}) for row in rows]


async def _kept(connection: AsyncConnection, sought: MoveFilter) -> list[MoveCount] | None:
    """Return what is kept of the run that is served; None where it is about other moves."""
    if (sought.since, sought.customer, sought.after) != (None, None, None):
        return None
    published = await runs.published(connection)
    if published is None or published.run_id != sought.run_id:
        return None
    is_whole = await of_nobody_erased(connection, segment_changes.c.customer_id) is EVERYBODY
    kept = await read_sums(connection) if is_whole else None
    if kept is None:
        return None
    return sorted((one for one in kept.moves if _is_sought(one, sought)), key=_most_first)


def _is_sought(one: MoveCount, sought: MoveFilter) -> bool:
    names = ("from_segment_id", "to_segment_id", "cause")
    asked = ((getattr(sought, name), getattr(one, name)) for name in names)
    return all(value in (None, told) for value, told in asked)


def _most_first(one: MoveCount) -> tuple[int, str, str, str]:
    return -one.customers, one.from_segment_id or "", one.to_segment_id or "", one.cause


async def _conditions(connection: AsyncConnection, sought: MoveFilter) -> list[ColumnElement[bool]]:
    columns = segment_changes.c
    same = ("run_id", "from_segment_id", "to_segment_id", "cause")
    asked: dict[str, Any] = {name: getattr(sought, name) for name in same}
    found = [await of_nobody_erased(connection, columns.customer_id)]
    found += [columns[name] == value for name, value in asked.items() if value is not None]
    if sought.since is not None:
        found.append(columns.changed_at >= sought.since)
    if sought.customer is not None:
        published, customer_id = sought.customer
        dialect = connection.dialect.name
        found.append(is_one_of(columns.customer_id, dialect, published, [customer_id]))
    if sought.after is not None:
        found.append(columns.id > sought.after)
    return found


def move_of(row: RowMapping) -> Move:
    """Return the move that a row holds."""
    told = {"customer_id": str(row["customer_id"]), "cause": Cause(row["cause"])}
    return Move(**{**row, **told})
