"""What the user may do to the shop's tables; looked at without changing anything."""

from collections.abc import Sequence

from sqlalchemy import text

from backend.database.engine import AsyncConnection
from backend.database.expressions import MYSQL
from backend.database.mysql_rights import WRITING, mysql_rights
from backend.shop.structure import Place


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
    return bool(WRITING & await mysql_rights(connection, place.table, place.schema))
