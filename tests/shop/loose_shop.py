"""A small shop whose tables take anything, so that tests can put bad rows into them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from backend.database.engine import AsyncEngine
from backend.shop.mapping.layers import load_mapping
from backend.shop.shop import Shop

Rows = Sequence[Sequence[Any]]
TIMES = {"postgresql": "timestamp", "mysql": "datetime(6)", "sqlite": "text"}
MONEY = {"postgresql": "numeric", "mysql": "decimal(30,6)", "sqlite": "numeric"}


async def make_tables(engine: AsyncEngine, statements: Sequence[str]) -> None:
    dialect = engine.dialect.name
    async with engine.begin() as connection:
        for statement in statements:
            ddl = statement.replace("TIME", TIMES[dialect]).replace("MONEY", MONEY[dialect])
            await connection.execute(text(ddl))


async def insert(engine: AsyncEngine, table: str, rows: Rows) -> None:
    if not rows:
        return
    places = ", ".join(f":c{n}" for n in range(len(rows[0])))
    async with engine.begin() as connection:
        await connection.execute(
            text(f"INSERT INTO {table} VALUES ({places})"),
            [{f"c{n}": _storable(engine, value) for n, value in enumerate(row)} for row in rows],
        )


def _storable(engine: AsyncEngine, value: Any) -> Any:
    exact = isinstance(value, Decimal) and engine.dialect.name == "sqlite"
    return str(value) if exact else value


async def loose_shop(
    engine: AsyncEngine,
    customers: Rows,
    orders: Rows,
    lines: Rows | None = None,
    *,
    id_type: str = "bigint",
    **variables: str,
) -> Shop:
    """Make the tables c, o and l, and the shop over them.

    customers: id, email, first_name, last_name; orders: id, customer_id, total_price, created_at,
    financial_status; lines: id, order_id, product_id, quantity, vendor.
    """
    await make_tables(
        engine,
        [
            f"CREATE TABLE c (id {id_type}, email varchar(99), first_name varchar(99),"
            " last_name varchar(99))",
            f"CREATE TABLE o (id {id_type}, customer_id {id_type}, total_price MONEY,"
            " created_at TIME, financial_status varchar(50))",
        ],
    )
    await insert(engine, "c", customers)
    await insert(engine, "o", orders)
    if lines is not None:
        columns = f"id bigint, order_id {id_type}, product_id bigint, quantity integer"
        await make_tables(engine, [f"CREATE TABLE l ({columns}, vendor varchar(50))"])
        await insert(engine, "l", lines)
    return shop_over("c", "o", "l" if lines is not None else None, variables)


def shop_over(customers: str, orders: str, lines: str | None, variables: Mapping[str, str]) -> Shop:
    tables = {"CUSTOMERS_TABLE": customers, "ORDERS_TABLE": orders}
    if lines:
        tables["LINE_ITEMS_TABLE"] = lines
    return Shop(load_mapping({**tables, **variables}))
