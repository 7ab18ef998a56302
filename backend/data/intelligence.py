"""What a run found out: published in one transaction, read by the API."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

import numpy as np
from alembic.migration import MigrationContext
from alembic.operations import Operations
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    Connection,
    String,
    Table,
    delete,
    insert,
    inspect,
    select,
    type_coerce,
    union,
    update,
)
from sqlalchemy.exc import IntegrityError

from backend.core.errors import SegmentNameTaken, SegmentNotFound
from backend.data import runs
from backend.data.engine import AsyncConnection, AsyncEngine, transaction
from backend.data.runs import CustomerIdType, Published
from backend.data.tables import (
    CUSTOMER_ID_LENGTH,
    customer_intelligence,
    segment_changes,
    segment_lineage,
    segment_names,
    segments,
    text_id,
)
from backend.data.tables import runs as runs_table

ROWS_PER_BATCH = 10_000
CENT = Decimal("0.01")
LTV_LIMIT = Decimal(10) ** 8  # the guide's DECIMAL(10,2)

Columns = dict[str, Sequence[Any]]
Cause = Literal["behaviour", "model"]
GivenBy = Literal["person", "model"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerColumns:
    """What is known of every customer of the shop; arrays of shape (customers,), NaN unknown.

    Attributes
    ----------
    customer_id
        int64 or str.
    segment
        Index into the publication's segments, int64.
    status
        "scored", or why numbers are unknown.
    historical_micros
        int64, exact millionths of the currency unit.
    frequency
        int64, counted orders.
    age_days, usual_gap_days
        Days since the first counted order, and between days with orders.
    order_days
        int64, days with counted orders.
    typical_order_value
        Geometric mean of order values.
    """

    customer_id: NDArray[Any]
    segment: NDArray[np.int64]
    confidence: NDArray[np.float64]
    status: NDArray[np.str_]
    historical_micros: NDArray[np.int64]
    frequency: NDArray[np.int64]
    recency_days: NDArray[np.float64]
    predicted_value: NDArray[np.float64]
    predicted_value_low: NDArray[np.float64]
    predicted_value_high: NDArray[np.float64]
    predicted_orders: NDArray[np.float64]
    predicted_orders_low: NDArray[np.float64]
    predicted_orders_high: NDArray[np.float64]
    next_order_days: NDArray[np.float64]
    churn_risk: NDArray[np.float64]
    age_days: NDArray[np.float64]
    usual_gap_days: NDArray[np.float64]
    order_days: NDArray[np.int64]
    typical_order_value: NDArray[np.float64]

    @property
    def customer_id_type(self) -> CustomerIdType:
        """What the shop's ids are."""
        return "integer" if self.customer_id.dtype.kind in "iu" else "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRow:
    """One segment of the published run; `profile` holds what has no column of its own."""

    id: str
    parent_id: str | None
    is_group: bool
    level: int
    name: str
    description: str | None
    customer_count: int
    avg_ltv: Decimal | None
    churn_risk_avg: float | None
    profile: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class GivenName:
    """A name that stays with a segment's id; without a description the rule's holds."""

    name: str
    description: str | None
    given_by: GivenBy


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentMoves:
    """Who changed segment; arrays of shape (moves,), ids as in the shop, None for no segment."""

    customer_id: NDArray[Any]
    from_segment_id: Sequence[str | None]
    to_segment_id: Sequence[str | None]
    cause: Sequence[Cause]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineageRow:
    """A segment that came or went: born, split, merged or died, and of or into which others."""

    segment_id: str
    event: str
    relatives: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """Everything one run publishes."""

    run_id: str
    token: str
    as_of: datetime
    customers: CustomerColumns
    segments: Sequence[SegmentRow]
    moves: SegmentMoves
    lineage: Sequence[LineageRow]
    new_names: Mapping[str, GivenName]
    report: str
    explainer: str | None
    model: str | None
    retention: timedelta


async def publish(engine: AsyncEngine, publication: Publication, *, now: datetime) -> None:
    """Replace what is served, in one transaction: readers see the old run or the new one.

    Raises
    ------
    LeaseLost
        When the run is no longer ours; nothing is written.
    """
    kind = publication.customers.customer_id_type
    await fit_customer_id_type(engine, kind)
    async with transaction(engine) as connection:
        await runs.finish(
            connection,
            publication.run_id,
            token=publication.token,
            as_of=publication.as_of,
            customer_id_type=kind,
            report=publication.report,
            explainer=publication.explainer,
            model=publication.model,
            now=now,
        )
        await _replace_customers(connection, publication, now)
        await _replace_segments(connection, publication)
        await _keep_new_names(connection, publication, now)
        await _append_moves(connection, publication, now)
        await _append_lineage(connection, publication, now)
        await _forget(connection, now - publication.retention)


async def _replace_customers(
    connection: AsyncConnection, publication: Publication, now: datetime
) -> None:
    await connection.execute(delete(customer_intelligence))
    for start in range(0, len(publication.customers.customer_id), ROWS_PER_BATCH):
        chosen = slice(start, start + ROWS_PER_BATCH)
        columns = _customer_columns(publication, chosen, now)
        await _insert(connection, customer_intelligence, columns)


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
            "avg_ltv": row.avg_ltv,
            "churn_risk_avg": row.churn_risk_avg,
            "profile": json.dumps(row.profile),
            "run_id": publication.run_id,
        }
        for position, row in enumerate(publication.segments)
    ]
    if rows:
        await connection.execute(insert(segments), rows)


async def _keep_new_names(
    connection: AsyncConnection, publication: Publication, now: datetime
) -> None:
    for segment_id, given in publication.new_names.items():
        await _store_name(connection, segment_id, updated_at=now, **asdict(given))


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
            "relatives": json.dumps(row.relatives),
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


def _customer_columns(publication: Publication, chosen: slice, now: datetime) -> Columns:
    customers = publication.customers
    rows = [publication.segments[index] for index in customers.segment[chosen].tolist()]
    historical = _from_micros(customers.historical_micros[chosen])
    predicted = _money(customers.predicted_value[chosen])
    frequency = customers.frequency[chosen].tolist()
    waits = customers.next_order_days[chosen]
    status = customers.status[chosen].tolist()
    ltv = [_ltv(*values) for values in zip(historical, predicted, strict=True)]
    return {
        "customer_id": customers.customer_id[chosen].tolist(),
        "archetype_id": [row.id for row in rows],
        "archetype_name": [row.name for row in rows],
        "archetype_level": [row.level for row in rows],
        "ltv": [value if value is None or value < LTV_LIMIT else None for value in ltv],
        "churn_risk": _decimals(customers.churn_risk[chosen], 4),
        "cluster_confidence": _decimals(customers.confidence[chosen], 4),
        "updated_at": [now] * len(rows),
        "historical_value": [
            value if count else None for value, count in zip(historical, frequency, strict=True)
        ],
        "predicted_value": predicted,
        "predicted_value_low": _money(customers.predicted_value_low[chosen]),
        "predicted_value_high": _money(customers.predicted_value_high[chosen]),
        "predicted_orders": _decimals(customers.predicted_orders[chosen], 4),
        "predicted_orders_low": _decimals(customers.predicted_orders_low[chosen], 4),
        "predicted_orders_high": _decimals(customers.predicted_orders_high[chosen], 4),
        "next_order_p10": _instants(publication.as_of, waits[:, 0]),
        "next_order_p50": _instants(publication.as_of, waits[:, 1]),
        "next_order_p90": _instants(publication.as_of, waits[:, 2]),
        "frequency": frequency,
        "recency_days": _whole(customers.recency_days[chosen]),
        "avg_order_value": [
            (value / count).quantize(CENT) if count else None
            for value, count in zip(historical, frequency, strict=True)
        ],
        "status": [
            "value_out_of_range" if value is not None and value >= LTV_LIMIT else word
            for value, word in zip(ltv, status, strict=True)
        ],
        "run_id": [publication.run_id] * len(rows),
        "age_days": _whole(customers.age_days[chosen]),
        "usual_gap_days": _known(customers.usual_gap_days[chosen]),
        "order_days": customers.order_days[chosen].tolist(),
        "typical_order_value": [
            None if np.isnan(value) else value
            for value in customers.typical_order_value[chosen].tolist()
        ],
    }


def _ltv(historical: Decimal, predicted: Decimal | None) -> Decimal | None:
    return None if predicted is None else historical + predicted


def _from_micros(micros: NDArray[np.int64]) -> list[Decimal]:
    return [Decimal(value).scaleb(-6).quantize(CENT) for value in micros.tolist()]


def _money(values: NDArray[np.float64]) -> list[Decimal | None]:
    return _decimals(values, 2)


def _decimals(values: NDArray[np.float64], places: int) -> list[Decimal | None]:
    """Round to `places`; NaN becomes None."""
    return [None if value != value else Decimal(f"{value:.{places}f}") for value in values.tolist()]


def _known(values: NDArray[np.float64]) -> list[float | None]:
    return [None if np.isnan(value) else round(value, 2) for value in values.tolist()]


def _whole(values: NDArray[np.float64]) -> list[int | None]:
    return [None if np.isnan(value) else int(value) for value in values.tolist()]


def _instants(as_of: datetime, days: NDArray[np.float64]) -> list[datetime | None]:
    return [None if np.isnan(wait) else as_of + timedelta(days=wait) for wait in days.tolist()]


async def fit_customer_id_type(engine: AsyncEngine, kind: CustomerIdType) -> None:
    """Give our customer ids the type of the shop's: BIGINT for integers, else text.

    The rows are kept: they are what is served until the next publication.
    """
    async with transaction(engine) as connection:
        if await connection.run_sync(_id_type) != kind:
            await connection.run_sync(_alter_id_type, kind)
            await connection.execute(
                update(runs_table).where(runs_table.c.published == 1).values(customer_id_type=kind)
            )


def _id_type(connection: Connection) -> CustomerIdType:
    columns = inspect(connection).get_columns(customer_intelligence.name)
    kind = next(column["type"] for column in columns if column["name"] == "customer_id")
    return "text" if isinstance(kind, String) else "integer"


def _alter_id_type(connection: Connection, kind: CustomerIdType) -> None:
    operations = Operations(MigrationContext.configure(connection))
    new = BigInteger() if kind == "integer" else text_id(CUSTOMER_ID_LENGTH)
    for table in (customer_intelligence, segment_changes):
        if kind == "integer":  # ids that were text name nobody in a shop with integer ids
            connection.execute(delete(table))
        with operations.batch_alter_table(table.name) as batch:
            batch.alter_column(
                "customer_id",
                type_=new,
                existing_nullable=False,
                postgresql_using=f"customer_id::{'bigint' if kind == 'integer' else 'varchar'}",
            )


async def read_membership(engine: AsyncEngine) -> tuple[NDArray[Any], NDArray[np.str_]]:
    """Return the ids of all published customers and the segment of each, sorted by id."""
    columns = (customer_intelligence.c.customer_id, customer_intelligence.c.archetype_id)
    async with transaction(engine) as connection:
        rows = (await connection.execute(select(*columns))).all()
    ids = np.array([row[0] for row in rows])
    order = np.argsort(ids, kind="stable")
    return ids[order], np.array([row[1] for row in rows], dtype=object)[order]


async def read_profiles(
    connection: AsyncConnection, published: Published, customer_ids: Sequence[str]
) -> dict[str, Mapping[str, Any]]:
    """Return the published rows of these customers, by id as text; unknown ids are left out.

    Each row has the `as_of` of its own run: a run may be published since `published` was read.
    """
    ids = [_as_published(published, customer_id) for customer_id in customer_ids]
    column = _id_column(customer_intelligence, published)
    statement = (
        select(customer_intelligence, runs_table.c.as_of)
        .join(runs_table, runs_table.c.id == customer_intelligence.c.run_id)
        .where(column.in_([i for i in ids if i is not None]))
    )
    rows = (await connection.execute(statement)).mappings()
    return {str(row["customer_id"]): dict(row) for row in rows}


def _as_published(published: Published, customer_id: str) -> int | str | None:
    """Return the id as our tables hold it; None where it cannot be one."""
    if published.customer_id_type == "text":
        return customer_id
    number = int(customer_id) if customer_id.isdecimal() and customer_id.isascii() else None
    return number if number is not None and number < 2**63 else None


def _id_column(table: Table, published: Published) -> Any:
    if published.customer_id_type == "text":
        return type_coerce(table.c.customer_id, String())
    return table.c.customer_id


async def read_segments(connection: AsyncConnection) -> list[dict[str, Any]]:
    """Return the published segments and their groups in order, with their run's `as_of`.

    `profile` is decoded; a group stands ahead of its parts.
    """
    statement = (
        select(segments, runs_table.c.as_of)
        .join(runs_table, runs_table.c.id == segments.c.run_id)
        .order_by(segments.c.position)
    )
    rows = (await connection.execute(statement)).mappings()
    return [{**row, "profile": json.loads(row["profile"])} for row in rows]


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
        await _store_name(connection, segment_id, given_by=given_by, updated_at=now, **values)
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


async def _store_name(connection: AsyncConnection, segment_id: str, **values: Any) -> None:
    updated = await connection.execute(
        update(segment_names).where(segment_names.c.segment_id == segment_id).values(**values)
    )
    if updated.rowcount == 0:
        await connection.execute(insert(segment_names).values(segment_id=segment_id, **values))


async def read_moves(
    connection: AsyncConnection, *, run_id: str | None, limit: int
) -> list[dict[str, Any]]:
    """Return who moved between segments, newest first; of one run, or of all that are kept."""
    statement = select(segment_changes).order_by(segment_changes.c.id.desc()).limit(limit)
    if run_id is not None:
        statement = statement.where(segment_changes.c.run_id == run_id)
    return [dict(row) for row in (await connection.execute(statement)).mappings()]


async def read_lineage(connection: AsyncConnection, *, limit: int) -> list[dict[str, Any]]:
    """Return which segments came and went, newest first, `relatives` decoded."""
    statement = select(segment_lineage).order_by(segment_lineage.c.id.desc()).limit(limit)
    rows = (await connection.execute(statement)).mappings()
    return [{**row, "relatives": json.loads(row["relatives"])} for row in rows]


async def erase_customer(
    connection: AsyncConnection, published: Published, customer_id: str
) -> bool:
    """Delete all that is ours about a customer, moves included. Returns whether there was any."""
    known = _as_published(published, customer_id)
    if known is None:
        return False
    erased = 0
    for table in (segment_changes, customer_intelligence):
        statement = delete(table).where(_id_column(table, published) == known)
        erased += (await connection.execute(statement)).rowcount
    await runs.revise(connection)
    return erased > 0
