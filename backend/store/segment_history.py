"""Segments as each run found them: a few numbers a run, kept when the run itself is forgotten."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Table, func, insert, select

from backend.database.engine import AsyncConnection
from backend.results.segment_in_run import SegmentInRun
from backend.store.publication import Publication
from backend.store.segment_counts import with_ancestors
from backend.store.tables import segment_history

CENT = Decimal("0.01")
# The columns of history, and the customers' numbers that they sum up.
SUMS = {
    "historical_revenue": "historical_value",
    "expected_revenue": "predicted_value",
    "revenue_at_risk": "value_at_risk",
}
Sums = dict[str, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryFilter:
    """Which rows of history are asked for; what is not given says nothing.

    Attributes
    ----------
    segment_ids
        Of these segments and groups; empty: of all.
    run_id
        As this run found them.
    since, before
        Of runs that describe this instant or a later one, and an earlier one.
    """

    segment_ids: Sequence[str] = ()
    run_id: str | None = None
    since: datetime | None = None
    before: datetime | None = None


async def append_history(
    connection: AsyncConnection,
    table: Table,
    customers: Table,
    publication: Publication,
    now: datetime,
) -> None:
    """Insert a row for each segment and group, once its customers are written."""
    sums = await _sums(connection, customers, publication)
    rows = [
        {
            "run_id": publication.run_id,
            "segment_id": one.id,
            "position": position,
            "name": one.name,
            "is_group": int(one.is_group),
            "customer_count": one.customer_count,
            "churn_risk_avg": one.churn_risk_avg,
            **{column: sums[one.id].get(column) for column in SUMS},
            "currency": one.currency,
            "as_of": publication.as_of,
            "published_at": now,
            "prediction_days": publication.report.horizons.prediction_days,
            "churn_days": publication.report.horizons.churn_days,
        }
        for position, one in enumerate(publication.segments)
    ]
    if rows:
        await connection.execute(insert(table), rows)


async def _sums(
    connection: AsyncConnection, customers: Table, publication: Publication
) -> dict[str, Sums]:
    """Add up what customers bring, by their segment and the groups that it is in."""
    segment_id = customers.c.archetype_id
    sums = [func.sum(customers.c[number]).label(column) for column, number in SUMS.items()]
    found = await connection.execute(select(segment_id, *sums).group_by(segment_id))
    parents = {one.id: one.parent_id for one in publication.segments}
    added: dict[str, Sums] = defaultdict(dict)
    for row in found.mappings():
        known = {column: row[column] for column in SUMS if row[column] is not None}
        for above in with_ancestors(row[segment_id], parents):
            for column, value in known.items():
                added[above][column] = added[above].get(column, Decimal(0)) + _exact(value)
    return added


def _exact(value: Any) -> Decimal:
    """Return a sum of amounts to the cent: SQLite adds in floating point."""
    return Decimal(str(value)).quantize(CENT)


async def read_history(
    connection: AsyncConnection, sought: HistoryFilter, *, limit: int
) -> list[SegmentInRun]:
    """Return segments as runs found them: the latest run first, each in its own order.

    Parameters
    ----------
    connection
        In a transaction.
    sought
        Which rows.
    limit
        At most of so many runs.
    """
    columns, conditions = segment_history.c, _conditions(sought)
    runs = (
        select(columns.run_id)
        .where(*conditions)
        .group_by(columns.run_id)
        .order_by(func.max(columns.as_of).desc(), func.max(columns.published_at).desc())
        .limit(limit)
        .subquery()
    )
    statement = (
        select(segment_history)
        .join(runs, runs.c.run_id == columns.run_id)
        .where(*conditions)
        .order_by(
            columns.as_of.desc(), columns.published_at.desc(), columns.run_id, columns.position
        )
    )
    return [_shown(dict(row)) for row in (await connection.execute(statement)).mappings()]


def _conditions(sought: HistoryFilter) -> list[ColumnElement[bool]]:
    columns = segment_history.c
    found: list[ColumnElement[bool]] = []
    if sought.segment_ids:
        found.append(columns.segment_id.in_(sought.segment_ids))
    if sought.run_id is not None:
        found.append(columns.run_id == sought.run_id)
    if sought.since is not None:
        found.append(columns.as_of >= sought.since)
    if sought.before is not None:
        found.append(columns.as_of < sought.before)
    return found


def _shown(row: dict[str, Any]) -> SegmentInRun:
    del row["position"]
    known = {column: None if row[column] is None else float(row[column]) for column in SUMS}
    churn_risk = row["churn_risk_avg"]
    return SegmentInRun(
        **{
            **row,
            **known,
            "is_group": row["is_group"] == 1,
            "churn_risk_avg": None if churn_risk is None else float(churn_risk),
        }
    )
