"""A database URL becomes an async engine whose sessions are in UTC.

Every form of URL that people have at hand is accepted; the driver is always ours. On PostgreSQL
the URL is handed to the driver whole, so that all of libpq's options work as they do in `psql`.
"""

import sqlite3
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from typing import Any

import asyncpg
from sqlalchemy import URL, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from backend.core.errors import (
    BackendError,
    DatabaseUnavailable,
    TablesTooOld,
    TextNotWritable,
)

__all__ = [
    "AsyncConnection",
    "AsyncEngine",
    "InvalidDatabaseUrl",
    "create_engine",
    "opened",
    "parse_url",
    "ping",
    "problems_named",
    "snapshot",
    "transaction",
]

OURS = "intelligence"
CONNECT_TIMEOUT_SECONDS = 5
DRIVERS = {
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
    "mysql": "mysql+asyncmy",
    "mariadb": "mariadb+asyncmy",
    "sqlite": "sqlite+aiosqlite",
}
READ_ONLY = {
    "postgresql": ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",),
    "mysql": ("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",),
    "mariadb": ("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",),
    "sqlite": ("PRAGMA query_only = ON", "BEGIN"),
}
MYSQL_SESSION = "SET time_zone = '+00:00', sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'"


class InvalidDatabaseUrl(BackendError):
    """A database URL cannot be read. The text never repeats the URL, which holds a password."""

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(f"The database URL {problem}.")


def parse_url(url: str) -> URL:
    """Read a database URL; whatever driver it names is replaced by ours.

    Raises
    ------
    InvalidDatabaseUrl
        When it is no URL, or of a kind of database that is not supported.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise InvalidDatabaseUrl("cannot be read") from None
    kind = parsed.drivername.split("+")[0].lower()
    if kind not in DRIVERS:
        raise InvalidDatabaseUrl(f"is of the unknown kind {kind}")
    return parsed.set(drivername=DRIVERS[kind])


def create_engine(url: str, *, pool_size: int = 5) -> AsyncEngine:
    """Make an engine; nothing connects yet.

    Parameters
    ----------
    url
        Any form that `parse_url` accepts.
    pool_size
        Connections kept open. A connection that was dropped meanwhile is replaced unnoticed.

    Raises
    ------
    InvalidDatabaseUrl
        When the URL or one of its options cannot be understood.
    """
    parsed = parse_url(url)
    kind = parsed.get_backend_name()
    if kind == "sqlite":
        return _sqlite_engine(parsed, pool_size)
    if kind == "postgresql":
        return _postgresql_engine(parsed, pool_size)
    return _mysql_engine(parsed, pool_size)


def _pooled(url: URL, pool_size: int, **options: Any) -> AsyncEngine:
    # hide_parameters: a failing statement's values may be e-mails, and errors are logged.
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        pool_recycle=1800,
        hide_parameters=True,
        **options,
    )


def libpq_uri(url: URL) -> str:
    """Return the URL as libpq and everything built on it reads it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def _postgresql_engine(url: URL, pool_size: int) -> AsyncEngine:
    dsn = libpq_uri(url)

    async def connect() -> "asyncpg.Connection[asyncpg.Record]":
        return await asyncpg.connect(
            dsn, timeout=CONNECT_TIMEOUT_SECONDS, server_settings={"timezone": "UTC"}
        )

    return _pooled(url.set(query={}), pool_size, async_creator=connect)


def _mysql_engine(url: URL, pool_size: int) -> AsyncEngine:
    query = dict(url.query)
    arguments: dict[str, Any] = {
        "init_command": MYSQL_SESSION,
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
    }
    modes = [query.pop(name, None) for name in ("ssl-mode", "ssl_mode", "sslmode", "ssl")]
    if (mode := next((mode for mode in modes if mode is not None), None)) is not None:
        arguments["ssl"] = _mysql_tls(str(mode))
    query.setdefault("charset", "utf8mb4")
    return _pooled(url.set(query=query), pool_size, connect_args=arguments)


def _mysql_tls(mode: str) -> ssl.SSLContext | None:
    """Translate MySQL's and libpq's words for encryption."""
    word = mode.lower().replace("-", "_")
    if word in {"disable", "disabled", "false", "0"}:
        return None
    context = ssl.create_default_context()
    if word in {"prefer", "preferred", "require", "required", "true", "1"}:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    elif word == "verify_ca":
        context.check_hostname = False
    elif word not in {"verify_full", "verify_identity"}:
        raise InvalidDatabaseUrl(f"has the unknown encryption mode {mode}")
    return context


def _sqlite_engine(url: URL, pool_size: int) -> AsyncEngine:
    engine = _pooled(url, pool_size, connect_args={"timeout": 30})

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        # WAL: readers keep their snapshot while a run publishes. SQLite does not wait for this
        # lock; who holds it is switching the file too, and the file stays switched.
        with suppress(sqlite3.OperationalError):
            cursor.execute("PRAGMA journal_mode = WAL")
        for pragma in ("synchronous = NORMAL", "foreign_keys = ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "checkout")
    def may_write(connection: Any, *_: object) -> None:
        # Whoever had the connection before may have only read, or have been cancelled doing so.
        cursor = connection.cursor()
        cursor.execute("PRAGMA query_only = OFF")
        cursor.close()

    return engine


UNWRITABLE_ON_POSTGRESQL = {"22021", "22P05"}  # a NUL, or a letter that LATIN1 has not
UNWRITABLE_ON_MYSQL = 1267  # a letter that the column's character set has not
# No such table, or no such column of it.
NOT_THERE_ON_POSTGRESQL = {"42P01", "42703"}
NOT_THERE_ON_MYSQL = {1146, 1054}
NOT_THERE_ON_SQLITE = ("no such table", "no such column", "has no column")


def _passes(error: DBAPIError) -> bool:
    """Whether the same statement may work in a moment."""
    # A table was altered since a statement was prepared: all prepared ones are forgotten now.
    altered = isinstance(error.driver_exception, asyncpg.InvalidCachedStatementError)
    return altered or error.connection_invalidated or "database is locked" in str(error.orig)


def _is_unwritable(error: DBAPIError) -> bool:
    cause: Any = error.driver_exception
    if isinstance(cause, asyncpg.PostgresError):
        return cause.sqlstate in UNWRITABLE_ON_POSTGRESQL
    return bool(cause.args) and cause.args[0] == UNWRITABLE_ON_MYSQL


def _is_not_there(error: DBAPIError) -> bool:
    cause: Any = error.driver_exception
    if isinstance(cause, asyncpg.PostgresError):
        return cause.sqlstate in NOT_THERE_ON_POSTGRESQL
    if isinstance(cause, sqlite3.Error):
        return any(words in str(cause) for words in NOT_THERE_ON_SQLITE)
    return bool(cause.args) and cause.args[0] in NOT_THERE_ON_MYSQL


@contextmanager
def problems_named(database: str) -> Iterator[None]:
    """Turn what drivers raise into errors with names, where callers can do something about it.

    Raises
    ------
    DatabaseUnavailable
        When the body met an outage.
    TextNotWritable
        When it asks for a text that the database could not hold.
    TablesTooOld
        When it asks for a table or a column of ours that is not there.
    """
    try:
        yield
    except (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.CannotConnectNowError) as error:
        raise DatabaseUnavailable(database) from error
    except DBAPIError as error:
        if _passes(error):
            raise DatabaseUnavailable(database) from error
        if _is_unwritable(error):
            raise TextNotWritable(database) from None
        if database == OURS and _is_not_there(error):
            raise TablesTooOld from error.driver_exception
        raise


@asynccontextmanager
async def transaction(engine: AsyncEngine, database: str = OURS) -> AsyncIterator[AsyncConnection]:
    """Open one transaction, committed when the body ends well.

    Parameters
    ----------
    engine
        Where.
    database
        What the database is called in the error: "shop" or "intelligence".

    Raises
    ------
    DatabaseUnavailable
        When the server is away, or goes away in the body.
    TextNotWritable
        When the body asks for a text that the database could not hold.
    TablesTooOld
        When it asks for a table or a column of ours that is not there.
    """
    with problems_named(database):
        async with aclosing(await _connected(engine, database)) as connection, connection.begin():
            yield connection


@asynccontextmanager
async def snapshot(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Open a transaction that sees one state of the shop and cannot write.

    Raises
    ------
    DatabaseUnavailable
        When the shop's database is away.
    """
    async with transaction(engine, "shop") as connection:
        for command in READ_ONLY[engine.dialect.name]:
            await connection.execute(text(command))
        yield connection


async def _connected(engine: AsyncEngine, database: str) -> AsyncConnection:
    try:
        return await engine.connect().start()
    except (DBAPIError, asyncpg.PostgresError) as error:  # whatever keeps us from connecting
        raise DatabaseUnavailable(database) from error


@asynccontextmanager
async def opened(url: str, *, pool_size: int = 5) -> AsyncIterator[AsyncEngine]:
    """Make an engine for the time of the body."""
    engine = create_engine(url, pool_size=pool_size)
    try:
        yield engine
    finally:
        await engine.dispose()


async def ping(engine: AsyncEngine, database: str = OURS) -> None:
    """Ask the database something.

    Raises
    ------
    DatabaseUnavailable
        When it does not answer.
    """
    async with transaction(engine, database) as connection:
        await connection.execute(text("SELECT 1"))
