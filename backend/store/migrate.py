"""Create and update our own tables: one process at a time, and never under a run."""

import logging
import time
from asyncio import sleep
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, column, inspect, select, table, text
from sqlalchemy.exc import DBAPIError

from backend.core.errors import DatabaseUnavailable, TablesBusy, TablesInTheWay, TablesTooNew
from backend.core.late import late
from backend.database.engine import AsyncConnection, AsyncEngine, problems_named, transaction
from backend.store.tables_found import (
    missing_tables,
    running_run,
    runs_table,
    tables_in_the_way,
)

VERSIONS = Path(__file__).parents[2] / "migrations" / "versions"
# A name of our own: a shop may use Alembic for its own tables in the same database.
VERSION_TABLE = "intelligence_alembic_version"
LOCK = 7_261_130_911
LOCK_TIMEOUT_SECONDS = 300
# While a change of ours waits for a table, every reader of the table waits behind it.
READERS_WAIT_SECONDS = 5
PATIENCE_SECONDS = 900.0
LOOK_AGAIN_SECONDS = 1.0

log = logging.getLogger(__name__)


async def migrate(engine: AsyncEngine, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
    """Bring our tables to the newest version, put back those that are gone; else do nothing.

    Parameters
    ----------
    engine
        Where our tables are, or will be.
    patience_seconds
        How long to wait for a run that is at work.

    Raises
    ------
    DatabaseUnavailable
        When the database does not answer.
    DatabaseRefuses
        When it does not let the user, or anybody, change them.
    TablesInTheWay, TablesTooNew
        When they cannot be brought there.
    TablesBusy
        When a run is still at work after that time.
    """
    if await refuse_unusable(engine):
        return
    upgrade = late("backend.store.upgrade").upgrade
    await exclusively(engine, upgrade, patience_seconds=patience_seconds)


async def refuse_unusable(engine: AsyncEngine) -> bool:
    """Look whether our tables can be brought to the newest version; return whether all are at it.

    Raises
    ------
    DatabaseUnavailable
        When the database does not answer.
    DatabaseRefuses
        When it does not let the user look.
    TablesInTheWay, TablesTooNew
        When they cannot.
    """
    async with transaction(engine) as connection:
        is_current = await connection.run_sync(_is_current)
        if not is_current:
            await connection.run_sync(_refuse_foreign)
    return is_current


async def exclusively(
    engine: AsyncEngine,
    work: Callable[[Connection], None],
    *,
    patience_seconds: float = PATIENCE_SECONDS,
) -> None:
    """Change our tables in one transaction in which nobody else does and no run is at work.

    Parameters
    ----------
    engine
        Where our tables are, or will be.
    work
        The change. Where another holds a table for long it is undone, and tried again.
    patience_seconds
        How long to wait for others.

    Raises
    ------
    TablesBusy
        When others are still at it after that time.
    TablesInTheWay
        When a table of the shop's has the name of one of ours.
    """
    deadline = time.monotonic() + patience_seconds
    told = None
    while (obstacle := await _attempted(engine, work)) is not None:
        if time.monotonic() >= deadline:
            raise TablesBusy(obstacle, patience_seconds)
        if obstacle != told:
            log.warning("migrations wait", extra={"reason": obstacle})
            told = obstacle
        await sleep(min(LOOK_AGAIN_SECONDS, patience_seconds))


async def _attempted(engine: AsyncEngine, work: Callable[[Connection], None]) -> str | None:
    """Do the work, or return what is in its way."""
    try:
        async with _alone(engine) as connection:
            return await _changed(connection, work)
    except DatabaseUnavailable as error:
        if error.kind == "locked":
            return "others are using them for long"
        raise


async def _changed(connection: AsyncConnection, work: Callable[[Connection], None]) -> str | None:
    run_id = await connection.run_sync(running_run)
    if run_id is not None:
        return f"run {run_id} is at work"
    await connection.run_sync(_refuse_foreign)
    await connection.run_sync(work)
    return None


def _refuse_foreign(connection: Connection) -> None:
    revision = _current_version(connection)
    if names := tables_in_the_way(connection, revision):
        raise TablesInTheWay(names)


def _is_current(connection: Connection) -> bool:
    version = _current_version(connection)
    if version is not None and version not in known_versions():
        raise TablesTooNew(version)
    return version == known_versions()[-1] and not missing_tables(connection)


def _current_version(connection: Connection) -> str | None:
    """Return the version that our tables are at; asked without Alembic, which weighs 11 MiB."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    version: str | None = connection.scalar(
        select(column("version_num")).select_from(table(VERSION_TABLE))
    )
    return version


def known_versions() -> list[str]:
    """Return the versions that migrations lead to, in order; a migration's file begins with its."""
    return sorted(path.stem.partition("_")[0] for path in VERSIONS.glob("[0-9]*.py"))


@asynccontextmanager
async def _alone(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Open a transaction that no second migrating process, and no run that begins, can be in."""
    alone = {"sqlite": _alone_on_sqlite, "postgresql": _alone_on_postgresql}
    async with alone.get(engine.dialect.name, _alone_on_mysql)(engine) as connection:
        yield connection


@asynccontextmanager
async def _alone_on_postgresql(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    async with transaction(engine) as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        await connection.execute(text(f"SET LOCAL lock_timeout = '{READERS_WAIT_SECONDS}s'"))
        if (runs := await connection.run_sync(runs_table)) is not None:
            await connection.execute(text(f"LOCK TABLE {runs} IN ACCESS EXCLUSIVE MODE"))
        yield connection


@asynccontextmanager
async def _alone_on_mysql(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    # Statements that change tables commit there: only this lock holds to the end.
    arguments = {"key": str(LOCK), "seconds": LOCK_TIMEOUT_SECONDS}
    async with transaction(engine) as connection:
        await connection.execute(text("SELECT GET_LOCK(:key, :seconds)"), arguments)
        await connection.execute(text(f"SET lock_wait_timeout = {READERS_WAIT_SECONDS}"))
        try:
            yield connection
        finally:
            with suppress(DBAPIError):  # a connection that is gone holds no lock either
                await connection.execute(text("SET lock_wait_timeout = DEFAULT"))
                await connection.execute(text("SELECT RELEASE_LOCK(:key)"), arguments)


@asynccontextmanager
async def _alone_on_sqlite(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    # The driver begins transactions late; only an explicit BEGIN IMMEDIATE locks from the start.
    with problems_named("intelligence"):
        async with engine.connect() as pooled:
            connection = await pooled.execution_options(isolation_level="AUTOCOMMIT")
            await _switch_to_wal(connection)
            await connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                await connection.exec_driver_sql("ROLLBACK")
                raise
            await connection.exec_driver_sql("COMMIT")


async def _switch_to_wal(connection: AsyncConnection) -> None:
    """Let readers keep what they see while a run publishes; the file stays so."""
    if await connection.scalar(text("PRAGMA journal_mode")) == "wal":
        return
    # SQLite does not wait for this lock; who holds it is switching the file too.
    with suppress(DBAPIError):
        if await connection.scalar(text("PRAGMA journal_mode = WAL")) == "wal":
            log.info("the SQLite file is in WAL mode from now on: reading goes on while it changes")
