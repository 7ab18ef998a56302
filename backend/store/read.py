"""What was published, as the API and the next run read it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import RowMapping, select

from backend.core.customer_id import CustomerId
from backend.core.errors import SegmentNotFound
from backend.core.glossary import Fate
from backend.database.engine import AsyncConnection, AsyncEngine, transaction
from backend.results.customer_numbers import CustomerNumbers
from backend.results.move import LineageEvent
from backend.results.segment import Segment
from backend.store import stored
from backend.store.erasing import counted_without_erased
from backend.store.id_column import is_one_of
from backend.store.in_columns import columns_out
from backend.store.runs import Published
from backend.store.tables import customer_intelligence, segment_lineage, segments
from backend.store.tables import runs as runs_table


async def read_membership(engine: AsyncEngine) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the ids of all published customers and the segment of each, sorted by id.

    Ids are int64, or str as objects, as those that are read from the shop.
    """
    table = customer_intelligence.c
    async with transaction(engine) as connection:
        rows = await columns_out().read_columns(connection, table.customer_id, table.archetype_id)
    ids = rows["customer_id"]
    order = np.argsort(ids, kind="stable")
    return ids[order], rows["archetype_id"][order]


async def read_profiles(
    connection: AsyncConnection, published: Published, customer_ids: Sequence[CustomerId]
) -> dict[CustomerId, CustomerNumbers]:
    """Return what was published of these customers; unknown ids are left out.

    Each has its own `run_id` and `as_of`: a run may be published since `published` was read.
    """
    column, dialect = customer_intelligence.c.customer_id, connection.dialect.name
    statement = select(customer_intelligence).where(
        is_one_of(column, dialect, published, customer_ids)
    )
    rows = (await connection.execute(statement)).mappings()
    found = [{**row, "customer_id": CustomerId(str(row["customer_id"]))} for row in rows]
    return {row["customer_id"]: CustomerNumbers(**row) for row in found}


@dataclass(frozen=True, slots=True)
class PublishedSegments:
    """Segments and groups of the published run, in the order in which they are shown.

    Attributes
    ----------
    run_id, as_of
        The run, and the instant that it describes; None before the first.
    segments
        A group stands ahead of its parts.
    """

    run_id: str | None
    as_of: datetime | None
    segments: tuple[Segment, ...]

    @property
    def currency(self) -> str | None:
        """Of all amounts; None where the shop's data do not tell one."""
        return next((one.currency for one in self.segments), None)

    def with_id(self, segment_id: str) -> Segment:
        """Return the segment or group with this id.

        Raises
        ------
        SegmentNotFound
            When there is none.
        """
        for one in self.segments:
            if one.id == segment_id:
                return one
        raise SegmentNotFound(segment_id)


async def read_segments(connection: AsyncConnection) -> PublishedSegments:
    """Return the published segments and their groups, in which nobody is counted who is erased.

    Raises
    ------
    FormatOfTheFuture
        When a newer version wrote them.
    """
    statement = (
        select(segments, runs_table.c.as_of)
        .join(runs_table, runs_table.c.id == segments.c.run_id)
        .order_by(segments.c.position)
    )
    rows = (await connection.execute(statement)).mappings().all()
    run_id, as_of = (rows[0]["run_id"], rows[0]["as_of"]) if rows else (None, None)
    shown = [stored.read_segment(row) for row in rows]
    return PublishedSegments(run_id, as_of, tuple(await counted_without_erased(connection, shown)))


async def read_lineage(connection: AsyncConnection, *, limit: int) -> list[LineageEvent]:
    """Return which segments came and went, newest first."""
    table = segment_lineage
    statement = (
        select(
            table.c.segment_id,
            table.c.event,
            table.c.relatives,
            table.c.happened_at,
            table.c.run_id,
        )
        .order_by(table.c.id.desc())
        .limit(limit)
    )
    rows = (await connection.execute(statement)).mappings()
    return [_lineage_event(row) for row in rows]


def _lineage_event(row: RowMapping) -> LineageEvent:
    told = {"relatives": json.loads(row["relatives"]), "event": Fate(row["event"])}
    return LineageEvent(**{**row, **told})
