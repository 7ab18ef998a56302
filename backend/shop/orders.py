"""A shop's customers and counted orders, in columns."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import select

from backend.behaviour.history import in_order
from backend.core.arrays import BoolArray, are_distinct
from backend.core.customer_id import UNKNOWN, CustomerIds, are_ids, as_text
from backend.core.glossary import Reason
from backend.core.instants import micros_of
from backend.database.async_engines import AsyncConnection
from backend.database.bulk import read_batches, to_ids
from backend.database.expressions import identifier
from backend.database.kinds import Kind
from backend.shop.arrow_types import id_type, order_schema
from backend.shop.counted import all_order_rows, bit_of, reasons_in
from backend.shop.refusals import refusals_named
from backend.shop.shop import Shop
from backend.shop.times import MICROS, MISSING, dated, to_micros

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
        How many orders do not count, by their first reason; those that did not occur are absent.
    without_id
        How many rows of the customers' table hold nothing that can be an id.
    left_out
        The same orders by all their reasons.
    order_ids
        (orders,) the shop's ids of counted orders, by which their lines are found; none of them
        once that is done.
    """

    customer_ids: NDArray[Any]
    customer_index: NDArray[np.int64]
    created_at: NDArray[np.datetime64]
    amount_micros: NDArray[np.int64]
    rejected: Mapping[Reason, int]
    without_id: int = 0
    left_out: Mapping[tuple[Reason, ...], int] = field(default_factory=dict)
    order_ids: "pa.Array[Any]" = field(default_factory=partial(pa.array, [], pa.int64()))

    def of(self, customers: BoolArray) -> "ShopColumns":
        """Return some of the customers, and their orders."""
        places = np.cumsum(customers) - 1
        orders = customers[self.customer_index]
        return replace(
            self.without_order_ids(),
            customer_ids=self.customer_ids[customers],
            customer_index=places[self.customer_index[orders]],
            created_at=self.created_at[orders],
            amount_micros=self.amount_micros[orders],
        )

    @classmethod
    def joined(cls, parts: Sequence["ShopColumns"], without_id: int) -> "ShopColumns":
        """Return the columns of customers one after the other, each part's ids above the last's.

        Parameters
        ----------
        parts
            At least one.
        without_id
            Of all of them.
        """
        before = np.cumsum([0, *(len(one.customer_ids) for one in parts)])[:-1]
        places = [start + one.customer_index for start, one in zip(before, parts, strict=True)]
        left_out = sum((Counter(one.left_out) for one in parts), Counter[tuple[Reason, ...]]())
        return cls(
            customer_ids=_joined([one.customer_ids for one in parts]),
            customer_index=np.concatenate(places),
            created_at=np.concatenate([one.created_at for one in parts]),
            amount_micros=np.concatenate([one.amount_micros for one in parts]),
            rejected=_by_first(left_out),
            without_id=without_id,
            left_out=dict(left_out),
            order_ids=_in_one([one.order_ids for one in parts]),
        )

    def repeat_orders(self) -> bool:
        """Tell whether an order's id is there more than once."""
        keys = _order_keys(self.order_ids)
        keys = keys[keys != MISSING]
        return not are_distinct(keys)

    def of_orders(self, chosen: BoolArray) -> "ShopColumns":
        """Return the same with some of the orders."""
        return replace(
            self,
            customer_index=self.customer_index[chosen],
            created_at=self.created_at[chosen],
            amount_micros=self.amount_micros[chosen],
            order_ids=self.order_ids.filter(pa.array(chosen)),
        )

    def in_order(self) -> "ShopColumns":
        """Return the same by customer, then by time: as a history has them, which copies none."""
        order = in_order(self.customer_index, self.created_at, self.amount_micros)
        return replace(
            self.without_order_ids(),
            customer_index=self.customer_index[order],
            created_at=self.created_at[order],
            amount_micros=self.amount_micros[order],
        )

    def without_order_ids(self) -> "ShopColumns":
        """Return the same without what only order lines need."""
        return replace(self, order_ids=pa.array([], pa.int64()))


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
    customers, without_id = await read_customer_ids(connection, shop)
    orders = await shop.orders(connection)
    collector = _Collector(customers, without_id, shop, orders.kinds, progress)
    dialect = connection.dialect.name
    statement = all_order_rows(orders, shop.mapping, dialect)
    with refusals_named("orders"):
        await read_batches(connection, statement, order_schema(orders, dialect), collector.take)
    return collector.finish(micros_of(as_of), micros_of(now or as_of))


async def read_customer_ids(connection: AsyncConnection, shop: Shop) -> tuple[CustomerIds, int]:
    """Return the ids of all customers, and how many of their rows hold none.

    Raises
    ------
    InvalidMapping, DatabaseUnavailable
        As `read_orders`.
    """
    customers = await shop.customers(connection)
    kind = customers.kinds["id"]
    statement = select(identifier(connection.dialect.name, customers.clause.c.id, kind))
    schema = pa.schema({"id": id_type(kind)})
    parts = [to_ids(pa.array([], schema.field(0).type))]

    async def take(batch: pa.RecordBatch) -> None:
        parts.append(to_ids(batch.column(0)))

    with refusals_named("customers"):
        await read_batches(connection, statement, schema, take)
    column = _joined(parts)
    known = are_ids(column)
    return CustomerIds.of(column[known]), int((~known).sum())


def _joined(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Put columns of ids together: as text where one of them is."""
    if any(part.dtype == object for part in parts):
        parts = [as_text(part) for part in parts]
    return np.concatenate(parts)


@dataclass(slots=True)
class _Collector:
    """Keeps what counts of each batch and counts the rest."""

    customers: CustomerIds
    without_id: int
    shop: Shop
    kinds: Mapping[str, Kind]
    progress: Progress
    read: int = 0
    left_out: Counter[tuple[Reason, ...]] = field(default_factory=Counter)
    order_ids: "list[pa.Array[Any]]" = field(default_factory=list)
    parts: Sequence[list[NDArray[np.int64]]] = field(default_factory=lambda: ([], [], []))

    async def take(self, batch: pa.RecordBatch) -> None:
        reasons = batch.column("reasons").to_numpy().copy()
        customer = self._fill(batch, _has_not(reasons, Reason.NULL_CUSTOMER), self._places, UNKNOWN)
        created = self._fill(batch, _has_not(reasons, Reason.NULL_DATE), self._created, MISSING)
        created = dated(created)
        strangers = _has_not(reasons, Reason.NULL_CUSTOMER) & (customer == UNKNOWN)
        reasons[strangers] |= bit_of(Reason.UNKNOWN_CUSTOMER)
        reasons[created == MISSING] |= bit_of(Reason.NULL_DATE)
        for bits, count in zip(*np.unique(reasons, return_counts=True), strict=True):
            self._leave_out(reasons_in(int(bits)), int(count))
        kept = reasons == 0
        amount = batch.column("amount_micros").filter(pa.array(kept)).to_numpy()
        for part, column in zip(self.parts, (customer[kept], created[kept], amount), strict=True):
            part.append(column)
        self.order_ids.append(batch.column("order_id").filter(pa.array(kept)))
        self.read += batch.num_rows
        self.progress(self.read)

    def _leave_out(self, reasons: tuple[Reason, ...], count: int) -> None:
        if reasons and count:
            self.left_out[reasons] += count

    @staticmethod
    def _fill(
        batch: pa.RecordBatch,
        there: BoolArray,
        read: "Callable[[pa.RecordBatch], NDArray[np.int64]]",
        nothing: int,
    ) -> NDArray[np.int64]:
        """Read something of the rows that have it."""
        if there.all():
            return read(batch)
        values = np.full(len(there), nothing, dtype=np.int64)
        values[there] = read(batch.filter(pa.array(there)))
        return values

    def _places(self, batch: pa.RecordBatch) -> NDArray[np.int64]:
        return self.customers.places_of(to_ids(batch.column("customer_id")))

    def _created(self, batch: pa.RecordBatch) -> NDArray[np.int64]:
        column, kind = batch.column("created_at"), self.kinds["created_at"]
        if kind is Kind.INTEGER:
            return np.asarray(column.to_numpy() * MICROS)
        local = to_micros(column, self.shop.mapping.zone, aware=kind is Kind.INSTANT)
        if "in_utc" not in batch.schema.names:
            return local
        in_utc = batch.column("in_utc").to_numpy() == 1
        return np.where(in_utc, to_micros(column, ZoneInfo("UTC"), aware=False), local)

    def finish(self, as_of: int, now: int) -> ShopColumns:
        """Put the batches together, and let go of them: a million customers' take 200 MiB."""
        customer, created, amount = map(_emptied, self.parts)
        before = created < as_of
        future = int((created >= max(as_of, now + 1)).sum())
        self._leave_out((Reason.FUTURE_DATE,), future)
        self._leave_out((Reason.AFTER_AS_OF,), int((~before).sum()) - future)
        order_ids = _in_one(self.order_ids)
        self.order_ids.clear()
        first = _first_of_each_order(order_ids, created, amount)
        self._leave_out((Reason.DUPLICATE_ORDER_ID,), int((before & ~first).sum()))
        columns = ShopColumns(
            customer_ids=self.customers.values,
            customer_index=customer,
            created_at=created.view("datetime64[us]"),
            amount_micros=amount,
            rejected=_by_first(self.left_out),
            without_id=self.without_id,
            left_out=dict(self.left_out),
            order_ids=order_ids,
        )
        kept = before & first
        return columns if kept.all() else columns.of_orders(kept)


def _emptied(parts: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Put the parts of a column together; they are held no longer."""
    column = np.concatenate([np.empty(0, dtype=np.int64), *parts])
    parts.clear()
    return column


def _has_not(reasons: NDArray[np.int16], reason: Reason) -> BoolArray:
    """Tell which rows lack a reason."""
    return np.asarray((reasons & bit_of(reason)) == 0)


def _by_first(left_out: Mapping[tuple[Reason, ...], int]) -> dict[Reason, int]:
    counts: Counter[Reason] = Counter()
    for reasons, count in left_out.items():
        counts[reasons[0]] += count
    return dict(counts)


def _order_keys(ids: "pa.Array[Any]") -> NDArray[np.int64]:
    numbers = ids.dictionary_encode().indices if pa.types.is_string(ids.type) else ids
    return numbers.cast(pa.int64()).fill_null(MISSING).to_numpy(zero_copy_only=False)


def _in_one(parts: "list[pa.Array[Any]]") -> "pa.Array[Any]":
    """Put columns of ids together; numbers from 2⁶³ on came as text."""
    if len({part.type for part in parts}) > 1:
        parts = [part.cast(pa.string()) for part in parts]
    return pa.concat_arrays(parts) if parts else pa.array([], pa.int64())


def _first_of_each_order(
    ids: "pa.Array[Any]", created: NDArray[np.int64], amount: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Tell which rows are the earliest of their order id; rows without an id are all."""
    first = np.ones(len(created), dtype=bool)
    present = ids.is_valid().to_numpy(zero_copy_only=False)
    keys = _order_keys(ids)
    if ids.null_count:
        keys = keys[present]
    if are_distinct(keys):
        return first
    order = np.lexsort((amount[present], created[present], keys))
    repeated = np.zeros(len(keys), dtype=bool)
    repeated[order[1:]] = keys[order[1:]] == keys[order[:-1]]
    first[np.flatnonzero(present)[repeated]] = False
    return first
