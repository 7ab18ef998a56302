"""The counted orders of some customers as they are at this moment, in columns as a run has them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from math import fsum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Double, Select, String, cast, select

from backend.behaviour.baskets import Baskets
from backend.core.arrays import IntArray
from backend.core.customer_id import CustomerId
from backend.core.instants import micros_of
from backend.database.async_engines import AsyncConnection, AsyncEngine
from backend.database.compiled import Row
from backend.database.compiled_lists import HotLookup, Places
from backend.database.expressions import as_text
from backend.database.kinds import Kind
from backend.shop.asking import asked, asked_again
from backend.shop.counted import order_rows
from backend.shop.customers import ASKED_NUMBER, ASKED_TEXT, asked_id, is_of, is_one_of
from backend.shop.orders_of_customer import created_in_utc
from backend.shop.refusals import refusals_named
from backend.shop.shop import Shop, Source

SHOP = "shop"
ORDERS_AT_ONCE = 5_000  # below what any database takes as parameters


@dataclass(frozen=True, slots=True)
class OrdersOfSome:
    """Counted orders of some customers, in any sequence; arrays of shape (orders,).

    Attributes
    ----------
    order_ids
        As text; None where an order has none.
    customer_index
        The customer's place among those who were asked for.
    created_at
        UTC, in microseconds.
    amount_micros
        Whole millionths of the currency unit, above 0, net of known partial refunds.
    """

    order_ids: Sequence[str | None]
    customer_index: IntArray
    created_at: NDArray[np.datetime64]
    amount_micros: IntArray

    def before(self, as_of: datetime) -> "OrdersOfSome":
        """Return those created before an aware instant."""
        known = self.created_at.astype(np.int64) < micros_of(as_of)
        return OrdersOfSome(
            order_ids=[one for one, kept in zip(self.order_ids, known, strict=True) if kept],
            customer_index=self.customer_index[known],
            created_at=self.created_at[known],
            amount_micros=self.amount_micros[known],
        )


class OrderReads:
    """The statement that reads orders of some customers, compiled once for a shape of the shop."""

    def __init__(self) -> None:
        self._of: Source | None = None
        self._lookup: HotLookup | None = None

    def for_(self, orders: Source, shop: Shop, dialect: str) -> HotLookup:
        """Return it for the shop's orders as they look now."""
        if self._lookup is None or self._of is not orders:
            self._of, self._lookup = orders, _lookup(orders, shop, dialect)
        return self._lookup


async def read_orders_of(
    engine: AsyncEngine, shop: Shop, customer_ids: Sequence[CustomerId], reads: OrderReads
) -> OrdersOfSome:
    """Read the counted orders of some customers, those with a date to come included.

    Parameters
    ----------
    engine
        The shop's database.
    shop
        Where its tables are.
    customer_ids
        Of customers that the shop has.
    reads
        Remembers the statement.

    Raises
    ------
    InvalidMapping
        When a table or column that the mapping names does not exist, or cannot be read.
    DatabaseUnavailable
        When the shop's database is away.
    """
    if shop.mapping.merge_guests or not all(one.text.isascii() for one in customer_ids):
        return await asked(engine, shop, partial(_in_steps, shop=shop, customer_ids=customer_ids))
    at_once = partial(_at_once, engine, shop, customer_ids, reads)
    return await asked_again(shop, at_once, shop.forget)


async def _at_once(
    engine: AsyncEngine, shop: Shop, customer_ids: Sequence[CustomerId], reads: OrderReads
) -> OrdersOfSome:
    orders, dialect = shop.remembered_orders, engine.dialect.name
    if orders is None:
        orders = await asked(engine, shop, shop.orders)
    ids = [asked_id(one, dialect) for one in customer_ids]
    rows = await reads.for_(orders, shop, dialect).rows(engine, ids, SHOP)
    return _in_columns(rows, orders, shop, customer_ids)


def _lookup(orders: Source, shop: Shop, dialect: str) -> HotLookup:
    def statement_of(places: Places) -> Select[Any]:
        texts, numbers = places[ASKED_TEXT], places[ASKED_NUMBER]
        theirs = is_one_of(orders, dialect, texts, numbers, "customer_id")
        return order_rows(orders, shop.mapping, dialect).where(theirs)

    return HotLookup(statement_of, {ASKED_TEXT: String(), ASKED_NUMBER: BigInteger()})


async def _in_steps(
    connection: AsyncConnection, shop: Shop, customer_ids: Sequence[CustomerId]
) -> OrdersOfSome:
    """Look first what the database can hold, and whose accounts are whose."""
    orders = await shop.orders(connection)
    theirs = await is_of(connection, orders, customer_ids, "customer_id")
    if theirs is None:
        return _in_columns([], orders, shop, customer_ids)
    statement = order_rows(orders, shop.mapping, connection.dialect.name).where(theirs)
    with refusals_named("orders"):
        rows = (await connection.execute(statement)).all()
    return _in_columns(rows, orders, shop, customer_ids)


def _in_columns(
    rows: Sequence[Row], orders: Source, shop: Shop, customer_ids: Sequence[CustomerId]
) -> OrdersOfSome:
    place = {one.text: at for at, one in enumerate(customer_ids)}
    counted = [*_first_of_each(sorted(_counted(rows, orders, shop), key=lambda one: one[2:]))]
    # A collation may take two ids for one.
    known = [one for one in counted if one[1] in place]
    micros = np.array([created for _, _, created, _ in known], dtype=np.int64)
    return OrdersOfSome(
        order_ids=[order_id for order_id, *_ in known],
        customer_index=np.array([place[customer] for _, customer, _, _ in known], dtype=np.int64),
        created_at=micros.astype("datetime64[us]"),
        amount_micros=np.array([amount for *_, amount in known], dtype=np.int64),
    )


Counted = tuple[str | None, str, int, int]
"""An order: its id, its customer's, microseconds since 1970, millionths of the currency unit."""


def _counted(rows: Sequence[Row], orders: Source, shop: Shop) -> Iterator[Counted]:
    kind = orders.kinds["created_at"]
    for order_id, customer_id, created, amount, reasons, *in_utc in rows:
        zone = UTC if kind is Kind.INSTANT or in_utc == [1] else shop.mapping.zone
        at: datetime | None = None if reasons else created_in_utc(created, kind, zone)
        if at is not None:
            named = None if order_id is None else str(order_id)
            yield named, str(customer_id), micros_of(at), int(amount)


def _first_of_each(orders: Sequence[Counted]) -> Iterator[Counted]:
    """Yield the first of each order id, and every order without one."""
    seen: set[str] = set()
    for one in orders:
        if one[0] is None or one[0] not in seen:
            yield one
        if one[0] is not None:
            seen.add(one[0])


async def read_baskets_of(
    engine: AsyncEngine, shop: Shop, orders: OrdersOfSome, customers: int
) -> Baskets | None:
    """Add up the lines of some customers' counted orders; None when the shop has none.

    Only what habits are told by: products and vendors are not looked at.

    Parameters
    ----------
    engine, shop
        As of `read_orders_of`.
    orders
        As it returned them.
    customers
        How many were asked for.

    Raises
    ------
    InvalidMapping, DatabaseUnavailable
        As `read_orders_of`.
    """
    return await asked(engine, shop, partial(_baskets, shop=shop, orders=orders, of=customers))


async def _baskets(
    connection: AsyncConnection, shop: Shop, orders: OrdersOfSome, of: int
) -> Baskets | None:
    lines = await shop.line_items(connection)
    if lines is None:
        return None
    units: dict[str, list[float]] = defaultdict(list)
    ids = [one for one in orders.order_ids if one is not None]
    for start in range(0, len(ids), ORDERS_AT_ONCE):
        for of_order, quantity in await _lines(
            connection, lines, ids[start : start + ORDERS_AT_ONCE]
        ):
            units[str(of_order)] += [] if quantity is None else [float(quantity)]
    return _added_up(units, orders, of)


async def _lines(
    connection: AsyncConnection, lines: Source, order_ids: Sequence[str]
) -> Sequence[Row]:
    """Return the order and the quantity of each line of some orders."""
    line, kind = lines.clause.c, lines.kinds["order_id"]
    ids = [CustomerId(one) for one in order_ids]  # an order's id is its text too
    theirs = await is_of(connection, lines, ids, "order_id")
    if theirs is None:
        return []
    order_id = as_text(connection.dialect.name, line.order_id, kind)
    columns: list[Any] = [order_id, cast(line.quantity, Double())]
    statement = select(*columns).where(theirs)
    with refusals_named("line_items"):
        rows: Sequence[Row] = (await connection.execute(statement)).all()
    return rows


def _added_up(units: Mapping[str, Sequence[float]], orders: OrdersOfSome, of: int) -> Baskets:
    """Add up as a run does: sums as near as a double can be, unknown where nothing is."""
    per_customer: list[list[float | None]] = [[] for _ in range(of)]
    for place, order_id in zip(orders.customer_index.tolist(), orders.order_ids, strict=True):
        if order_id is not None and order_id in units:
            known = units[order_id]
            per_customer[place].append(fsum(known) if known else None)
    counts = np.array([len(mine) or np.nan for mine in per_customer])
    unknown = np.full(of, np.nan)
    return Baskets(
        orders=counts,
        lines=unknown,
        units=np.array([_sum(one for one in mine) for mine in per_customer]),
        units_squared=np.array([_sum(_squares(mine)) for mine in per_customer]),
        distinct_products=unknown,
        distinct_vendors=unknown,
        repeated_products=unknown,
    )


def _squares(units: Iterable[float | None]) -> Iterator[float | None]:
    return (None if one is None else one * one for one in units)


def _sum(values: Iterable[float | None]) -> float:
    known = [one for one in values if one is not None]
    return fsum(known) if known else np.nan
