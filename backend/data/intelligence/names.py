"""Names of segments: those given by a person or the language model stay with the id."""

from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, union, update
from sqlalchemy.exc import IntegrityError

from backend.core.errors import SegmentNameTaken, SegmentNotFound
from backend.data import runs
from backend.data.engine import AsyncConnection, AsyncEngine, transaction
from backend.data.intelligence.publication import GivenBy, GivenName
from backend.data.tables import customer_intelligence, segment_names, segments


async def read_names(engine: AsyncEngine) -> dict[str, GivenName]:
    """Return the names given so far, by segment id."""
    async with transaction(engine) as connection:
        rows = await connection.execute(select(segment_names))
        return {row.segment_id: GivenName(row.name, row.description, row.given_by) for row in rows}


async def name_segment(
    connection: AsyncConnection,
    segment_id: str,
    *,
    name: str,
    description: str | None,
    given_by: GivenBy,
    now: datetime,
) -> None:
    """Give a segment a name that stays with its id, in what is served too.

    Raises
    ------
    SegmentNotFound
        When the published run has no such segment.
    SegmentNameTaken
        When another segment has the name.
    """
    if await _is_taken(connection, segment_id, name):
        raise SegmentNameTaken(name)
    values = {"name": name, "description": description}
    known = await connection.execute(
        update(segments).where(segments.c.id == segment_id).values(**values)
    )
    if known.rowcount == 0:
        raise SegmentNotFound(segment_id)
    try:
        await store_name(connection, segment_id, given_by=given_by, updated_at=now, **values)
    except IntegrityError:
        raise SegmentNameTaken(name) from None
    await connection.execute(
        update(customer_intelligence)
        .where(customer_intelligence.c.archetype_id == segment_id)
        .values(archetype_name=name)
    )
    await runs.revise(connection)


async def _is_taken(connection: AsyncConnection, segment_id: str, name: str) -> bool:
    """Whether another segment, served now or ever named, has the name in any case."""
    others = union(
        select(segments.c.name).where(segments.c.id != segment_id),
        select(segment_names.c.name).where(segment_names.c.segment_id != segment_id),
    )
    taken = await connection.scalars(others)
    return name.casefold() in {other.casefold() for other in taken}


async def store_name(connection: AsyncConnection, segment_id: str, **values: Any) -> None:
    """Keep a name for an id, replacing the one it has."""
    updated = await connection.execute(
        update(segment_names).where(segment_names.c.segment_id == segment_id).values(**values)
    )
    if updated.rowcount == 0:
        await connection.execute(insert(segment_names).values(segment_id=segment_id, **values))
