"""What the user may do to the shop's tables; looked at without changing anything."""

import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

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
# What may write, with the rights of who made it, where those are not ours anyway; what is called by
# triggers alone, or came with an extension, is none of the shop's.
FUNCTIONS_ON_POSTGRESQL = """
    SELECT format('%I.%I', n.nspname, p.proname)
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    WHERE p.prosecdef AND p.provolatile = 'v' AND p.prorettype NOT IN (2279, 3838)
        AND n.nspname NOT IN ('pg_catalog', 'information_schema')
        AND has_schema_privilege(n.oid, 'USAGE') AND has_function_privilege(p.oid, 'EXECUTE')
        AND NOT pg_has_role(p.proowner, 'MEMBER')
        AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_depend d
            WHERE d.classid = 1255 AND d.objid = p.oid AND d.deptype = 'e')
    ORDER BY 1
"""
# Whoever may not call a routine, or look into it, does not see it here.
FUNCTIONS_ON_MYSQL = """
    SELECT concat(routine_schema, '.', routine_name) FROM information_schema.routines
    WHERE security_type = 'DEFINER' AND definer <> CURRENT_USER()
        AND sql_data_access NOT IN ('NO SQL', 'READS SQL DATA')
        AND routine_schema NOT IN ('sys', 'mysql')
    ORDER BY 1
"""
MOST_NAMED = 5
FILES = {"sqlite", "duckdb"}
GLOBAL_GRANT = re.compile(r"GRANT (.+) ON \*\.\* TO ")
READING = {"USAGE", "SELECT", "SHOW VIEW", "SHOW DATABASES"}


async def writable_tables(connection: AsyncConnection, places: Sequence[Place]) -> list[str]:
    """Return the tables among these that the user may change; files have no users of their own.

    Tables that only a query of the shop's own names are not known, and left out.
    """
    dialect = connection.dialect.name
    if dialect in FILES:
        return []
    may_write = _mysql_may_write if dialect in MYSQL else _postgresql_may_write
    return [place.table for place in places if await may_write(connection, place)]


@dataclass(frozen=True, slots=True)
class FileRights:
    """Who may write the shop's file, which has no users of its own.

    Attributes
    ----------
    by_service
        The user that this process runs as.
    by_everybody
        Whoever is on the machine.
    """

    by_service: bool
    by_everybody: bool


async def file_rights(connection: AsyncConnection) -> FileRights | None:
    """Return who may write the shop's file; None where the shop is no file."""
    if connection.dialect.name not in FILES:
        return None
    return _rights_on(Path(connection.engine.url.database or ""))


def _rights_on(file: Path) -> FileRights | None:
    if not file.exists():  # what comes from elsewhere has only a name
        return None
    return FileRights(os.access(file, os.W_OK), bool(file.stat().st_mode & stat.S_IWOTH))


async def powers(connection: AsyncConnection) -> list[str]:
    """Return what the user may do beyond reading tables, as `may …` or `is …`; it need not."""
    dialect = connection.dialect.name
    if dialect in FILES:
        return []
    if dialect in MYSQL:
        rights, functions = await _mysql_powers(connection), FUNCTIONS_ON_MYSQL
    else:
        rights, functions = await _postgresql_powers(connection), FUNCTIONS_ON_POSTGRESQL
    callable_ = [str(name) for name in await connection.scalars(text(functions))]
    return rights + _calls(callable_)


def _calls(functions: Sequence[str]) -> list[str]:
    if not functions:
        return []
    more = len(functions) - MOST_NAMED
    named = [*functions[:MOST_NAMED], *([f"{more} others"] if more > 0 else [])]
    return [f"may call {', '.join(named)} with the rights of who made them"]


async def _postgresql_powers(connection: AsyncConnection) -> list[str]:
    (row,) = (await connection.execute(text(ROLE))).mappings()
    if row["superuser"]:
        return ["is a superuser"]
    return [POWERS_ON_POSTGRESQL[name] for name, held in row.items() if held and name in KNOWN]


async def _mysql_powers(connection: AsyncConnection) -> list[str]:
    grants = [str(grant) for grant in await connection.scalars(text("SHOW GRANTS"))]
    everywhere = [found[1] for grant in grants if (found := GLOBAL_GRANT.match(grant))]
    rights = {right.strip() for granted in everywhere for right in granted.split(",")}
    if "ALL PRIVILEGES" in rights:
        return ["may do everything on the server"]
    return [f"may {right}" for right in sorted(rights - READING)]


async def _postgresql_may_write(connection: AsyncConnection, place: Place) -> bool:
    question = text(
        "SELECT to_regclass(:table) IS NOT NULL"
        " AND has_table_privilege(to_regclass(:table), 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER')"
    )
    return bool(await connection.scalar(question, {"table": place.quoted(connection.dialect)}))


async def _mysql_may_write(connection: AsyncConnection, place: Place) -> bool:
    return bool(CHANGING & await mysql_rights(connection, place.table, place.schema))
