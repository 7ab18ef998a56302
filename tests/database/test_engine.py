"""Every URL people have at hand becomes an engine that speaks UTC and survives outages."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from backend.core.errors import DatabaseUnavailable
from backend.database.engine import (
    AsyncEngine,
    InvalidDatabaseUrl,
    create_engine,
    libpq_uri,
    parse_url,
    ping,
    transaction,
)
from tests.services import Server, free_port, postgresql
from tests.waiting import PATIENCE_SECONDS


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    made = create_engine(database_url)
    yield made
    await made.dispose()


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("postgresql://u:p@h/d", "postgresql+asyncpg"),
        ("postgres://u:p@h/d?sslmode=require", "postgresql+asyncpg"),
        ("postgresql+psycopg2://u:p@h/d", "postgresql+asyncpg"),
        ("postgresql+asyncpg://u:p@h/d", "postgresql+asyncpg"),
        ("mysql://u:p@h/d", "mysql+asyncmy"),
        ("mysql+pymysql://u:p@h/d", "mysql+asyncmy"),
        ("mariadb://u:p@h/d?ssl-mode=REQUIRED", "mariadb+asyncmy"),
        ("sqlite:///shop.db", "sqlite+aiosqlite"),
        ("sqlite+aiosqlite:////tmp/shop.db", "sqlite+aiosqlite"),
    ],
)
def test_every_form_of_url_is_understood(url: str, driver: str) -> None:
    assert parse_url(url).drivername == driver
    assert create_engine(url).dialect.driver == driver.split("+")[1]


@pytest.mark.parametrize("url", ["", "nonsense", "oracle://u:hunter2@h/d", "mysql://h:port/d"])
def test_an_unusable_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(InvalidDatabaseUrl) as caught:
        create_engine(url)
    assert "hunter2" not in str(caught.value)


def test_an_unknown_encryption_mode_is_refused() -> None:
    with pytest.raises(InvalidDatabaseUrl, match="encryption mode rot13"):
        create_engine("mysql://u@h/d?ssl-mode=rot13")


def test_passwords_with_odd_characters_survive() -> None:
    url = "postgresql://u:p%40ss%2Fw%3A%25rd@h/d"
    assert parse_url(url).password == "p@ss/w:%rd"
    assert "p%40ss%2Fw%3A%25rd" in libpq_uri(parse_url(url))


@pytest.mark.external
@pytest.mark.parametrize("options", ["sslmode=prefer", "application_name=shop&sslmode=disable"])
async def test_libpq_options_reach_postgresql(postgres_url: str, options: str) -> None:
    engine = create_engine(f"{postgres_url}?{options}")
    async with transaction(engine) as connection:
        name = await connection.scalar(text("SHOW application_name"))
    await engine.dispose()
    assert (name == "shop") == ("application_name" in options)


async def test_sessions_are_in_utc(engine: AsyncEngine) -> None:
    local_minus_utc = {
        "sqlite": "SELECT julianday(CURRENT_TIMESTAMP) - julianday('now') < 0.001",
        "postgresql": "SELECT current_setting('timezone') = 'UTC'",
        "mysql": "SELECT TIMESTAMPDIFF(SECOND, NOW(), UTC_TIMESTAMP()) = 0",
    }
    async with transaction(engine) as connection:
        assert await connection.scalar(text(local_minus_utc[engine.dialect.name]))


@pytest.mark.external
async def test_a_dropped_connection_is_replaced_unnoticed(postgres_url: str) -> None:
    engine = create_engine(postgres_url, pool_size=1)
    async with transaction(engine) as connection:
        victim = await connection.scalar(text("SELECT pg_backend_pid()"))
    other = create_engine(postgres_url)
    async with transaction(other) as connection:
        await connection.execute(text(f"SELECT pg_terminate_backend({victim})"))
    async with transaction(engine) as connection:
        assert await connection.scalar(text("SELECT pg_backend_pid()")) != victim
    await engine.dispose()
    await other.dispose()


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
async def test_a_server_that_is_not_there_is_named(kind: str) -> None:
    engine = create_engine(f"{kind}://u:hunter2@127.0.0.1:{free_port()}/shop")
    with pytest.raises(DatabaseUnavailable, match="The shop database") as caught:
        await ping(engine, "shop")
    assert "hunter2" not in str(caught.value)


@pytest.mark.external
async def test_a_server_that_goes_and_comes_back_is_used_again() -> None:
    with postgresql() as server:
        if not server.is_ours:
            pytest.skip("the given server must not be stopped")
        await _outage(server)


async def _outage(server: Server) -> None:
    engine = create_engine(server.url)
    await ping(engine)
    server.stop()
    with pytest.raises(DatabaseUnavailable):
        await ping(engine)
    server.start()
    async with asyncio.timeout(PATIENCE_SECONDS):
        # A killed server replays its log first; it is another process, so there is no event.
        while not await answers(engine):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await engine.dispose()


async def answers(engine: AsyncEngine) -> bool:
    try:
        await ping(engine)
    except DatabaseUnavailable:
        return False
    return True


async def test_a_failing_statement_does_not_repeat_its_values(engine: AsyncEngine) -> None:
    with pytest.raises(Exception, match=r"no.such.table") as caught:
        async with transaction(engine, "shop") as connection:
            await connection.execute(
                text("SELECT * FROM no_such_table WHERE mail = :mail"), {"mail": "a@example.com"}
            )
    assert "a@example.com" not in str(caught.value)


async def write_at_once(engine: AsyncEngine) -> None:
    async with transaction(engine) as connection:
        await connection.exec_driver_sql("PRAGMA busy_timeout = 1")
        await connection.exec_driver_sql("CREATE TABLE t (id INTEGER)")


async def test_a_locked_sqlite_file_counts_as_away(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    holder, other = create_engine(url), create_engine(url)
    async with holder.connect() as connection:
        locked = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await locked.exec_driver_sql("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseUnavailable):
            await write_at_once(other)
        await locked.exec_driver_sql("ROLLBACK")
    await holder.dispose()
    await other.dispose()
