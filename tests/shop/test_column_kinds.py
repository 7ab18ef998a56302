"""Columns and tables as databases have them: each is read by a run, a profile and the check."""

from contextlib import AsyncExitStack
from datetime import UTC, datetime

import pytest
from sqlalchemy import make_url, text

from backend.core.customer_id import CustomerId
from backend.database.engine import AsyncEngine, opened, snapshot
from backend.shop.customers import get_customer
from backend.shop.inspection import count_disagreeing
from backend.shop.mapping.layers import load_mapping
from backend.shop.search import search_customers
from backend.shop.seen import see
from backend.shop.shop import Shop
from tests.conftest import NewDatabase, execute
from tests.snapshots import read_shop

AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
PLAIN = {
    "id": "bigint",
    "email": "varchar(99)",
    "spent": "numeric(12,2)",
    "total": "numeric(12,2)",
    "at": "timestamp",
    "status": "varchar(20)",
}
MADE_ON_POSTGRESQL = """
    CREATE EXTENSION citext;
    CREATE TYPE mood AS ENUM ('paid', 'voided');
    CREATE DOMAIN key AS bigint CHECK (VALUE > 0);
    CREATE DOMAIN price AS numeric(12, 2);
    CREATE DOMAIN instant AS timestamptz
"""
ON_POSTGRESQL = [
    {"spent": "money", "total": "money"},
    {"total": "price", "spent": "price", "at": "instant", "id": "key"},
    {"status": "mood"},
    {"email": "citext", "status": "citext", "id": "citext"},
    {"total": "smallint"},
    {"total": "integer"},
    {"total": "bigint"},
    {"total": "real"},
    {"total": "double precision", "spent": "text"},
    {"total": "text", "status": "char(20)"},
    {"email": "jsonb"},
    {"id": "uuid"},
]
ON_MYSQL = [
    {"id": "bigint unsigned", "total": "bigint unsigned"},
    {"total": "int unsigned", "spent": "int unsigned"},
    {"total": "tinyint unsigned"},
    {"status": "enum('paid', 'voided')"},
    {"status": "set('paid', 'voided')"},
    {"email": "varbinary(99)"},
    {"email": "json"},
    {"total": "double", "spent": "varchar(20)"},
    {"total": "float"},
]


def name_of(types: dict[str, str]) -> str:
    return ", ".join(f"{column} {kind}" for column, kind in types.items())


async def read_back(engine: AsyncEngine, key: str, tables: dict[str, str]) -> None:
    """Read one customer, whose order of 50 counts and whose row says so."""
    shop = Shop(load_mapping(tables))
    seen = await see(engine, shop, AS_OF, now=AS_OF)
    assert [str(one) for one in seen.columns.customer_ids] == [key]
    assert seen.columns.amount_micros.tolist() == [50_000_000], seen.columns.rejected
    assert seen.columns.created_at.astype(str).tolist() == ["2026-01-01T10:00:00.000000"]
    assert seen.looked.statuses == {"paid": 1, "voided": 1}
    assert seen.looked.customers == (1, 0)
    assert isinstance(seen.looked.indexes, list)
    assert isinstance(seen.looked.shop_user, list)
    async with snapshot(engine) as connection:
        assert await count_disagreeing(connection, shop, seen.columns) == (1, 0)
        known = await get_customer(connection, shop, CustomerId(key))
        (same,) = await search_customers(connection, shop, "ADA@EX", 10)
    assert known == same
    assert known is not None
    assert "ada@example.com" in str(known.email)


async def fill(engine: AsyncEngine, types: dict[str, str], key: str) -> None:
    kinds = {**PLAIN, **types}
    email = '"ada@example.com"' if "json" in kinds["email"] else "ada@example.com"
    async with engine.begin() as connection:
        for statement in (
            f"CREATE TABLE c (id {kinds['id']}, email {kinds['email']}, spent {kinds['spent']})",
            f"CREATE TABLE o (id bigint, customer_id {kinds['id']}, total {kinds['total']},"
            f" placed {kinds['at']}, status {kinds['status']})",
            f"INSERT INTO c VALUES ('{key}', '{email}', '50')",
            f"INSERT INTO o VALUES (1, '{key}', '50', '2026-01-01 10:00', 'paid'),"
            f" (2, '{key}', '70', '2026-01-01 10:00', 'voided')",
        ):
            await connection.execute(text(statement.replace(":", "\\:")))


TABLES = {
    "CUSTOMERS_TABLE": "c",
    "CUSTOMERS_COLUMNS": "total_spent=spent",
    "ORDERS_TABLE": "o",
    "ORDERS_COLUMNS": "total_price=total,created_at=placed,financial_status=status",
}


@pytest.mark.parametrize("types", ON_POSTGRESQL, ids=name_of)
async def test_a_column_of_postgresql_is_read(types: dict[str, str], postgres_url: str) -> None:
    await execute(postgres_url, *MADE_ON_POSTGRESQL.split(";"))
    key = "0b0f1a52-1111-4222-8333-abcdefabcdef" if types.get("id") == "uuid" else "7"
    async with opened(postgres_url) as engine:
        await fill(engine, types, key)
        await read_back(engine, key, TABLES)


@pytest.mark.parametrize("types", ON_MYSQL, ids=name_of)
async def test_a_column_of_mysql_is_read(types: dict[str, str], mysql_url: str) -> None:
    key = "18446744073709551615" if "unsigned" in types.get("id", "") else "7"
    async with opened(mysql_url) as engine:
        await fill(engine, {"at": "datetime", **types}, key)
        await read_back(engine, key, TABLES)


async def test_an_email_of_citext_is_compared_as_it_is_written(postgres_url: str) -> None:
    """Ids that citext takes for one are two, as everywhere."""
    await execute(postgres_url, *MADE_ON_POSTGRESQL.split(";"))
    async with opened(postgres_url) as engine:
        await fill(engine, {"id": "citext"}, "a")
        await execute(postgres_url, "INSERT INTO c VALUES ('A', 'b@example.com', '0')")
        shop = Shop(load_mapping(TABLES))
        assert (await read_shop(engine, shop, AS_OF)).customer_ids.tolist() == ["A", "a"]
        async with snapshot(engine) as connection:
            known = await get_customer(connection, shop, CustomerId("A"))
        assert known is not None
        assert known.email == "b@example.com"


FOREIGN = """
    CREATE EXTENSION postgres_fdw;
    CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw
        OPTIONS (host '{host}', port '{port}', dbname '{database}');
    CREATE USER MAPPING FOR CURRENT_USER SERVER far OPTIONS (user '{user}', password '{password}');
    IMPORT FOREIGN SCHEMA public LIMIT TO (c, o) FROM SERVER far INTO public
"""
SHAPES = {
    "views": "ALTER TABLE c RENAME TO k; ALTER TABLE o RENAME TO p;"
    " CREATE VIEW c AS SELECT * FROM k; CREATE VIEW o AS SELECT * FROM p",
    "materialised views": "ALTER TABLE c RENAME TO k; ALTER TABLE o RENAME TO p;"
    " CREATE MATERIALIZED VIEW c AS SELECT * FROM k;"
    " CREATE MATERIALIZED VIEW o AS SELECT * FROM p",
    "partitions": "ALTER TABLE o RENAME TO p; CREATE TABLE o (LIKE p) PARTITION BY RANGE (placed);"
    " CREATE TABLE early PARTITION OF o FOR VALUES FROM ('2000-01-01') TO ('2026-01-01');"
    " CREATE TABLE late PARTITION OF o DEFAULT; INSERT INTO o SELECT * FROM p",
    "generated columns": "ALTER TABLE o ADD net numeric(12,2) GENERATED ALWAYS AS (total) STORED;"
    " ALTER TABLE c ADD whole text GENERATED ALWAYS AS (email) STORED",
}


@pytest.mark.parametrize("shape", [*SHAPES, "foreign tables"])
async def test_tables_of_every_shape_are_read(shape: str, new_postgres: NewDatabase) -> None:
    url = new_postgres()
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(opened(url))
        await fill(engine, {}, "7")
        columns = {}
        if shape == "foreign tables":
            there, here = make_url(url), new_postgres()
            made = FOREIGN.format(
                host=there.host,
                port=there.port or 5432,
                database=there.database,
                user=there.username,
                password=there.password,
            )
            await execute(here, *made.split(";"))
            engine = await stack.enter_async_context(opened(here))
        else:
            await execute(url, *SHAPES[shape].split(";"))
        if shape == "generated columns":
            columns = {
                "CUSTOMERS_COLUMNS": "total_spent=spent,email=whole",
                "ORDERS_COLUMNS": "total_price=net,created_at=placed,financial_status=status",
            }
        await read_back(engine, "7", {**TABLES, **columns})


@pytest.mark.parametrize("shape", ["views", "generated columns"])
async def test_views_and_generated_columns_of_mysql_are_read(shape: str, mysql_url: str) -> None:
    made = SHAPES[shape].replace("STORED", "VIRTUAL").replace("whole text", "whole varchar(99)")
    async with opened(mysql_url) as engine:
        await fill(engine, {"at": "datetime"}, "7")
        await execute(mysql_url, *made.split(";"))
        await read_back(engine, "7", TABLES)
