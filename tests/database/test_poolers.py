"""Through a pooler that gives each transaction another session, all is as without one."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import text

from backend.core.errors import DatabaseUnavailable
from backend.database.bounds import hurried
from backend.database.engine import create_engine, opened, snapshot, transaction
from tests import services
from tests.conftest import NewDatabase, start_or_skip, wait_for
from tests.live import command, serving
from tests.shops import AS_OF, fill, invented

pytestmark = pytest.mark.external


@pytest.fixture
def behind(new_postgres: NewDatabase) -> str:
    return new_postgres()


@pytest.fixture
def through_pooler(behind: str) -> Iterator[str]:
    with ExitStack() as stack:
        yield start_or_skip(stack, "PgBouncer", lambda: services.pgbouncer(behind)).url


@pytest.mark.parametrize("options", ["", "?pgbouncer=true"])
async def test_every_session_is_in_utc_and_every_snapshot_one_state(
    behind: str, through_pooler: str, options: str
) -> None:
    settings = ("timezone", "transaction_isolation", "transaction_read_only")
    asked = text("SELECT " + ", ".join(f"current_setting('{name}')" for name in settings))
    async with opened(through_pooler + options, pool_size=10) as engine:

        async def looked() -> tuple[str, ...]:
            async with snapshot(engine) as connection:
                return tuple((await connection.execute(asked)).one())

        seen = await asyncio.gather(*(looked() for _ in range(40)))
        async with transaction(engine) as connection:
            after = tuple((await connection.execute(asked)).one())
    assert set(seen) == {("UTC", "repeatable read", "on")}
    assert after == ("UTC", "read committed", "off")


async def test_what_waits_too_long_ends_behind_the_pooler_too(
    behind: str, through_pooler: str
) -> None:
    holder = create_engine(behind)
    async with opened(through_pooler, bounds=hurried(0.5)) as engine:
        async with transaction(holder) as connection:
            await connection.execute(text("CREATE TABLE things (id INTEGER)"))
            await connection.execute(text("SELECT pg_advisory_xact_lock(1)"))
            for _ in range(3):  # more often than the pooler has sessions
                with pytest.raises(DatabaseUnavailable):
                    async with transaction(engine) as waiting:
                        await waiting.execute(text("SELECT pg_advisory_xact_lock(1)"))
        async with transaction(engine) as connection:
            assert await connection.scalar(text("SELECT count(*) FROM things")) == 0
    await holder.dispose()


def test_a_run_a_check_and_many_at_once_work_through_a_pooler(
    behind: str, through_pooler: str, tmp_path: Path
) -> None:
    wait_for(fill(behind, invented(40)))
    # What is looked at is the pooler, not how soon a busy machine serves thirty at once.
    variables = {"DATABASE_POOL_SIZE": "30", "API_STATEMENT_SECONDS": "600"}
    with (
        serving(through_pooler, tmp_path, variables=variables) as live,
        ThreadPoolExecutor(30) as callers,
    ):
        assert live.cluster(as_of=AS_OF.isoformat())["state"] == "succeeded"
        paths = [f"/api/mcp/customers/{1 + number % 20}" for number in range(60)]
        answers = list(callers.map(lambda path: live.get(path).status_code, paths))
        whole = live.get("/api/mcp/customers?format=csv").text
        found = live.get("/api/mcp/customers/search?query=person").json()
    assert answers == [200] * 60
    assert len(whole.splitlines()) == 40 + 1
    assert found["count"] == 10
    for url in (behind, through_pooler):
        exported = command(url, tmp_path, "export")
        assert exported.stdout.splitlines() == whole.splitlines()
        assert "40 customers" in exported.stderr
    done = command(through_pooler, tmp_path, "check")
    assert "database" not in done.stderr
    assert "DATABASE_POOLER=transaction" in done.stdout
