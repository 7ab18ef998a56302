"""Whether our own tables can be written or made; looked at without changing anything."""

from sqlalchemy import (
    Connection,
    Insert,
    Table,
    delete,
    false,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError

from backend.core.errors import TablesTooOld
from backend.database.engine import AsyncConnection, AsyncEngine, transaction
from backend.database.expressions import MYSQL
from backend.database.mysql_rights import CREATING, mysql_rights
from backend.store.tables import intelligence


async def can_write_ours(engine: AsyncEngine) -> bool:
    """Whether the user may write our tables, or make them where there are none yet."""
    try:
        async with transaction(engine) as connection:
            if await connection.run_sync(_has_our_tables):
                return await _can_write(connection)
            return await _can_create(connection)
    except (DBAPIError, TablesTooOld):
        return False


def _has_our_tables(connection: Connection) -> bool:
    return set(intelligence.tables) <= set(inspect(connection).get_table_names())


async def _can_write(connection: AsyncConnection) -> bool:
    """Write no row into every table: a user without the right is refused all the same."""
    for table in intelligence.tables.values():
        await connection.execute(_insert_nothing(table))
        first = next(iter(table.c))
        await connection.execute(update(table).values({first: first}).where(false()))
        await connection.execute(delete(table).where(false()))
    return True


def _insert_nothing(table: Table) -> Insert:
    nothing = select(table).where(false())
    return insert(table).from_select(list(table.c), nothing)


async def _can_create(connection: AsyncConnection) -> bool:
    dialect = connection.dialect.name
    if dialect == "postgresql":
        right = "SELECT has_schema_privilege(current_schema(), 'CREATE')"
        return bool(await connection.scalar(text(right)))
    if dialect in MYSQL:
        return await mysql_rights(connection, "customer_intelligence") >= CREATING
    await connection.execute(text("CREATE TABLE readiness_probe (id INTEGER)"))
    await connection.execute(text("DROP TABLE readiness_probe"))
    return True
