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
from backend.store.all_tables import intelligence
from backend.store.migrate import VERSION_TABLE, migrate
from tests.conftest import execute, in_turns
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


@in_turns
@pytest.mark.parametrize("lost", ["intelligence_tombstones", "customer_intelligence"])
async def test_a_table_that_somebody_dropped_is_put_back(
    engine: AsyncEngine, database_url: str, lost: str, caplog: pytest.LogCaptureFixture
) -> None:
    await migrate(engine)
    await execute(
        database_url,
        "INSERT INTO intelligence_segment_names (segment_id, name, given_by, updated_at) "
        "VALUES ('active', 'Ours', 'person', '2024-01-01 00:00:00')",
    )
    await execute(database_url, f"DROP TABLE {lost}")
    await migrate(engine)
    async with transaction(engine) as connection:
        assert await connection.run_sync(differences) == []
        kept = "SELECT COUNT(*) FROM intelligence_segment_names"
        assert await connection.scalar(text(kept)) == 1
    told = [one.__dict__["tables"] for one in caplog.records if "gone" in one.message]
    assert told == [[lost]]


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


def printed(url: str) -> str:
    """Return the guide's own statement for our table."""
    statement = GUIDE.split("**4. Customer Intelligence Table**")[1].split("```sql")[1]
    statement = statement.split("```")[0].strip().rstrip(";")
    # SQLite has no NOW().
    return (
        statement.replace("NOW()", "CURRENT_TIMESTAMP") if url.startswith("sqlite") else statement
    )


async def test_the_guides_statement_for_our_table_may_have_been_typed_in(
    engine: AsyncEngine, database_url: str
) -> None:
    await execute(database_url, printed(database_url))
    await migrate(engine)
    async with transaction(engine) as connection:
        found = await connection.run_sync(differences)
    kinds = {change[0] for one in found for change in (one if isinstance(one, list) else [one])}
    assert not {kind for kind in kinds if kind.startswith(("add_", "remove_"))}


async def test_a_table_that_holds_rows_before_we_made_it_is_somebodys(
    engine: AsyncEngine, database_url: str
) -> None:
    row = "INSERT INTO customer_intelligence (customer_id, archetype_name) VALUES (1, 'theirs')"
    await execute(database_url, printed(database_url), row)
    with pytest.raises(TablesInTheWay, match="customer_intelligence"):
        await migrate(engine)
