"""Erasing a customer: every row of ours about them, wherever a column holds their id.

A tombstone goes first, in a transaction of its own, with the word to followers that they are gone:
from then on nobody is told anything, and a run at work publishes without them, whatever becomes of
the rest. Rows are deleted once no publication is under way; where whoever erases is killed before,
by the next process that starts, the next run, or the next who erases.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, exists, select, update

from backend.core.arrays import BoolArray
from backend.core.customer_id import CustomerId, as_text
from backend.database.engine import AsyncConnection, AsyncEngine, transaction
from backend.results.publishing import CustomerColumns
from backend.results.run_report import RunReport
from backend.results.segment import Segment
from backend.store import runs
from backend.store.beside import drop_left_beside
from backend.store.departures import OF_THE_KNOWN, read_erased
from backend.store.id_column import is_one_of
from backend.store.kept_sums import sums_corrected
from backend.store.outlook_of_run import outlook_of
from backend.store.publication import Publication
from backend.store.segment_counts import with_ancestors
from backend.store.tables import customer_intelligence, segments
from backend.store.tombstones import read_marks, settle

IDS_PER_STATEMENT = 500


async def holds_any(connection: AsyncConnection, customer_ids: Sequence[CustomerId]) -> bool:
    """Tell whether any row of ours is about one of these customers, but that they left."""
    published, dialect = await runs.published(connection), connection.dialect.name
    for column in OF_THE_KNOWN:
        about = is_one_of(column, dialect, published, customer_ids)
        if await connection.scalar(select(exists(select(column).where(about)))):
            return True
    return False


async def erase_rows(connection: AsyncConnection, customer_ids: Sequence[CustomerId]) -> None:
    """Delete all that is ours about these customers, but that they are gone.

    Waits for a publication that is under way. Segments count them no longer.
    """
    await runs.hold_publications(connection)
    published, dialect = await runs.published(connection), connection.dialect.name
    await _count_less(connection, customer_ids)
    async with sums_corrected(connection, published, customer_ids):
        for column in OF_THE_KNOWN:
            about = is_one_of(column, dialect, published, customer_ids)
            await connection.execute(delete(column.table).where(about))
    await runs.revise(connection)


async def finish_erasures(engine: AsyncEngine) -> None:
    """Delete what is left of whom somebody erased and was cut short at it.

    Raises
    ------
    DatabaseUnavailable
        When the database is away, or others hold our tables.
    """
    await drop_left_beside(engine)
    async with transaction(engine) as connection:
        await erase_left_rows(connection)


async def erase_left_rows(connection: AsyncConnection) -> None:
    """Delete rows about customers who are told to be erased, and not to be back."""
    erased = await read_erased(connection)
    for start in range(0, len(erased), IDS_PER_STATEMENT):
        some = erased[start : start + IDS_PER_STATEMENT]
        if await holds_any(connection, some):
            await erase_rows(connection, some)


async def _count_less(connection: AsyncConnection, customer_ids: Sequence[CustomerId]) -> None:
    parents = dict((await connection.execute(select(segments.c.id, segments.c.parent_id))).all())
    for segment_id in await _segments_of(connection, customer_ids):
        less = update(segments).where(segments.c.id.in_(with_ancestors(segment_id, parents)))
        await connection.execute(less.values(customer_count=segments.c.customer_count - 1))


async def _segments_of(
    connection: AsyncConnection, customer_ids: Sequence[CustomerId]
) -> Sequence[str]:
    """Return the segment of each of these customers, of those that have one."""
    published, dialect = await runs.published(connection), connection.dialect.name
    about = is_one_of(customer_intelligence.c.customer_id, dialect, published, customer_ids)
    found = await connection.scalars(select(customer_intelligence.c.archetype_id).where(about))
    return found.all()


async def counted_without_erased(
    connection: AsyncConnection, shown: Sequence[Segment]
) -> Sequence[Segment]:
    """Count nobody who is told to be erased and whose rows wait to be deleted."""
    erased, left = await read_erased(connection), list[str]()
    for start in range(0, len(erased), IDS_PER_STATEMENT):
        left += await _segments_of(connection, erased[start : start + IDS_PER_STATEMENT])
    return _counted_less(shown, left) if left else shown


async def without_erased(connection: AsyncConnection, publication: Publication) -> Publication:
    """Leave out of a publication whom somebody erased while the run was at work.

    Raises
    ------
    TombstonesUnreadable
        When some tombstones were made with a key that is not known.
    """
    erasures = publication.erasures
    marks = await read_marks(connection, erasures.marker)
    await settle(connection, erasures)
    if not marks:
        return publication
    ids = as_text(publication.moves.customer_id).tolist()
    if marks - erasures.marks:
        ids += as_text(publication.customers.customer_id).tolist()
    asked = {*ids, *publication.departures}
    erased = {one for one in asked if not marks.isdisjoint(erasures.marker.marks(CustomerId(one)))}
    return _without(publication, erased) if erased else publication


def _without(publication: Publication, erased: set[str]) -> Publication:
    customers, moves = publication.customers, publication.moves
    kept = _kept(customers.customer_id, erased)
    leaving = customers.rows(~kept)
    left = [publication.segments[place].id for place in leaving.segment.tolist()]
    fewer = _counted_less(publication.segments, left)
    departures = {one: why for one, why in publication.departures.items() if one not in erased}
    fewer_told = replace(
        publication,
        customers=customers.rows(kept),
        moves=moves.rows(_kept(moves.customer_id, erased)),
        segments=fewer,
        departures=departures,
    )
    return replace(fewer_told, report=_told_without(fewer_told, leaving))


def _told_without(publication: Publication, leaving: CustomerColumns) -> RunReport:
    report, fewer = publication.report, publication.segments
    counts = replace(
        report.customers,
        total=report.customers.total - len(leaving.customer_id),
        with_orders=report.customers.with_orders - int(np.count_nonzero(leaving.frequency)),
    )
    count = {one.id: one.customer_count for one in fewer}

    def told(shown: Sequence[Segment]) -> tuple[Segment, ...]:
        return tuple(
            replace(one, customer_count=count.get(one.id, one.customer_count)) for one in shown
        )

    return replace(
        report,
        customers=counts,
        segments=told(report.segments),
        groups=told(report.groups),
        outlook=report.outlook
        and outlook_of(publication.customers, fewer, publication.moves, report.outlook.before),
    )


def _kept(ids: NDArray[Any], erased: Collection[str]) -> BoolArray:
    return np.array([one not in erased for one in as_text(ids).tolist()], dtype=bool)


def _counted_less(shown: Sequence[Segment], left: Iterable[str]) -> list[Segment]:
    """Count one customer less in the segment of each who left, and in the groups above it."""
    parents = {one.id: one.parent_id for one in shown}
    less = Counter(identity for one in left for identity in with_ancestors(one, parents))
    return [replace(one, customer_count=one.customer_count - less[one.id]) for one in shown]
