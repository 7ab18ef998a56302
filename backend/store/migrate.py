"""Create and update our own tables, one process at a time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import Connection, column, inspect, select, table, text

from backend.core.late import late
from backend.database.engine import AsyncConnection, AsyncEngine, transaction

VERSIONS = Path(__file__).parents[2] / "migrations" / "versions"
# A name of our own: a shop may use Alembic for its own tables in the same database.
VERSION_TABLE = "intelligence_alembic_version"
LOCK = 7_261_130_911
LOCK_TIMEOUT_SECONDS = 300


async def migrate(engine: AsyncEngine) -> None:
    """Bring our tables to the newest version; does nothing when they are.

    Raises
    ------
    DatabaseUnavailable
        When the database does not answer.
    """
    async with transaction(engine) as connection:
        if await connection.run_sync(_is_current):
            return
    async with _alone(engine) as connection:
        await connection.run_sync(late("backend.store.upgrade").upgrade)


def _is_current(connection: Connection) -> bool:
    if not inspect(connection).has_table(VERSION_TABLE):
        return False
    found = connection.scalar(select(column("version_num")).select_from(table(VERSION_TABLE)))
    return found == newest_version()


def newest_version() -> str:
    """Return the version that the last migration leads to; a migration's file begins with it."""
    return max(path.stem.partition("_")[0] for path in VERSIONS.glob("[0-9]*.py"))


@asynccontextmanager
async def _alone(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Open a transaction that no second migrating process can be in."""
    if engine.dialect.name == "sqlite":
        async with _alone_on_sqlite(engine) as connection:
            yield connection
        return
    async with transaction(engine) as connection:
        if engine.dialect.name == "postgresql":
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
            yield connection
        else:
            arguments = {"key": str(LOCK), "seconds": LOCK_TIMEOUT_SECONDS}
            await connection.execute(text("SELECT GET_LOCK(:key, :seconds)"), arguments)
            try:
                yield connection
            finally:
                await connection.execute(text("SELECT RELEASE_LOCK(:key)"), arguments)


@asynccontextmanager
async def _alone_on_sqlite(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    # The driver begins transactions late; only an explicit BEGIN IMMEDIATE locks from the start.
    async with engine.connect() as pooled:
        connection = await pooled.execution_options(isolation_level="AUTOCOMMIT")
        await connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            await connection.exec_driver_sql("ROLLBACK")
            raise
        await connection.exec_driver_sql("COMMIT")
