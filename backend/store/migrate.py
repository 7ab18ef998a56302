"""Create and update our own tables, one process at a time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from backend.database.engine import AsyncConnection, AsyncEngine, transaction

MIGRATIONS = Path(__file__).parents[2] / "migrations"
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
        await connection.run_sync(_upgrade)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    return config


def _is_current(connection: Connection) -> bool:
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    head = ScriptDirectory.from_config(_config()).get_current_head()
    return context.get_current_revision() == head


def _upgrade(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


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
