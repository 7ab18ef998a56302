"""The rights of a user on MySQL and MariaDB, which only `SHOW GRANTS` tells."""

import re

from sqlalchemy import text

from backend.database.async_engines import AsyncConnection

WRITING = frozenset({"INSERT", "UPDATE", "DELETE"})
CREATING = WRITING | {"CREATE"}
CHANGING = WRITING | {"DROP", "ALTER", "TRIGGER"}
MYSQL_GRANT = re.compile(r"GRANT (?P<rights>.+) ON (?P<place>\S+\.\S+) TO ")


async def mysql_rights(
    connection: AsyncConnection, table: str, schema: str | None = None
) -> set[str]:
    """Return the rights of the user, and of the roles it is in, on a table.

    Parameters
    ----------
    connection
        The user's.
    table, schema
        Which; no schema is the connection's own database.
    """
    database = schema or str(await connection.scalar(text("SELECT DATABASE()")))
    rights: set[str] = set()
    for (grant,) in await connection.execute(text("SHOW GRANTS")):
        found = MYSQL_GRANT.match(str(grant))
        if found is not None and _covers(found["place"], database, table):
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
