"""Our tables name their character set: a server's default spoils neither names nor ids."""

import pytest
from sqlalchemy import text

from backend.database.engine import AsyncEngine, opened, transaction
from backend.store.charset import name_charset
from backend.store.id_column import fit_customer_id_type
from backend.store.migrate import migrate
from tests.conftest import NewDatabase, execute

OTHERS = """
    SELECT table_name, table_collation FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'
      AND table_collation <> 'utf8mb4_bin'
    UNION SELECT table_name, column_name FROM information_schema.columns
    NATURAL JOIN (SELECT table_schema, table_name FROM information_schema.tables
      WHERE table_type = 'BASE TABLE') AS base
    WHERE table_schema = DATABASE() AND collation_name <> 'utf8mb4_bin'
      AND column_name <> 'customer_id'
"""
NAMES = ["💎 Fans", "💍 Fans", "fans", "Fans", "Łódź", "東京"]


async def assert_any_name_is_kept(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        for name in NAMES:
            await connection.execute(
                text(
                    "INSERT INTO intelligence_segment_names"
                    " (segment_id, name, given_by, updated_at)"
                    " VALUES (:name, :name, 'person', '2026-01-01')"
                ),
                {"name": name},
            )
        kept = await connection.scalars(text("SELECT name FROM intelligence_segment_names"))
        assert sorted(kept) == sorted(NAMES)


@pytest.mark.parametrize("default", ["latin1", "utf8mb3", "utf8mb4 COLLATE utf8mb4_general_ci"])
async def test_any_name_is_kept_whatever_the_servers_default(
    default: str, new_mysql: NewDatabase
) -> None:
    url = new_mysql()
    name = url.rpartition("/")[2]
    await execute(url, f"ALTER DATABASE {name} CHARACTER SET {default}")
    async with opened(url) as engine:
        await migrate(engine)
        await assert_any_name_is_kept(engine)
        async with engine.connect() as connection:
            assert (await connection.execute(text(OTHERS))).all() == []


async def test_tables_that_an_older_version_made_are_changed_and_ids_stay_exact(
    mysql_url: str,
) -> None:
    async with opened(mysql_url) as engine:
        await migrate(engine)
        async with transaction(engine) as connection:
            await fit_customer_id_type(connection, "text")
        for table in ("customer_intelligence", "intelligence_segment_names"):
            await execute(mysql_url, f"ALTER TABLE {table} CONVERT TO CHARACTER SET latin1")
        async with engine.begin() as connection:
            await connection.run_sync(name_charset)
            await connection.execute(
                text(
                    "INSERT INTO customer_intelligence (customer_id, status, run_id)"
                    " VALUES ('a', 's', 'r'), ('A', 's', 'r'), ('a ', 's', 'r'), ('á', 's', 'r')"
                )
            )
            found = await connection.scalars(
                text("SELECT customer_id FROM customer_intelligence WHERE customer_id = 'a'")
            )
            assert found.all() == ["a"]
        await assert_any_name_is_kept(engine)
