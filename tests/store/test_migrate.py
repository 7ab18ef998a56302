"""Our tables come and go by migrations that never touch the shop's."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from backend.core.errors import TablesInTheWay
from backend.database.engine import AsyncEngine, create_engine, transaction
from backend.files.create_tables import create_shop_tables
from backend.store.migrate import VERSION_TABLE, migrate
from backend.store.tables import intelligence
from tests.conftest import execute
from tests.live import ROOT
from tests.shops import NAMES, fill, invented

GUIDE = (ROOT / "docs" / "integration-guide.md").read_text()

GUIDES_INDEXES = {
    "customers": {"idx_customer_email", "idx_customer_created"},
    "orders": {"idx_orders_customer", "idx_orders_created"},
    "order_line_items": {"idx_line_items_order"},
}


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    made = create_engine(database_url)
    yield made
    await made.dispose()


def differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(
        connection,
        opts={
            "version_table": VERSION_TABLE,
            "include_name": lambda name, kind, _: kind != "table" or name in intelligence.tables,
        },
    )
    return list(compare_metadata(context, intelligence))


async def test_migrations_make_what_the_code_expects(engine: AsyncEngine) -> None:
    await migrate(engine)
    await migrate(engine)
    async with transaction(engine) as connection:
        assert await connection.run_sync(differences) == []
        indexes = await connection.run_sync(
            lambda sync: inspect(sync).get_indexes("customer_intelligence")
        )
    names = {index["name"] for index in indexes}
    assert {"idx_intelligence_archetype", "idx_intelligence_updated"} <= names


async def test_many_processes_may_migrate_at_once(database_url: str) -> None:
    engines = [create_engine(database_url) for _ in range(5)]
    await asyncio.gather(*(migrate(engine) for engine in engines))
    async with transaction(engines[0]) as connection:
        assert await connection.run_sync(differences) == []
    for engine in engines:
        await engine.dispose()


async def test_the_shops_own_tables_are_left_as_they_are(
    engine: AsyncEngine, database_url: str
) -> None:
    await fill(database_url, invented(30))
    async with transaction(engine) as connection:
        await connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        await connection.execute(text("INSERT INTO alembic_version VALUES ('theirs')"))
        before = await connection.run_sync(snapshot)
    await migrate(engine)
    async with transaction(engine) as connection:
        assert await connection.run_sync(snapshot) == before


def snapshot(connection: Connection) -> dict[str, Any]:
    inspector = inspect(connection)
    theirs = [*NAMES.values(), "alembic_version"]
    return {
        name: (
            [(column["name"], str(column["type"])) for column in inspector.get_columns(name)],
            [tuple(row) for row in connection.execute(text(f"SELECT * FROM {name} ORDER BY 1"))],
        )
        for name in theirs
    }


async def test_the_guides_shop_tables_are_made_with_its_indexes(engine: AsyncEngine) -> None:
    await create_shop_tables(engine, NAMES)
    await create_shop_tables(engine, NAMES)
    async with transaction(engine) as connection:
        indexes = await connection.run_sync(index_names)
    assert {table: names & indexes[table] for table, names in GUIDES_INDEXES.items()} == (
        GUIDES_INDEXES
    )


def index_names(connection: Connection) -> dict[str, set[str | None]]:
    inspector = inspect(connection)
    return {
        table: {index["name"] for index in inspector.get_indexes(table)} for table in GUIDES_INDEXES
    }


@pytest.mark.external
async def test_the_default_names_have_a_schema_of_their_own(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    await create_shop_tables(engine, {key: f"ecommerce.{name}" for key, name in NAMES.items()})
    async with transaction(engine) as connection:
        tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names("ecommerce"))
    await engine.dispose()
    assert set(tables) == set(NAMES.values())


async def test_the_guides_own_statement_for_our_table_may_have_been_typed_in(
    engine: AsyncEngine, database_url: str
) -> None:
    printed = GUIDE.split("**4. Customer Intelligence Table**")[1].split("```")[1]
    if database_url.startswith("sqlite"):  # which has no NOW()
        printed = printed.replace("NOW()", "CURRENT_TIMESTAMP")
    await execute(database_url, printed.removeprefix("sql").strip().rstrip(";"))
    await migrate(engine)
    async with transaction(engine) as connection:
        assert await connection.run_sync(differences) == []


async def test_rows_in_a_table_that_is_not_ours_are_not_taken_over(
    engine: AsyncEngine, database_url: str
) -> None:
    columns = "archetype_id, archetype_name, archetype_level, ltv, churn_risk, cluster_confidence"
    await execute(
        database_url,
        f"CREATE TABLE customer_intelligence AS SELECT 1 AS customer_id, 0 AS updated_at,"
        f" {columns.replace(',', ' + 0,')} FROM (SELECT 1 AS archetype_id, 1 AS archetype_name,"
        " 1 AS archetype_level, 1 AS ltv, 1 AS churn_risk, 1 AS cluster_confidence) AS theirs",
    )
    with pytest.raises(TablesInTheWay, match="customer_intelligence"):
        await migrate(engine)
