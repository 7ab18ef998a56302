"""Whether our own tables can be written or made; looked at without changing anything."""

from collections.abc import Sequence
from secrets import token_hex

from sqlalchemy import (
    Column,
    Connection,
    Insert,
    Integer,
    MetaData,
    Table,
    delete,
    false,
    insert,
    inspect,
    select,
    text,
    update,
)

from backend.core.errors import DatabaseRefuses, DatabaseUnavailable, TablesTooOld
from backend.database.causes import refusal_of
from backend.database.engine import AsyncConnection, AsyncEngine, transaction
from backend.database.expressions import MYSQL
from backend.database.mysql_rights import CREATING, mysql_rights
from backend.store.all_tables import intelligence
from backend.store.migrate import refuse_unusable


async def refusal_of_ours(engine: AsyncEngine) -> str | None:
    """Say what keeps us from writing our tables, or from making or changing them; else None."""
    try:
        async with transaction(engine) as connection:
            found = await connection.run_sync(_found)
            if len(found) == len(intelligence.tables):
                await _write_nothing(connection)
            else:
                await _could_create(connection, found)
    except (DatabaseRefuses, TablesTooOld) as refused:
        return str(refused)
    return None


async def refuse_unmigratable(engine: AsyncEngine) -> None:
    """Look whether this user can bring our tables to this version.

    Where they are at it, the user may only read: what was published is still served.

    Raises
    ------
    DatabaseUnavailable, DatabaseRefuses
        When the database does not answer, or does not let them be made or changed.
    TablesInTheWay, TablesTooNew
        When they cannot be brought there.
    """
    if await refuse_unusable(engine):
        return
    async with transaction(engine) as connection:
        await _could_create(connection, await connection.run_sync(_found))


def _found(connection: Connection) -> list[str]:
    return sorted(set(intelligence.tables) & set(inspect(connection).get_table_names()))


async def _write_nothing(connection: AsyncConnection) -> None:
    """Write no row into every table: a user without the right is refused all the same."""
    for table in intelligence.tables.values():
        await connection.execute(_insert_nothing(table))
        first = next(iter(table.c))
        await connection.execute(update(table).values({first: first}).where(false()))
        await connection.execute(delete(table).where(false()))


def _insert_nothing(table: Table) -> Insert:
    nothing = select(table).where(false())
    return insert(table).from_select(list(table.c), nothing)


async def _could_create(connection: AsyncConnection, found: Sequence[str]) -> None:
    """Make a table and take it back; where that would stay, look at the rights."""
    if connection.dialect.name in MYSQL:
        await _could_create_on_mysql(connection)
        return
    if connection.dialect.name == "sqlite":
        await connection.exec_driver_sql("BEGIN IMMEDIATE")  # its driver begins none for a table
    probe = Table(f"intelligence_probe_{token_hex(4)}", MetaData(), Column("id", Integer))
    await connection.run_sync(probe.create)
    if connection.dialect.name == "postgresql":
        await _owns(connection, found)
    await connection.rollback()  # so that nothing, not even a page of a file, was changed


async def _owns(connection: AsyncConnection, found: Sequence[str]) -> None:
    others = (
        "SELECT relname FROM pg_class WHERE relname = ANY(:names)"
        " AND pg_table_is_visible(oid) AND NOT pg_has_role(relowner, 'USAGE')"
    )
    if (name := await connection.scalar(text(others), {"names": list(found)})) is not None:
        raise _refused(connection, "right", f"must be owner of table {name}")


async def _could_create_on_mysql(connection: AsyncConnection) -> None:
    rights = await mysql_rights(connection, "customer_intelligence")
    missing = sorted(CREATING - rights)
    if missing:
        database = await connection.scalar(text("SELECT DATABASE()"))
        user = connection.engine.url.username
        words = f"{', '.join(missing)} command denied to user '{user}' for table {database}.*"
        raise _refused(connection, "right", words)
    read_only = await connection.scalar(text("SELECT @@global.read_only"))
    if read_only and not rights & {"SUPER", "READ_ONLY ADMIN", "READ ONLY ADMIN"}:
        raise _refused(connection, "read_only", "read_only is on")


def _refused(connection: AsyncConnection, kind: str, words: str) -> DatabaseUnavailable:
    return refusal_of(kind, "intelligence", words, connection.engine.url.username)
