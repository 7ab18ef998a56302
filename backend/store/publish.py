"""Everything that a run found out, published in one transaction."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import Table, delete, insert

from backend.database.engine import AsyncConnection, AsyncEngine, transaction
from backend.results.run_report import RunReport
from backend.store import runs, stored
from backend.store.customer_columns import Columns, customer_columns
from backend.store.departures import take_back, tell_gone
from backend.store.erasing import without_erased
from backend.store.id_column import fit_customer_id_type
from backend.store.last_told import read_last_told
from backend.store.names import settle_names
from backend.store.publication import Publication
from backend.store.stored import StoredKind
from backend.store.tables import customer_intelligence, segment_changes, segment_lineage, segments

ROWS_PER_BATCH = 10_000
Left = TypeVar("Left")


async def publish(
    engine: AsyncEngine,
    publication: Publication,
    *,
    now: datetime,
    closing: Callable[[RunReport], RunReport] | None = None,
) -> None:
    """Replace what is served, in one transaction: readers see the old run or the new one.

    Parameters
    ----------
    engine
        Where our tables are.
    publication
        What the run found out.
    now
        Aware; when it is published.
    closing
        Asked for the report as it is to be stored once all else is written, so that it can say
        what the writing took.

    Raises
    ------
    LeaseLost
        When the run is no longer ours; nothing is written.
    """
    kind = publication.customer_id_type
    await fit_customer_id_type(engine, kind)
    async with transaction(engine) as connection:
        await runs.finish(
            connection,
            publication.run_id,
            token=publication.token,
            as_of=publication.as_of,
            customer_id_type=kind,
            report=stored.REPORT.write(publication.report),
            explainer=_written(stored.EXPLAINER, publication.explainer),
            model=_written(stored.MODEL, publication.model),
            now=now,
        )
        publication = await without_erased(connection, publication)
        await take_back(connection, publication.customers.customer_id)
        await tell_gone(connection, publication.departures, now)
        rows, new_names = publication.segments, publication.new_names
        named = await settle_names(connection, rows, new_names, now)
        publication = replace(publication, segments=named)
        await _replace_customers(connection, publication, now)
        await _replace_segments(connection, publication)
        await _append_moves(connection, publication, now)
        await _append_lineage(connection, publication, now)
        await _forget(connection, now - publication.retention)
        report = publication.report if closing is None else closing(publication.report)
        await runs.replace_report(connection, publication.run_id, stored.REPORT.write(report))


def _written(kind: StoredKind[Left], value: Left | None) -> str | None:
    return None if value is None else kind.write(value)


async def _replace_customers(
    connection: AsyncConnection, publication: Publication, now: datetime
) -> None:
    """Compare with what is served, within the transaction that replaces it."""
    last = await read_last_told(connection, publication.customers.customer_id)
    publishing = publication.publishing(now, last)
    await connection.execute(delete(customer_intelligence))
    for start in range(0, len(publishing), ROWS_PER_BATCH):
        chosen = publishing.rows(slice(start, start + ROWS_PER_BATCH))
        await _insert(connection, customer_intelligence, customer_columns(chosen))


async def _replace_segments(connection: AsyncConnection, publication: Publication) -> None:
    await connection.execute(delete(segments))
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
        await connection.execute(insert(segments), rows)


async def _append_moves(
    connection: AsyncConnection, publication: Publication, now: datetime
) -> None:
    moves = publication.moves
    for start in range(0, len(moves.customer_id), ROWS_PER_BATCH):
        chosen = slice(start, start + ROWS_PER_BATCH)
        ids = moves.customer_id[chosen].tolist()
        columns: Columns = {
            "customer_id": ids,
            "from_segment_id": moves.from_segment_id[chosen],
            "to_segment_id": moves.to_segment_id[chosen],
            "changed_at": [now] * len(ids),
            "run_id": [publication.run_id] * len(ids),
            "cause": moves.cause[chosen],
        }
        await _insert(connection, segment_changes, columns)


async def _append_lineage(
    connection: AsyncConnection, publication: Publication, now: datetime
) -> None:
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
        await connection.execute(insert(segment_lineage), rows)


async def _forget(connection: AsyncConnection, instant: datetime) -> None:
    await connection.execute(delete(segment_changes).where(segment_changes.c.changed_at < instant))
    await runs.forget_before(connection, instant)


async def _insert(connection: AsyncConnection, table: Table, columns: Columns) -> None:
    """Insert one batch, given in columns; on PostgreSQL by COPY."""
    rows = zip(*columns.values(), strict=True)
    if connection.dialect.name == "postgresql":
        raw = await connection.get_raw_connection()
        driver: Any = raw.driver_connection
        records = [tuple(_naive(value) for value in row) for row in rows]
        await driver.copy_records_to_table(table.name, records=records, columns=list(columns))
    else:
        await connection.execute(
            insert(table), [dict(zip(columns, row, strict=True)) for row in rows]
        )


def _naive(value: Any) -> Any:
    """Do for COPY, which knows no SQLAlchemy types, what `UtcDateTime` does elsewhere."""
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value
