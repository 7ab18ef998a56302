"""A shop's customers and counted orders, in columns."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from backend.core.glossary import Reason
from backend.database.bulk import read_batches
from backend.database.kinds import Kind
from backend.shop.counted import SQL_REASONS, id_type, identifier, order_rows, order_schema
from backend.shop.refusals import refusals_named
from backend.shop.shop import Shop
from backend.shop.times import MICROS, MISSING, micros_of, to_micros

UNKNOWN = -1
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class ShopColumns:
    """What one run reads.

    Attributes
    ----------
    customer_ids
        (customers,) int64, or str as objects; ascending; every customer of the shop.
    customer_index
        (orders,) place in `customer_ids` of each counted order.
    created_at
        (orders,) datetime64[us], UTC, before `as_of`.
    amount_micros
        (orders,) whole millionths of the currency unit, above 0, net of known partial refunds.
    rejected
        How many orders do not count, by reason; reasons that did not occur are absent.
    """

    customer_ids: NDArray[Any]
    customer_index: NDArray[np.int64]
    created_at: NDArray[np.datetime64]
    amount_micros: NDArray[np.int64]
    rejected: Mapping[Reason, int]


async def read_orders(
    connection: AsyncConnection,
    shop: Shop,
    as_of: datetime,
    progress: Progress = lambda _orders: None,
    *,
    now: datetime | None = None,
) -> ShopColumns:
    """Read every customer and every counted order before `as_of`.

    Parameters
    ----------
    connection
        Within a `snapshot`.
    shop
        Where its tables are.
    as_of
        Aware; orders from then on are left out.
    progress
        Called with the number of orders read so far.
    now
        Aware; orders after both it and `as_of` have an impossible date. Default: `as_of`.

    Raises
    ------
    InvalidMapping
        When a table or column that the mapping names does not exist, or cannot be read.
    DatabaseUnavailable
        When the shop's database is away.
    """
    customer_ids = await read_customer_ids(connection, shop)
    orders = await shop.orders(connection)
    collector = _Collector(customer_ids, shop, orders.kinds, progress)
    dialect = connection.dialect.name
    statement = order_rows(orders, shop.mapping, dialect)
    with refusals_named("orders"):
        await read_batches(connection, statement, order_schema(orders, dialect), collector.take)
    return collector.finish(micros_of(as_of), micros_of(now or as_of))


async def read_customer_ids(connection: AsyncConnection, shop: Shop) -> NDArray[Any]:
    """Return the ids of all customers, ascending: (customers,) int64, or str as objects."""
    customers = await shop.customers(connection)
    ids = customers.clause.c.id
    kind = customers.kinds["id"]
    statement = select(identifier(connection.dialect.name, ids, kind)).where(ids.is_not(None))
    batches: list[pa.RecordBatch] = []
    schema = pa.schema({"id": id_type(kind)})
    with refusals_named("customers"):
        await read_batches(connection, statement, schema, batches.append)
    column = pa.Table.from_batches(batches, schema).column(0)
    values = column.to_numpy()
    if kind is not Kind.INTEGER:
        values = values.astype(object)
        values = values[values != ""]
    return np.unique(values)


@dataclass(slots=True)
class _Collector:
    """Keeps what counts of each batch and counts the rest."""

    customer_ids: NDArray[Any]
    shop: Shop
    kinds: Mapping[str, Kind]
    progress: Progress
    read: int = 0
    rejected: Counter[Reason] = field(default_factory=Counter)
    order_ids: "list[pa.Array[Any]]" = field(default_factory=list)
    parts: list[tuple[NDArray[np.int64], ...]] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.customer_ids.dtype == object:
            self.places = {key: place for place, key in enumerate(self.customer_ids)}

    def take(self, batch: pa.RecordBatch) -> None:
        codes = batch.column("reason").to_numpy()
        for code, count in zip(*np.unique(codes, return_counts=True), strict=True):
            if code:
                self.rejected[SQL_REASONS[code - 1]] += int(count)
        self._keep(batch.filter(pa.array(codes == 0)))
        self.read += batch.num_rows
        self.progress(self.read)

    def _keep(self, batch: pa.RecordBatch) -> None:
        created = self._created(batch.column("created_at"))
        customer = self._customers(batch.column("customer_id"))
        undated, unknown = created == MISSING, customer == UNKNOWN
        self.rejected[Reason.NULL_DATE] += int(undated.sum())
        self.rejected[Reason.UNKNOWN_CUSTOMER] += int((unknown & ~undated).sum())
        kept = ~undated & ~unknown
        amount = batch.column("amount_micros").to_numpy()
        self.parts.append((customer[kept], created[kept], amount[kept]))
        self.order_ids.append(batch.column("order_id").filter(pa.array(kept)))

    def _created(self, column: "pa.Array[Any]") -> NDArray[np.int64]:
        kind = self.kinds["created_at"]
        if kind is Kind.INTEGER:
            return np.asarray(column.to_numpy() * MICROS)
        return to_micros(column, self.shop.mapping.zone, aware=kind is Kind.INSTANT)

    def _customers(self, column: "pa.Array[Any]") -> NDArray[np.int64]:
        """Return each order's place in `customer_ids`, or `UNKNOWN`."""
        if self.places or self.customer_ids.dtype == object:
            keys = column.cast(pa.string()).to_pylist()
            return np.fromiter(
                (self.places.get(key or "", UNKNOWN) for key in keys), dtype=np.int64
            )
        ids = _whole_numbers(column)
        return places_of(ids, self.customer_ids)

    def finish(self, as_of: int, now: int) -> ShopColumns:
        columns = [np.concatenate(part) for part in zip(*self.parts, strict=True)]
        customer, created, amount = columns or [np.empty(0, dtype=np.int64)] * 3
        before = created < as_of
        future = int((created >= max(as_of, now + 1)).sum())
        self.rejected[Reason.FUTURE_DATE] += future
        self.rejected[Reason.AFTER_AS_OF] += int((~before).sum()) - future
        first = _first_of_each_order(self.order_ids, created, amount)
        self.rejected[Reason.DUPLICATE_ORDER_ID] += int((before & ~first).sum())
        kept = before & first
        return ShopColumns(
            customer_ids=self.customer_ids,
            customer_index=customer[kept],
            created_at=created[kept].astype("datetime64[us]"),
            amount_micros=amount[kept],
            rejected={reason: count for reason, count in self.rejected.items() if count},
        )


def places_of(ids: NDArray[Any], customer_ids: NDArray[Any]) -> NDArray[np.int64]:
    """Return the place of each id in the ascending `customer_ids`, or `UNKNOWN`."""
    if not len(customer_ids):
        return np.full(len(ids), UNKNOWN, dtype=np.int64)
    places = np.minimum(np.searchsorted(customer_ids, ids), len(customer_ids) - 1)
    return np.where(customer_ids[places] == ids, places, UNKNOWN)


def _whole_numbers(column: "pa.Array[Any]") -> NDArray[np.int64]:
    """Return ids as integers; text that is none becomes the smallest integer, which is no id."""
    if pa.types.is_string(column.type):
        whole = pc.match_substring_regex(column, r"^-?[0-9]{1,18}$")
        column = pc.if_else(whole, column, pa.scalar(None, pa.string())).cast(pa.int64())
    return column.fill_null(MISSING).to_numpy(zero_copy_only=False)


def _order_keys(ids: "pa.Array[Any]") -> NDArray[np.int64]:
    numbers = ids.dictionary_encode().indices if pa.types.is_string(ids.type) else ids
    return numbers.cast(pa.int64()).fill_null(MISSING).to_numpy(zero_copy_only=False)


def _first_of_each_order(
    parts: "list[pa.Array[Any]]", created: NDArray[np.int64], amount: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Tell which rows are the earliest of their order id; rows without an id are all."""
    first = np.ones(len(created), dtype=bool)
    if not parts:
        return first
    ids = pa.concat_arrays(parts)
    present = ids.is_valid().to_numpy(zero_copy_only=False)
    keys = _order_keys(ids)[present]
    if len(np.unique(keys)) == len(keys):
        return first
    order = np.lexsort((amount[present], created[present], keys))
    repeated = np.zeros(len(keys), dtype=bool)
    repeated[order[1:]] = keys[order[1:]] == keys[order[:-1]]
    first[np.flatnonzero(present)[repeated]] = False
    return first
