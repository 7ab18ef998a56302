"""A database URL becomes an async engine whose sessions are in UTC; transactions on it.

Whatever is asked of a database is asked in a `transaction` or a `snapshot`: they hold the bounds
of who asks, and give what drivers raise a name.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

from sqlalchemy import URL, text

from backend.core.late import late
from backend.database import changes
from backend.database.async_engines import AsyncConnection, AsyncEngine
from backend.database.bounds import PATIENT, Bounds
from backend.database.failures import OURS, problems_named
from backend.database.pools import PoolPlan, at_pool, bounds_of
from backend.database.sqlite_files import Opening
from backend.database.urls import InvalidDatabaseUrl, libpq_uri, parse_url

__all__ = [
    "AsyncConnection",
    "AsyncEngine",
    "InvalidDatabaseUrl",
    "create_engine",
    "libpq_uri",
    "opened",
    "parse_url",
    "ping",
    "problems_named",
    "refuse_unusable_urls",
    "saw_pooler",
    "snapshot",
    "transaction",
]

# Only what is used is loaded: `postgresql_engine` of the module `postgresql_engine`, and so on.
ENGINES = {
    "sqlite": "sqlite_engine",
    "postgresql": "postgresql_engine",
    "mysql": "mysql_engine",
    "mariadb": "mysql_engine",
    "duckdb": "duckdb_engine",
}
# What BEGIN says itself costs no statement, and no pooler mistakes it for a session's.
SNAPSHOT = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
READ_ONLY: Mapping[str, Sequence[str]] = {
    "postgresql": (),
    "mysql": ("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",),
    "mariadb": ("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",),
    "sqlite": ("PRAGMA query_only = ON", "BEGIN"),
    "duckdb": (),  # nothing is ever written, and what is open is one state
}


def create_engine(
    url: str,
    *,
    pool_size: int = 5,
    bounds: Bounds = PATIENT,
    opening: Opening = Opening.CREATE,
    reads_only: bool = False,
) -> AsyncEngine:
    """Make an engine; nothing connects yet.

    Parameters
    ----------
    url
        Any form that `parse_url` accepts.
    pool_size
        Connections at most, all kept open. One that was dropped meanwhile is replaced unnoticed.
    bounds
        How long those who ask wait.
    opening
        What a SQLite file is opened for.
    reads_only
        Whether the database is to refuse whatever would write.

    Raises
    ------
    InvalidDatabaseUrl
        When the URL or one of its options cannot be understood.
    """
    parsed = parse_url(url)
    plan = PoolPlan(size=pool_size, bounds=bounds, opening=opening, reads_only=reads_only)
    return _engine_maker(parsed)(parsed, plan)


def _engine_maker(url: URL) -> Callable[[URL, PoolPlan], AsyncEngine]:
    name = ENGINES[url.get_backend_name()]
    maker: Callable[[URL, PoolPlan], AsyncEngine] = getattr(late(f"backend.database.{name}"), name)
    return maker


def saw_pooler(engine: AsyncEngine) -> bool:
    """Tell whether a pooler was in front of PostgreSQL when somebody connected last."""
    return bool(getattr(engine.dialect, "is_pooled", False))


def refuse_unusable_urls(urls: Mapping[str, str]) -> None:
    """Look at URLs, by the variable that holds them, before anything is begun.

    Raises
    ------
    InvalidDatabaseUrl
        Names the variable whose URL, or an option of it, cannot be understood.
    """
    for variable, url in urls.items():
        try:
            create_engine(url)
        except InvalidDatabaseUrl as error:
            raise InvalidDatabaseUrl(error.problem, variable) from None


@asynccontextmanager
async def opened(
    url: str,
    *,
    pool_size: int = 5,
    bounds: Bounds = PATIENT,
    opening: Opening = Opening.CREATE,
    reads_only: bool = False,
) -> AsyncIterator[AsyncEngine]:
    """Make an engine for the time of the body."""
    engine = create_engine(
        url, pool_size=pool_size, bounds=bounds, opening=opening, reads_only=reads_only
    )
    try:
        yield engine
    finally:
        await engine.dispose()


@asynccontextmanager
async def transaction(
    engine: AsyncEngine, database: str = OURS, *, may_be_locked: bool = False
) -> AsyncIterator[AsyncConnection]:
    """Open one transaction, committed when the body ends well within the engine's bounds.

    Parameters
    ----------
    engine
        Where.
    database
        What the database is called in the error: "shop" or "intelligence".
    may_be_locked
        Whether the body reckons with a lock that others hold, so that none is logged.

    Raises
    ------
    DatabaseUnavailable
        When the server is away, goes away in the body, or keeps it waiting for too long.
    DatabaseRefuses
        When it refuses the user, a right, an option, …: until somebody changes that.
    TextNotWritable
        When the body asks for a text that the database could not hold.
    TablesTooOld
        When it asks for a table or a column of ours that is not there.
    """
    async with _transaction(engine, database, {}, may_be_locked=may_be_locked) as connection:
        yield connection


@asynccontextmanager
async def _transaction(
    engine: AsyncEngine,
    database: str,
    options: Mapping[str, Any],
    *,
    may_be_locked: bool = False,
) -> AsyncIterator[AsyncConnection]:
    user = engine.url.username
    told = changes.told(database, may_be_locked=may_be_locked)
    with told, problems_named(database, user):
        async with (
            asyncio.timeout(bounds_of(engine).transaction_seconds or None),
            aclosing(await _connected(engine, database)) as pooled,
        ):
            connection = await pooled.execution_options(**options) if options else pooled
            async with connection.begin():
                yield connection


@asynccontextmanager
async def snapshot(engine: AsyncEngine, database: str = "shop") -> AsyncIterator[AsyncConnection]:
    """Open a transaction that sees one state of a database and cannot write.

    Raises
    ------
    DatabaseUnavailable
        When the database is away, or keeps the body waiting for too long.
    """
    options = SNAPSHOT if engine.dialect.name == "postgresql" else {}
    async with _transaction(engine, database, options) as connection:
        for command in READ_ONLY[engine.dialect.name]:
            await connection.execute(text(command))
        yield connection


async def _connected(engine: AsyncEngine, database: str) -> AsyncConnection:
    named = problems_named(database, engine.url.username, connecting=True)
    with named, at_pool(engine).one_more():
        return await engine.connect().start()


async def ping(engine: AsyncEngine, database: str = OURS) -> None:
    """Ask the database something.

    Raises
    ------
    DatabaseUnavailable
        When it does not answer.
    """
    async with transaction(engine, database) as connection:
        await connection.execute(text("SELECT 1"))
