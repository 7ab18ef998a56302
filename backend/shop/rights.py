"""What the user may do to the shop's tables; looked at without changing anything."""

import re
from collections.abc import Sequence

from sqlalchemy import text

from backend.database.engine import AsyncConnection
from backend.database.expressions import MYSQL
from backend.database.mysql_rights import CHANGING, mysql_rights
from backend.shop.structure import Place

ROLE = """
    SELECT rolsuper AS superuser, rolcreaterole AS roles, rolcreatedb AS databases,
        rolreplication AS replication,
        pg_has_role(oid, 'pg_read_server_files', 'MEMBER') AS read_files,
        pg_has_role(oid, 'pg_write_server_files', 'MEMBER') AS write_files,
        pg_has_role(oid, 'pg_execute_server_program', 'MEMBER') AS programs
    FROM pg_roles WHERE rolname = current_user
"""
POWERS_ON_POSTGRESQL = {
    "roles": "may create roles",
    "databases": "may create databases",
    "replication": "may replicate",
    "read_files": "may read the server's files (pg_read_server_files)",
    "write_files": "may write the server's files (pg_write_server_files)",
    "programs": "may run programs on the server (pg_execute_server_program)",
}
KNOWN = POWERS_ON_POSTGRESQL.keys()
GLOBAL_GRANT = re.compile(r"GRANT (.+) ON \*\.\* TO ")
READING = {"USAGE", "SELECT", "SHOW VIEW", "SHOW DATABASES"}


async def writable_tables(connection: AsyncConnection, places: Sequence[Place]) -> list[str]:
    """Return the tables among these that the user may change; a SQLite file has no users.

    Tables that only a query of the shop's own names are not known, and left out.
    """
    dialect = connection.dialect.name
    if dialect == "sqlite":
        return []
    may_write = _mysql_may_write if dialect in MYSQL else _postgresql_may_write
    return [place.table for place in places if await may_write(connection, place)]


async def powers(connection: AsyncConnection) -> list[str]:
    """Return what the user may do beyond reading tables, as `may …` or `is …`; it need not."""
    dialect = connection.dialect.name
    if dialect == "sqlite":
        return []
    return await (_mysql_powers if dialect in MYSQL else _postgresql_powers)(connection)


async def _postgresql_powers(connection: AsyncConnection) -> list[str]:
    (row,) = (await connection.execute(text(ROLE))).mappings()
    if row["superuser"]:
        return ["is a superuser"]
    return [POWERS_ON_POSTGRESQL[name] for name, held in row.items() if held and name in KNOWN]


async def _mysql_powers(connection: AsyncConnection) -> list[str]:
    grants = [str(grant) for grant in await connection.scalars(text("SHOW GRANTS"))]
    everywhere = [found[1] for grant in grants if (found := GLOBAL_GRANT.match(grant))]
    rights = {right.strip() for granted in everywhere for right in granted.split(",")}
    return [f"may {right}" for right in sorted(rights - READING)]


async def _postgresql_may_write(connection: AsyncConnection, place: Place) -> bool:
    question = text(
        "SELECT to_regclass(:table) IS NOT NULL"
        " AND has_table_privilege(to_regclass(:table), 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER')"
    )
    return bool(await connection.scalar(question, {"table": place.quoted(connection.dialect)}))


async def _mysql_may_write(connection: AsyncConnection, place: Place) -> bool:
    return bool(CHANGING & await mysql_rights(connection, place.table, place.schema))
