"""Whoever asks a database waits within bounds: for a lock, a statement, a dead line, a pool."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, insert, text

from backend.core.errors import DatabaseUnavailable
from backend.core.typed_cells import TypedCells
from backend.database.bounds import Bounds, hurried, run_reads, run_writes
from backend.database.columns_in import write_columns
from backend.database.engine import (
    AsyncConnection,
    AsyncEngine,
    create_engine,
    opened,
    ping,
    snapshot,
    transaction,
)
from tests.conftest import NewDatabase, execute, read_only_url
from tests.lines import Line, line_to

SOON = hurried(0.5)
PATIENCE_SECONDS = 60.0  # a bound on being stuck; what is tested ends by itself
SLOW = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
    "SELECT max(i) FROM n",
    "postgresql": "SELECT pg_sleep(3600)",
    "mysql": "SELECT count(*) FROM information_schema.columns a, information_schema.columns b, "
    "information_schema.columns c, information_schema.columns d, information_schema.columns e",
}
LOCK = {
    "sqlite": "BEGIN EXCLUSIVE",
    "postgresql": "LOCK TABLE things IN ACCESS EXCLUSIVE MODE",
    "mysql": "LOCK TABLES things WRITE",
}
AT_WORK = {
    "postgresql": "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND state <> 'idle' AND pid <> pg_backend_pid()",
    "mysql": "SELECT count(*) FROM information_schema.processlist WHERE db = database() "
    "AND command = 'Query' AND id <> connection_id()",
}


@pytest.fixture
async def url(database_url: str) -> str:
    await execute(database_url, "CREATE TABLE things (id INTEGER)")
    return database_url


@pytest.fixture
async def engine(url: str) -> AsyncIterator[AsyncEngine]:
    async with opened(url, pool_size=2, bounds=SOON) as made:
        yield made


async def number_of_things(engine: AsyncEngine) -> Any:
    async with snapshot(engine) as connection:
        return await connection.scalar(text("SELECT count(*) FROM things"))


async def nothing_is_at_work(connection: AsyncConnection) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await connection.scalar(text(AT_WORK[connection.dialect.name])):
            await connection.rollback()  # each look is a transaction, which sees one state
            await asyncio.sleep(0.05)


async def test_a_lock_is_not_waited_for_without_end(engine: AsyncEngine, url: str) -> None:
    kind = engine.dialect.name
    async with asyncio.timeout(PATIENCE_SECONDS), opened(url) as other, other.connect() as holder:
        if kind == "sqlite":
            await holder.execute(text("PRAGMA journal_mode = DELETE"))
        await holder.execute(text(LOCK[kind]))
        refused = await asyncio.gather(
            *(number_of_things(engine) for _ in range(5)), return_exceptions=True
        )
        assert {type(error) for error in refused} == {DatabaseUnavailable}
        await holder.rollback()
        if kind != "sqlite":
            await holder.execute(text("SELECT 1" if kind == "postgresql" else "UNLOCK TABLES"))
            await nothing_is_at_work(holder)
        assert await number_of_things(engine) == 0


async def test_a_slow_statement_ends_here_and_on_the_server(engine: AsyncEngine, url: str) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        for _ in range(3):  # more often than there are connections
            with pytest.raises(DatabaseUnavailable):
                async with transaction(engine) as connection:
                    await connection.execute(text(SLOW[engine.dialect.name]))
        assert await number_of_things(engine) == 0
    if engine.dialect.name in AT_WORK:
        async with opened(url) as other, other.connect() as connection:
            await nothing_is_at_work(connection)


# Each row keeps its writer so long that thousands are still on their way.
SLOWLY = (
    "CREATE TABLE notes (id INTEGER, note TEXT)",
    "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS"
    " 'BEGIN PERFORM pg_sleep(0.01); RETURN NEW; END'",
    "CREATE TRIGGER dawdle BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION dawdle()",
)
NOTES = Table("notes", MetaData(), Column("id", Integer), Column("note", Text))
ROWS = 20_000


async def insert_notes(connection: AsyncConnection) -> None:
    rows = [{"id": number, "note": "x" * 1000} for number in range(ROWS)]
    await connection.execute(insert(NOTES), rows)


async def copy_notes(connection: AsyncConnection) -> None:
    ids, notes = np.arange(ROWS), np.full(ROWS, "x" * 1000, dtype=object)
    known = np.ones(ROWS, dtype=bool)
    columns = {"id": TypedCells(ids, known), "note": TypedCells(notes, known)}
    await write_columns(connection, NOTES, columns)


@pytest.mark.external
@pytest.mark.parametrize("write", [insert_notes, copy_notes])
async def test_who_writes_many_rows_is_cancelled_among_them(
    postgres_url: str, write: Callable[[AsyncConnection], Awaitable[None]]
) -> None:
    await execute(postgres_url, *SLOWLY)
    async with (
        asyncio.timeout(PATIENCE_SECONDS),
        opened(postgres_url, pool_size=1, bounds=SOON) as engine,
        opened(postgres_url) as other,
        other.connect() as onlooker,
    ):
        for _ in range(2):  # more often than there are connections
            with pytest.raises(DatabaseUnavailable):
                async with transaction(engine) as connection:
                    await write(connection)
            await nothing_is_at_work(onlooker)
        async with transaction(engine) as connection:
            assert await connection.scalar(text("SELECT count(*) FROM notes")) == 0
            await connection.execute(insert(NOTES), [{"id": 1, "note": ""}, {"id": 2, "note": ""}])
        assert await onlooker.scalar(text("SELECT count(*) FROM notes")) == 2


ON_SERVERS = pytest.mark.parametrize("kind", ["new_postgres", "new_mysql"])


@asynccontextmanager
async def over_a_line(
    kind: str, request: pytest.FixtureRequest
) -> AsyncIterator[tuple[Line, AsyncEngine]]:
    """Give a line to a server, and what asks over it by one connection, for a while at most."""
    make: NewDatabase = request.getfixturevalue(kind)
    async with (
        asyncio.timeout(PATIENCE_SECONDS),
        line_to(make()) as line,
        opened(line.url, pool_size=1, bounds=SOON) as engine,
    ):
        yield line, engine


@pytest.mark.external
@ON_SERVERS
async def test_a_line_that_goes_dead_is_noticed_and_recovered_from(
    kind: str, request: pytest.FixtureRequest
) -> None:
    async with over_a_line(kind, request) as (line, engine):
        await ping(engine)
        line.die()
        for _ in range(3):  # a connection that died idle, then ones that are not even made
            with pytest.raises(DatabaseUnavailable):
                await ping(engine)
        line.live()
        await ping(engine)


async def ask_twice(engine: AsyncEngine, between: Callable[[], None]) -> None:
    async with transaction(engine) as connection:
        await connection.execute(text("SELECT 1"))
        between()
        await connection.execute(text("SELECT 2"))


@pytest.mark.external
@ON_SERVERS
async def test_a_line_that_goes_dead_within_a_transaction_is_noticed(
    kind: str, request: pytest.FixtureRequest
) -> None:
    async with over_a_line(kind, request) as (line, engine):
        with pytest.raises(DatabaseUnavailable):
            await ask_twice(engine, between=line.die)
        line.live()
        await ping(engine)


async def test_a_connection_is_waited_for_within_bounds(database_url: str) -> None:
    bounds = Bounds(pool_seconds=0.05)
    async with (
        opened(database_url, pool_size=1, bounds=bounds) as engine,
        transaction(engine) as held,
    ):
        await held.execute(text("SELECT 1"))
        with pytest.raises(DatabaseUnavailable):
            await ping(engine)


@pytest.mark.external
@ON_SERVERS
async def test_more_connections_than_the_server_gives_are_an_outage(
    kind: str, request: pytest.FixtureRequest
) -> None:
    make: NewDatabase = request.getfixturevalue(kind)
    url = await read_only_url(make())
    await allow_one_connection(make(), url)
    async with opened(url) as first, transaction(first) as connection:
        await connection.execute(text("SELECT 1"))
        async with opened(url) as second:
            with pytest.raises(DatabaseUnavailable):
                await ping(second, "shop")


async def allow_one_connection(owner_url: str, url: str) -> None:
    user = url.split("//")[1].split(":")[0]
    limit = "WITH MAX_USER_CONNECTIONS 1" if url.startswith("mysql") else "CONNECTION LIMIT 1"
    await execute(owner_url, f"ALTER USER {user} {limit}")


@pytest.mark.external
async def test_of_two_that_wait_for_each_other_one_is_told(postgres_url: str) -> None:
    await execute(
        postgres_url, "CREATE TABLE things (id INTEGER)", "INSERT INTO things VALUES (1), (2)"
    )
    engine = create_engine(postgres_url)
    met = asyncio.Barrier(2)

    async def change(first: int, then: int) -> None:
        async with transaction(engine) as connection:
            for number in (first, then):
                await connection.execute(text(f"UPDATE things SET id = id WHERE id = {number}"))
                if number == first:
                    await met.wait()

    ends = await asyncio.gather(change(1, 2), change(2, 1), return_exceptions=True)
    await engine.dispose()
    assert [type(end) for end in ends if end is not None] == [DatabaseUnavailable]


def test_a_run_waits_for_the_shop_and_keeps_no_reader_of_ours_waiting() -> None:
    assert run_reads(0) == Bounds()
    assert run_writes(0).lock_seconds == 5
    assert run_writes(7).statement_seconds == run_reads(7).statement_seconds == 7
