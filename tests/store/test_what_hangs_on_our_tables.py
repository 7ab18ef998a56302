"""A shop's own views, rights and indexes on our table are there after each run, and show it."""

import numpy as np
import pytest
from sqlalchemy import text

from backend import store
from backend.database.engine import AsyncEngine, opened, parse_url, transaction
from tests.conftest import NewDatabase, execute, read_only_url
from tests.databases import migrated
from tests.store.test_publish import INTEGERS, NOW, TEXTS, prepared

pytestmark = pytest.mark.external
LATER = np.array([7, 12, 13])
INDEXES = {
    "postgresql": "SELECT count(*) FROM pg_indexes WHERE indexname = 'idx_of_the_shop'",
    "mysql": "SELECT count(DISTINCT index_name) FROM information_schema.statistics "
    "WHERE table_schema = database() AND index_name = 'idx_of_the_shop'",
}


async def read(url: str, table: str) -> set[str]:
    async with opened(url) as engine, transaction(engine) as connection:
        found = await connection.scalars(text(f"SELECT customer_id FROM {table}"))
        return {str(one) for one in found}


async def published(engine: AsyncEngine, ids: np.ndarray) -> set[str]:
    await store.publish(engine, await prepared(engine, ids), now=NOW)
    return {str(one) for one in ids.tolist()}


@pytest.mark.parametrize(
    ("kind", "nights"),
    [("new_postgres", [LATER, INTEGERS]), ("new_mysql", [LATER, TEXTS, INTEGERS])],
)
async def test_a_view_a_right_and_an_index_survive_every_run(
    kind: str, nights: list[np.ndarray], request: pytest.FixtureRequest
) -> None:
    make: NewDatabase = request.getfixturevalue(kind)
    url = make(migrated)
    async with opened(url) as engine:
        await published(engine, INTEGERS)
        await execute(
            url,
            "CREATE VIEW worth AS SELECT customer_id, ltv FROM customer_intelligence",
            "CREATE INDEX idx_of_the_shop ON customer_intelligence (frequency)",
        )
        reader = await read_only_url(url)
        if kind == "new_mysql":  # by table, as a careful owner gives it
            user = parse_url(reader).username
            tables = ("customer_intelligence", "worth")
            rights = (f"GRANT SELECT ON {table} TO {user}" for table in tables)
            await execute(url, f"REVOKE ALL PRIVILEGES, GRANT OPTION FROM {user}", *rights)
        for ids in nights:
            there = await published(engine, ids)
            assert await read(reader, "worth") == there
            assert await read(reader, "customer_intelligence") == there
            async with transaction(engine) as connection:
                assert await connection.scalar(text(INDEXES[engine.url.get_backend_name()])) == 1
