"""What kind of values a column of the shop holds, as its database tells."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import FromClause, column, false, func, select, text

from backend.database.async_engines import AsyncConnection


class Kind(StrEnum):
    """Kinds that are read differently."""

    INTEGER = "integer"
    DECIMAL = "decimal"
    FLOAT = "float"
    TEXT = "text"
    DATETIME = "datetime"  # naive: in the mapping's time zone
    INSTANT = "instant"  # knows its zone
    BOOLEAN = "boolean"
    UUID = "uuid"  # a type of its own, which only reads as text
    BINARY = "binary"
    MIXED = "mixed"  # a SQLite column with values of several kinds
    NOTHING = "nothing"  # the shop has no such column
    OWN = "own"  # a type that the shop made, or an extension: an enum, citext; readable as text
    OTHER = "other"


POSTGRESQL_TYPES: Mapping[int, Kind] = {
    **dict.fromkeys((20, 21, 23), Kind.INTEGER),
    1700: Kind.DECIMAL,
    **dict.fromkeys((700, 701), Kind.FLOAT),
    **dict.fromkeys((1114, 1082), Kind.DATETIME),
    1184: Kind.INSTANT,
    16: Kind.BOOLEAN,
    17: Kind.BINARY,
    2950: Kind.UUID,
    **dict.fromkeys((18, 19, 25, 1042, 1043), Kind.TEXT),
}
FIRST_TYPE_OF_A_SHOPS_OWN = 16384  # a domain is described as what it is made of
MYSQL_TYPES: Mapping[int, Kind] = {
    **dict.fromkeys((1, 2, 3, 8, 9), Kind.INTEGER),
    **dict.fromkeys((0, 246), Kind.DECIMAL),
    **dict.fromkeys((4, 5), Kind.FLOAT),
    **dict.fromkeys((10, 12), Kind.DATETIME),
    7: Kind.INSTANT,  # TIMESTAMP is kept in UTC, and sessions are in UTC
    **dict.fromkeys((15, 247, 248, 249, 250, 251, 252, 253, 254), Kind.TEXT),
}
# Whole numbers that 64 bits with a sign do not hold are read as decimals: none of them is cut.
DUCKDB_TYPES: Mapping[str, Kind] = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT"), Kind.INTEGER),
    **dict.fromkeys(("UTINYINT", "USMALLINT", "UINTEGER"), Kind.INTEGER),
    **dict.fromkeys(("UBIGINT", "HUGEINT", "UHUGEINT", "DECIMAL"), Kind.DECIMAL),
    **dict.fromkeys(("FLOAT", "DOUBLE"), Kind.FLOAT),
    **dict.fromkeys(("VARCHAR", "JSON"), Kind.TEXT),
    **dict.fromkeys(("DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS"), Kind.DATETIME),
    "TIMESTAMP_NS": Kind.DATETIME,
    "TIMESTAMP WITH TIME ZONE": Kind.INSTANT,
    "BOOLEAN": Kind.BOOLEAN,
    "BLOB": Kind.BINARY,
    "UUID": Kind.UUID,
    "ENUM": Kind.OWN,
}
SQLITE_TYPES: Mapping[str, Kind] = {
    "integer": Kind.INTEGER,
    "real": Kind.FLOAT,
    "text": Kind.TEXT,
    "blob": Kind.BINARY,
}


async def column_kinds(connection: AsyncConnection, base: FromClause) -> dict[str, Kind]:
    """Return the kind of every column of a table or query, by the name it has there.

    SQLite's columns have no fixed type there; all are `OTHER` until `stored_kind` looks.
    """
    result = await connection.execute(select(text("*")).select_from(base).where(false()))
    description: Sequence[Sequence[Any]] = result.cursor.description
    kind_of = KIND_READERS[connection.dialect.name]
    return {str(field[0]): kind_of(field[1]) for field in description}


async def stored_kind(connection: AsyncConnection, base: FromClause, name: str) -> Kind:
    """Return the kind of what a SQLite column holds; text where it holds nothing."""
    stored = func.typeof(column(name))
    found = await connection.scalars(
        select(stored).select_from(base).where(column(name).is_not(None)).distinct()
    )
    kinds = {SQLITE_TYPES[name] for name in found}
    if kinds == {Kind.INTEGER, Kind.FLOAT}:
        return Kind.FLOAT
    if len(kinds) > 1:
        return Kind.MIXED
    return kinds.pop() if kinds else Kind.TEXT


def _postgresql_kind(oid: int) -> Kind:
    own = Kind.OWN if oid >= FIRST_TYPE_OF_A_SHOPS_OWN else Kind.OTHER
    return POSTGRESQL_TYPES.get(oid, own)


def _mysql_kind(code: int) -> Kind:
    return MYSQL_TYPES.get(code, Kind.OTHER)


def _sqlite_kind(_code: object) -> Kind:
    return Kind.OTHER


def _duckdb_kind(type_: object) -> Kind:
    return DUCKDB_TYPES.get(str(type_).partition("(")[0], Kind.OTHER)


KIND_READERS: Mapping[str, Any] = {
    "postgresql": _postgresql_kind,
    "mysql": _mysql_kind,
    "mariadb": _mysql_kind,
    "sqlite": _sqlite_kind,
    "duckdb": _duckdb_kind,
}
