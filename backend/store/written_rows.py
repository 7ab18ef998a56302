"""What a run found out, as rows of the tables that are served, or of those beside them."""

import json
from collections.abc import Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

import numpy as np
from sqlalchemy import Table, insert

from backend.core.ahead import made_ahead
from backend.core.typed_cells import TypedCells
from backend.database.engine import AsyncConnection
from backend.results.publishing import Publishing
from backend.store import leases, stored
from backend.store.customer_columns import customer_columns
from backend.store.in_columns import columns_in
from backend.store.publication import Publication, SegmentMoves
from backend.store.stored import StoredKind
from backend.store.tables import (
    customer_intelligence,
    segment_changes,
    segment_history,
    segment_lineage,
    segments,
)
from backend.store.tables import runs as runs_table

Left = TypeVar("Left")


@dataclass(frozen=True, slots=True)
class PublishedTables:
    """The tables that one publication changes."""

    customers: Table = customer_intelligence
    segments: Table = segments
    changes: Table = segment_changes
    lineage: Table = segment_lineage
    history: Table = segment_history
    runs: Table = runs_table

    def __iter__(self) -> Iterator[Table]:
        """Give each of them, in the same order everywhere."""
        yield from (self.customers, self.segments, self.changes, self.lineage)
        yield from (self.history, self.runs)


SERVED = PublishedTables()


async def finish(
    connection: AsyncConnection, table: Table, publication: Publication, now: datetime
) -> None:
    """Mark the run succeeded and served.

    Raises
    ------
    LeaseLost
        When the run is no longer ours.
    """
    await leases.finish(
        connection,
        publication.run_id,
        token=publication.token,
        as_of=publication.as_of,
        customer_id_type=publication.customer_id_type,
        report=stored.REPORT.write(publication.report),
        explainer=_written(stored.EXPLAINER, publication.explainer),
        model=_written(stored.MODEL, publication.model),
        scoring=None if (scoring := publication.scoring) is None else stored.write_scoring(scoring),
        now=now,
        table=table,
    )


def _written(kind: StoredKind[Left], value: Left | None) -> str | None:
    return None if value is None else kind.write(value)


async def write_customers(
    connection: AsyncConnection, table: Table, publishing: Publishing
) -> None:
    """Insert a row for each customer, some at a time; the next are made ready meanwhile."""
    async with aclosing(made_ahead(customer_columns, publishing.parts())) as parts:
        async for columns in parts:
            await columns_in().write_columns(connection, table, columns)


async def write_segments(
    connection: AsyncConnection, table: Table, publication: Publication
) -> None:
    """Insert a row for each segment and group, in the order in which they are shown."""
    rows = [
        {
            "id": row.id,
            "position": position,
            "parent_id": row.parent_id,
            "is_group": int(row.is_group),
            "level": row.level,
            "name": row.name,
            "description": row.description,
            "customer_count": row.customer_count,
            "avg_ltv": None if row.avg_ltv is None else Decimal(f"{row.avg_ltv:.2f}"),
            "churn_risk_avg": row.churn_risk_avg,
            "profile": stored.write_profile(row),
            "run_id": publication.run_id,
        }
        for position, row in enumerate(publication.segments)
    ]
    if rows:
        await connection.execute(insert(table), rows)


async def append_moves(
    connection: AsyncConnection, table: Table, publication: Publication, now: datetime
) -> None:
    """Insert a row for each customer who moved."""
    for moves in publication.moves.parts():
        columns = _columns_of(moves, publication.run_id, now)
        await columns_in().write_columns(connection, table, columns)


def _columns_of(moves: SegmentMoves, run_id: str, now: datetime) -> Mapping[str, TypedCells]:
    rows = len(moves.customer_id)
    return {
        "customer_id": TypedCells(moves.customer_id, np.ones(rows, dtype=bool)),
        "from_segment_id": TypedCells.of_texts(moves.from_segment_id),
        "to_segment_id": TypedCells.of_texts(moves.to_segment_id),
        "changed_at": TypedCells.alike(now, rows),
        "run_id": TypedCells.alike(run_id, rows),
        "cause": TypedCells.of_texts(moves.cause),
    }


async def append_lineage(
    connection: AsyncConnection, table: Table, publication: Publication, now: datetime
) -> None:
    """Insert a row for each segment that came or went."""
    rows = [
        {
            "segment_id": row.segment_id,
            "event": row.event,
            "relatives": json.dumps(dict(row.relatives)),
            "happened_at": now,
            "run_id": publication.run_id,
        }
        for row in publication.lineage
    ]
    if rows:
        await connection.execute(insert(table), rows)
