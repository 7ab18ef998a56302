"""What the two users may do; looked at without changing anything."""

import re
from collections.abc import Sequence

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

from backend.data.engine import AsyncConnection, AsyncEngine, transaction
from backend.data.readiness.structure import Place
from backend.data.sources.expressions import MYSQL
from backend.data.tables import intelligence

WRITING = frozenset({"INSERT", "UPDATE", "DELETE"})
CREATING = WRITING | {"CREATE"}
MYSQL_GRANT = re.compile(r"GRANT (?P<rights>.+) ON (?P<place>\S+\.\S+) TO ")


async def can_write_ours(engine: AsyncEngine) -> bool:
    """Whether the user may write our tables, or make them where there are none yet."""
    try:
        async with transaction(engine) as connection:
            if await connection.run_sync(_has_our_tables):
                return await _can_write(connection)
            return await _can_create(connection)
    except DBAPIError:
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
        return await _mysql_rights(connection, Place(None, "customer_intelligence")) >= CREATING
    await connection.execute(text("CREATE TABLE readiness_probe (id INTEGER)"))
    await connection.execute(text("DROP TABLE readiness_probe"))
    return True


async def writable_tables(connection: AsyncConnection, places: Sequence[Place]) -> list[str]:
    """Return the tables among these that the user may change; a SQLite file has no users.

    Tables that only a query of the shop's own names are not known, and left out.
    """
    dialect = connection.dialect.name
    if dialect == "sqlite":
        return []
    may_write = _mysql_may_write if dialect in MYSQL else _postgresql_may_write
    return [place.table for place in places if await may_write(connection, place)]


async def _postgresql_may_write(connection: AsyncConnection, place: Place) -> bool:
    question = text(
        "SELECT to_regclass(:table) IS NOT NULL"
        " AND has_table_privilege(to_regclass(:table), 'INSERT, UPDATE, DELETE')"
    )
    return bool(await connection.scalar(question, {"table": place.quoted(connection.dialect)}))


async def _mysql_may_write(connection: AsyncConnection, place: Place) -> bool:
    return bool(WRITING & await _mysql_rights(connection, place))


async def _mysql_rights(connection: AsyncConnection, place: Place) -> set[str]:
    """Return the rights of the user, and of the roles it is in, on a table."""
    database = place.schema or str(await connection.scalar(text("SELECT DATABASE()")))
    rights: set[str] = set()
    for (grant,) in await connection.execute(text("SHOW GRANTS")):
        found = MYSQL_GRANT.match(str(grant))
        if found is not None and _covers(found["place"], database, place.table):
            rights |= {word.strip().upper() for word in found["rights"].split(",")}
    return rights | CREATING if "ALL PRIVILEGES" in rights else rights


def _covers(granted: str, database: str, table: str) -> bool:
    """Whether a grant's `database`.`table`, in which _ and % stand for others, covers a table."""
    of_database, _, of_table = granted.replace("`", "").rpartition(".")
    if of_table not in {"*", table}:
        return False
    if of_database == "*":
        return True
    pattern = re.sub(r"\\(.)|(%)|(_)|(.)", _as_pattern, of_database)
    return re.fullmatch(pattern, database) is not None


def _as_pattern(match: re.Match[str]) -> str:
    itself, many, one, other = match.groups()
    return ".*" if many else "." if one else re.escape(itself or other)
