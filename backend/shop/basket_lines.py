"""What customers put into their baskets, aggregated in the database."""

from dataclasses import fields
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import Float, Select, Subquery, case, cast, func, select

from backend.behaviour.baskets import Baskets
from backend.core.customer_id import UNKNOWN, CustomerIds
from backend.database.async_engines import AsyncConnection
from backend.database.bulk import read_batches, to_ids
from backend.database.expressions import exact, identifier, same_id
from backend.database.kinds import Kind
from backend.shop.arrow_types import id_type
from backend.shop.counted import counted_before
from backend.shop.refusals import refusals_named
from backend.shop.shop import Shop, Source

MEASURES = tuple(field.name for field in fields(Baskets))
ORDER_MEASURES = ("orders", "units_squared")
PRODUCT_MEASURES = ("lines", "units", "distinct_products", "repeated_products")


async def read_baskets(
    connection: AsyncConnection, shop: Shop, as_of: datetime, customer_ids: NDArray[Any]
) -> Baskets | None:
    """Aggregate the lines of all counted orders before `as_of`, per customer.

    Parameters
    ----------
    connection
        Within a `snapshot`.
    shop
        Where its tables are.
    as_of
        Aware; orders from then on are left out.
    customer_ids
        (customers,) as `read_orders` returned them.

    Returns
    -------
    None when the shop has no order lines.

    Raises
    ------
    InvalidMapping
        When a table or column that the mapping names does not exist, or cannot be read.
    DatabaseUnavailable
        When the shop's database is away.
    """
    lines = await shop.line_items(connection)
    if lines is None:
        return None
    orders = await shop.orders(connection)
    bought = _bought(connection, shop, orders, lines, as_of)
    filler = _Filler(customer_ids)
    kind = orders.kinds["customer_id"]
    await _fill(connection, filler, _per_customer(bought), PRODUCT_MEASURES, kind)
    await _fill(connection, filler, _per_order(bought), ORDER_MEASURES, kind)
    if lines.has("vendor"):
        await _fill(connection, filler, _vendors(bought), ("distinct_vendors",), kind)
    return Baskets(**filler.columns)


def _bought(
    connection: AsyncConnection, shop: Shop, orders: Source, lines: Source, as_of: datetime
) -> Subquery:
    """Select one row per line of a counted order, with its customer."""
    dialect = connection.dialect.name
    order, kinds = orders.clause.c, orders.kinds
    customer_id = identifier(dialect, order.customer_id, kinds["customer_id"])
    counted = (
        select(
            order.id,
            exact(dialect, order.id, kinds["id"]).label("exact_id"),
            exact(dialect, customer_id, kinds["customer_id"]).label("customer_id"),
        )
        .where(counted_before(orders, shop.mapping, dialect, as_of))
        .distinct()
        .subquery("counted")
    )
    line = lines.clause.c
    same = same_id(dialect, line.order_id, lines.kinds["order_id"], counted.c.id, kinds["id"])
    return (
        select(
            counted.c.customer_id,
            counted.c.exact_id.label("order_id"),
            (line.product_id if lines.has("product_id") else line.product_title).label("product"),
            cast(line.quantity, Float()).label("units"),
            line.vendor,
        )
        .join_from(lines.clause, counted, same)
        .subquery("bought")
    )


def _per_customer(bought: Subquery) -> Select[Any]:
    columns = bought.c
    # Different first and last order: bought more than once. Far cheaper than counting them.
    repeated = func.min(columns.order_id) < func.max(columns.order_id)
    products = (
        select(
            columns.customer_id,
            columns.product,
            func.count().label("lines"),
            func.sum(columns.units).label("units"),
            case((repeated, 1), else_=0).label("repeated"),
        )
        .group_by(columns.customer_id, columns.product)
        .subquery("products")
    )
    known = case((products.c.product.is_not(None), products.c.repeated), else_=0)
    return select(
        products.c.customer_id,
        cast(func.sum(products.c.lines), Float()),
        func.sum(products.c.units),
        cast(func.count(products.c.product), Float()),
        cast(func.sum(known), Float()),
    ).group_by(products.c.customer_id)


def _per_order(bought: Subquery) -> Select[Any]:
    orders = (
        select(bought.c.customer_id, func.sum(bought.c.units).label("units"))
        .group_by(bought.c.customer_id, bought.c.order_id)
        .subquery("baskets")
    )
    return select(
        orders.c.customer_id,
        cast(func.count(), Float()),
        func.sum(orders.c.units * orders.c.units),
    ).group_by(orders.c.customer_id)


def _vendors(bought: Subquery) -> Select[Any]:
    known = bought.c.vendor.is_not(None)
    pairs = select(bought.c.customer_id, bought.c.vendor).where(known).distinct().subquery("pairs")
    return select(pairs.c.customer_id, cast(func.count(), Float())).group_by(pairs.c.customer_id)


async def _fill(
    connection: AsyncConnection,
    filler: "_Filler",
    statement: Select[Any],
    measures: tuple[str, ...],
    kind: Kind,
) -> None:
    schema = pa.schema({"customer_id": id_type(kind), **dict.fromkeys(measures, pa.float64())})
    with refusals_named("line_items"):
        await read_batches(connection, statement, schema, filler.take)


class _Filler:
    """Puts each customer's numbers where `customer_ids` has them."""

    def __init__(self, customer_ids: NDArray[Any]) -> None:
        self.customers = CustomerIds(customer_ids)
        self.columns = {name: np.full(len(customer_ids), np.nan) for name in MEASURES}

    async def take(self, batch: pa.RecordBatch) -> None:
        places = self.customers.places_of(to_ids(batch.column("customer_id")))
        known = places != UNKNOWN
        for name in batch.schema.names[1:]:
            values = batch.column(name).to_numpy(zero_copy_only=False)
            self.columns[name][places[known]] = values[known]
