"""What customers put into their baskets: the shop's order lines, aggregated as they stream by.

The shop's database only hands its lines out. Grouping them there cost it 69 s of a million
customers' 91, three statements and a join of its own; DuckDB does it beside the reading.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import fields
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection
from sqlalchemy import Double, Select, cast, select

from backend.behaviour.baskets import Baskets
from backend.database.async_engines import AsyncConnection
from backend.database.bulk import read_through
from backend.database.expressions import as_text, grouped
from backend.database.kinds import Kind
from backend.database.scratch import scratch
from backend.shop.orders import ShopColumns
from backend.shop.refusals import refusals_named
from backend.shop.shop import Shop, Source

MEASURES = tuple(field.name for field in fields(Baskets))

# `purchase` and `buyer` are places among counted orders and among customers. `fsum` is as near to
# the sum as a double can be, in whatever order lines come.
BOUGHT = """
    CREATE TABLE bought AS
    SELECT buyer, purchase, product, vendor, units
    FROM lines JOIN purchases ON lines.order_id = purchases.order_id
"""
PER_CUSTOMER = (
    # Different first and last order: bought more than once. Far cheaper than counting them.
    """
    SELECT buyer, sum(lines) AS lines, fsum(units) AS units, count(product) AS distinct_products,
        count(product) FILTER (first < last) AS repeated_products
    FROM (
        SELECT buyer, product, count(*) AS lines, fsum(units) AS units,
            min(purchase) AS first, max(purchase) AS last
        FROM bought GROUP BY buyer, product
    ) GROUP BY buyer
    """,
    """
    SELECT buyer, count(*) AS orders, fsum(units * units) AS units_squared
    FROM (SELECT buyer, fsum(units) AS units FROM bought GROUP BY buyer, purchase) GROUP BY buyer
    """,
    """
    SELECT buyer, count(*) AS distinct_vendors
    FROM (SELECT DISTINCT buyer, vendor FROM bought WHERE vendor IS NOT NULL) GROUP BY buyer
    """,
)


async def read_baskets(
    connection: AsyncConnection, shop: Shop, columns: ShopColumns
) -> Baskets | None:
    """Aggregate the lines of all counted orders, per customer.

    Parameters
    ----------
    connection
        Within the `snapshot` in which `columns` were read.
    shop
        Where its tables are.
    columns
        Customers and counted orders, with their ids.

    Returns
    -------
    None when the shop has no order lines.

    Raises
    ------
    InvalidMapping
        When a table or column that the mapping names does not exist, or cannot be read.
    DatabaseUnavailable
        When the shop's database is away.
    NoRoomToSpill
        When the lines are larger than memory and disk.
    """
    lines = await shop.line_items(connection)
    if lines is None:
        return None
    by_number = _are_numbers(lines, columns)
    statement = _statement(lines, connection.dialect.name, by_number=by_number)
    schema = _schema(lines, by_number=by_number)
    with scratch() as database:
        database.register("purchases", _purchases(columns, by_number=by_number))
        with refusals_named("line_items"):
            await read_through(connection, statement, schema, partial(_take_in, database))
        found = await asyncio.to_thread(_aggregated, database)
    return _filled(found, len(columns.customer_ids))


def _are_numbers(lines: Source, columns: ShopColumns) -> bool:
    """Tell whether lines name their orders by numbers; where one side has texts, both are."""
    numbers = lines.kinds["order_id"] is Kind.INTEGER
    return numbers and pa.types.is_integer(columns.order_ids.type)


def _product(lines: Source) -> str:
    return "product_id" if lines.has("product_id") else "product_title"


def _statement(lines: Source, dialect: str, *, by_number: bool) -> Select[Any]:
    """Select every line, whether its order counts or not."""
    line, kinds, product = lines.clause.c, lines.kinds, _product(lines)
    order_id = line.order_id if by_number else as_text(dialect, line.order_id, kinds["order_id"])
    return select(
        order_id.label("order_id"),
        grouped(dialect, line[product], kinds[product]).label("product"),
        grouped(dialect, line.vendor, kinds["vendor"]).label("vendor"),
        cast(line.quantity, Double()).label("units"),
    )


def _schema(lines: Source, *, by_number: bool) -> pa.Schema:
    """Return the types of `_statement`; texts in bytes, whatever these are in."""
    numbered = lines.kinds[_product(lines)] is Kind.INTEGER
    return pa.schema(
        {
            "order_id": pa.int64() if by_number else pa.binary(),
            "product": pa.int64() if numbered else pa.binary(),
            "vendor": pa.int64() if lines.kinds["vendor"] is Kind.INTEGER else pa.binary(),
            "units": pa.float64(),
        }
    )


def _purchases(columns: ShopColumns, *, by_number: bool) -> pa.Table:
    """Return the counted orders: their ids, their places, and those of their customers."""
    ids = columns.order_ids
    return pa.table(
        {
            "order_id": ids if by_number else ids.cast(pa.string()).cast(pa.binary()),
            "purchase": pa.array(np.arange(len(ids), dtype=np.int32)),
            "buyer": pa.array(columns.customer_index.astype(np.int32)),
        }
    )


def _take_in(database: DuckDBPyConnection, lines: pa.RecordBatchReader) -> None:
    database.register("lines", lines)
    database.execute(BOUGHT)
    database.unregister("lines")
    database.unregister("purchases")


def _aggregated(database: DuckDBPyConnection) -> list[pa.Table]:
    return [database.sql(statement).to_arrow_table() for statement in PER_CUSTOMER]


def _filled(found: Iterable[pa.Table], customer_count: int) -> Baskets:
    """Put each customer's numbers where `customer_ids` has them."""
    columns = {name: np.full(customer_count, np.nan) for name in MEASURES}
    for table in found:
        buyer = table["buyer"].to_numpy()
        for name in table.column_names[1:]:
            columns[name][buyer] = table[name].cast(pa.float64()).to_numpy()
    return Baskets(**columns)
