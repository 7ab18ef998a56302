"""Sums of what is served, kept with the run: counting a million rows is not for a page.

They are counted once, in the transaction that publishes, and whoever changes some customers' rows
afterwards puts right what these come to. A run of a version that kept none is counted when asked.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, case, func, select, true, update
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from backend.core.customer_id import CustomerId
from backend.core.glossary import Cause
from backend.database.engine import AsyncConnection
from backend.results.customer_filter import CustomerFilter
from backend.results.customer_numbers import AVERAGED
from backend.results.declared import Number, Quantity
from backend.results.move import MoveCount
from backend.results.served_sums import ListSums, ServedSums, SumsOfPart
from backend.store import stored
from backend.store.id_column import is_one_of
from backend.store.runs import Published
from backend.store.segment_counts import with_ancestors
from backend.store.tables import customer_intelligence, runs, segment_changes, segments

IDS_PER_STATEMENT = 500
KEPT_BY = {"segment", "group", "moved_since"}
"""Conditions of lists that the parts tell apart."""
Clause = ColumnElement[bool]


def summed(columns: ReadOnlyColumnCollection[str, Any]) -> list[ColumnElement[Any]]:
    """Select what rows add up to: how many, how many of each number are known, and its sum."""
    numbers = [columns[one.name] for one in AVERAGED]
    return [func.count(), *map(func.count, numbers), *map(func.sum, numbers)]


def sums_in(row: Sequence[Any]) -> ListSums:
    """Read what `summed` selects."""
    total, *rest = row
    names = [one.name for one in AVERAGED]
    added = zip(AVERAGED, rest[len(AVERAGED) :], strict=True)
    return ListSums(
        total=total,
        known=dict(zip(names, rest, strict=False)),
        sums={one.name: _exact(one, value) for one, value in added},
    )


def _exact(one: Number, value: Any) -> Decimal:
    """Return a sum with the places of what was added; SQLite adds in floating point."""
    sum_ = Decimal(0) if value is None else Decimal(str(value))
    return round(sum_, one.kind.places) if isinstance(one.kind, Quantity) else sum_


async def keep_sums(connection: AsyncConnection, run_id: str, now: datetime) -> None:
    """Count what was published at an instant, and keep it with its run instead of the last one's.

    Parameters
    ----------
    connection
        In the transaction that publishes, once all is written.
    run_id
        The run.
    now
        Aware; when it is published.
    """
    await connection.execute(
        update(runs).where(runs.c.id != run_id, runs.c.sums.is_not(None)).values(sums=None)
    )
    everybody = await _counted(connection, run_id, now, (true(), true()))
    await _write(connection, run_id, everybody)


async def read_sums(connection: AsyncConnection) -> ServedSums | None:
    """Return what is kept with the run that is served; None where nothing is.

    Raises
    ------
    FormatOfTheFuture
        When a newer version wrote it.
    DamagedResult
        When it is not as any version wrote it.
    """
    found = await connection.scalar(select(runs.c.sums).where(runs.c.published == 1))
    return None if found is None else stored.SUMS.read(found)


@asynccontextmanager
async def sums_corrected(
    connection: AsyncConnection, published: Published | None, customer_ids: Sequence[CustomerId]
) -> AsyncIterator[None]:
    """Let the body change rows and moves of some customers; what is kept says so afterwards.

    Parameters
    ----------
    connection
        In a transaction that holds the run that is served.
    published
        That run.
    customer_ids
        Theirs.
    """
    kept = None if published is None else await read_sums(connection)
    if published is None or kept is None:
        yield
        return
    before = await _of_some(connection, published, kept, customer_ids)
    yield
    after = await _of_some(connection, published, kept, customer_ids)
    for one in before:
        kept = kept.corrected(one, kept.nothing)
    for one in after:
        kept = kept.corrected(kept.nothing, one)
    await _write(connection, published.run_id, kept)


async def _of_some(
    connection: AsyncConnection,
    published: Published,
    kept: ServedSums,
    customer_ids: Sequence[CustomerId],
) -> list[ServedSums]:
    return [
        await _counted(connection, published.run_id, kept.published_at, about)
        for about in _about(connection, published, customer_ids)
    ]


def _about(
    connection: AsyncConnection, published: Published, customer_ids: Sequence[CustomerId]
) -> Iterator[tuple[Clause, Clause]]:
    dialect = connection.dialect.name
    for start in range(0, len(customer_ids), IDS_PER_STATEMENT):
        some = customer_ids[start : start + IDS_PER_STATEMENT]
        rows, moves = (
            is_one_of(table.c.customer_id, dialect, published, some)
            for table in (customer_intelligence, segment_changes)
        )
        yield rows, moves


async def _write(connection: AsyncConnection, run_id: str, sums: ServedSums) -> None:
    written = stored.SUMS.write(sums)
    await connection.execute(update(runs).where(runs.c.id == run_id).values(sums=written))


async def _counted(
    connection: AsyncConnection, run_id: str, published_at: datetime, about: tuple[Clause, Clause]
) -> ServedSums:
    rows, moves = about
    return ServedSums(
        published_at=published_at,
        moves=await _moves(connection, run_id, moves),
        parts=await _parts(connection, run_id, rows),
    )


async def _moves(connection: AsyncConnection, run_id: str, about: Clause) -> tuple[MoveCount, ...]:
    columns = segment_changes.c
    ways = (columns.from_segment_id, columns.to_segment_id, columns.cause)
    statement = (
        select(*ways, func.count().label("customers"))
        .where(columns.run_id == run_id, about)
        .group_by(*ways)
    )
    rows = (await connection.execute(statement)).mappings()
    return tuple(MoveCount(**{**row, "cause": Cause(row["cause"])}) for row in rows)


async def _parts(connection: AsyncConnection, run_id: str, about: Clause) -> tuple[SumsOfPart, ...]:
    columns, moved = customer_intelligence.c, segment_changes.c
    # Whom a run saw for the first time came from nowhere, and so did not move.
    movers = select(moved.customer_id).where(
        moved.run_id == run_id, moved.from_segment_id.is_not(None)
    )
    has_moved = case((columns.customer_id.in_(movers), 1), else_=0).label("moved")
    numbers = (columns[one.name] for one in AVERAGED)
    each = select(columns.archetype_id, has_moved, *numbers).where(about).subquery()
    part = (each.c.archetype_id, each.c.moved)
    statement = select(*part, *summed(each.c)).group_by(*part)
    return tuple(
        SumsOfPart(segment_id=segment_id, moved=bool(has), sums=sums_in(sums))
        for segment_id, has, *sums in await connection.execute(statement)
    )


async def kept_sums_of(connection: AsyncConnection, chosen: CustomerFilter) -> ListSums | None:
    """Return what a whole list adds up to; None where that is not kept.

    Parameters
    ----------
    connection
        In a transaction.
    chosen
        Who is in the list.
    """
    asked = {condition.name for condition, _ in chosen.given()}
    if asked - KEPT_BY or (kept := await read_sums(connection)) is None:
        return None
    if chosen.moved_since not in (None, kept.published_at):
        return None
    inside = await _inside(connection, chosen, kept)
    return kept.of(inside, moved=chosen.moved_since is not None)


async def _inside(
    connection: AsyncConnection, chosen: CustomerFilter, kept: ServedSums
) -> set[str] | None:
    """Return the segments of a list; None: all, and those who are in none."""
    if not (chosen.segment or chosen.group):
        return None
    ids = {one.segment_id for one in kept.parts if one.segment_id is not None}
    if chosen.segment:
        ids &= {*chosen.segment}
    if chosen.group:
        asked = await connection.execute(select(segments.c.id, segments.c.parent_id))
        parents, groups = dict(asked.all()), {*chosen.group}
        ids = {one for one in ids if groups & {*with_ancestors(one, parents)[1:]}}
    return ids
