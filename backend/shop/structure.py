"""The shop's tables: which there are, where each is, and which indexes they lack."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeGuard

from sqlalchemy import (
    ColumnClause,
    Connection,
    Dialect,
    Inspector,
    column,
    func,
    inspect,
    select,
    table,
)

from backend.database.engine import AsyncConnection
from backend.database.expressions import MYSQL
from backend.shop.mapping.mapping import LOGICAL_NAMES, LogicalName, ShopMapping
from backend.shop.mapping.safety import named_tables

if TYPE_CHECKING:  # what other databases' processes do without
    from sqlalchemy.dialects.postgresql.base import PGInspector

INDEXED: Mapping[LogicalName, tuple[str, ...]] = {
    "customers": ("id", "email"),
    "orders": ("customer_id", "created_at"),
    "line_items": ("order_id",),
}
THEIR_OWN = {"information_schema", "performance_schema", "mysql", "sys"}
NEAREST = 3


@dataclass(frozen=True, slots=True)
class Place:
    """Where a table is; no schema for the one that the connection is in."""

    schema: str | None
    table: str

    def __str__(self) -> str:
        """Write it as a variable names it."""
        return f"{self.schema}.{self.table}" if self.schema else self.table

    def quoted(self, dialect: Dialect) -> str:
        """Write it as SQL names it."""
        quote = dialect.identifier_preparer.quote
        return f"{quote(self.schema)}.{quote(self.table)}" if self.schema else quote(self.table)


def place_of(mapping: ShopMapping, name: str, dialect: str) -> Place:
    """Return where a table that the mapping names is."""
    schema, table = mapping.place(name)
    return Place(None if dialect == "sqlite" else schema, table)


def places_read(mapping: ShopMapping, dialect: str, names: Sequence[LogicalName]) -> list[Place]:
    """Return where the tables are that are read: by name, or as `{name}` in a query.

    Those that need not be there, and are not, are none.
    """
    found: list[Place] = []
    for name in names:
        if (mapped := mapping.table(name)) is not None:
            tables = [mapped.table] if mapped.table else named_tables(mapped.query or "")
            there = [table for table in tables if table not in mapping.lacking]
            found += [place_of(mapping, table, dialect) for table in there]
    return list(dict.fromkeys(found))


def all_places(mapping: ShopMapping, dialect: str) -> list[Place]:
    """Return where all tables are that are read."""
    return places_read(mapping, dialect, LOGICAL_NAMES)


async def tables_there(connection: AsyncConnection) -> list[Place]:
    """Return all tables and views that the user can see; of the own schema first."""
    return await connection.run_sync(_tables_there)


async def nearest_tables(
    connection: AsyncConnection, mapping: ShopMapping, name: LogicalName
) -> list[str]:
    """Name the tables that are there and are called much like those that are missing."""
    return await connection.run_sync(_nearest_tables, mapping, name)


def _nearest_tables(connection: Connection, mapping: ShopMapping, name: LogicalName) -> list[str]:
    there = _tables_there(connection)
    known = {str(place): place.table.lower() for place in there}
    near: list[str] = []
    for place in places_read(mapping, connection.dialect.name, (name,)):
        if str(place) not in known:
            near += _nearest(place.table.lower(), known)
    return list(dict.fromkeys(near))


def _nearest(wanted: str, known: Mapping[str, str]) -> list[str]:
    """Return the names whose table is called alike; those that are called just so come first."""
    # Of a prefix that differs, the rest still tells: wp_users, wp7_users.
    ratios = {
        whole: difflib.SequenceMatcher(None, wanted, table).ratio()
        for whole, table in known.items()
    }
    best = sorted((whole for whole in known if ratios[whole] >= 0.6), key=lambda x: -ratios[x])
    return best[:NEAREST]


def _tables_there(connection: Connection) -> list[Place]:
    """Return all tables and views that the user can see; of the own schema first."""
    if connection.dialect.name == "duckdb":
        return _on_duckdb(connection)
    inspector = inspect(connection)
    own = inspector.default_schema_name
    if connection.dialect.name in MYSQL:
        return _on_mysql(connection, own)
    schemas = [] if connection.dialect.name == "sqlite" else inspector.get_schema_names()
    others = [one for one in schemas if one != own and one not in THEIR_OWN]
    return [
        Place(schema, table)
        for schema in (None, *others)
        for table in _tables_and_views(inspector, schema)
    ]


def _on_duckdb(connection: Connection) -> list[Place]:
    """Ask what is read, and not what else DuckDB has in memory."""
    own = connection.dialect.default_schema_name
    named: list[ColumnClause[str]] = [
        column(name) for name in ("table_catalog", "table_schema", "table_name")
    ]
    listed = table("tables", *named, schema="information_schema")
    rows = connection.execute(
        select(listed.c.table_schema, listed.c.table_name)
        .where(listed.c.table_catalog == func.current_database())
        .order_by(listed.c.table_schema != own, listed.c.table_schema, listed.c.table_name)
    )
    return [Place(None if schema == own else schema, name) for schema, name in rows]


def _on_mysql(connection: Connection, own: str | None) -> list[Place]:
    """Ask once for all: of many databases of a server, one may be dropped meanwhile."""
    listed = table(
        "tables", column("table_schema"), column("table_name"), schema="information_schema"
    )
    rows = connection.execute(
        select(listed.c.table_schema, listed.c.table_name)
        .where(listed.c.table_schema.not_in(THEIR_OWN))
        .order_by(listed.c.table_schema != own, listed.c.table_schema, listed.c.table_name)
    )
    return [Place(None if schema == own else schema, name) for schema, name in rows]


def _tables_and_views(inspector: Inspector, schema: str | None) -> list[str]:
    found = inspector.get_table_names(schema) + inspector.get_view_names(schema)
    if _is_on_postgresql(inspector):
        found += _materialised(inspector, schema) + inspector.get_foreign_table_names(schema)
    return found


async def missing_indexes(connection: AsyncConnection, mapping: ShopMapping) -> list[str]:
    """Return CREATE INDEX statements for the named tables' columns that have none."""
    return await connection.run_sync(_missing_indexes, mapping)


def _missing_indexes(connection: Connection, mapping: ShopMapping) -> list[str]:
    if connection.dialect.name == "duckdb":
        return []  # it looks at whole columns, and is only read
    inspector, dialect = inspect(connection), connection.dialect
    there = _with_indexes(inspector, dialect.name, mapping)
    statements = []
    for logical, columns in INDEXED.items():
        mapped = mapping.table(logical)
        if mapped is None or mapped.table is None:
            continue
        place = place_of(mapping, mapped.table, dialect.name)
        if place not in there:
            continue  # a view, or order lines that nobody named in a shop without any
        wanted = [mapped.columns.get(ours, ours) for ours in columns]
        statements += [
            _create_index(place, name, dialect) for name in _bare(inspector, place, wanted)
        ]
    return statements


def _with_indexes(inspector: Inspector, dialect: str, mapping: ShopMapping) -> set[Place]:
    """Return the tables that can have indexes: views and another server's tables have none."""
    schemas = {place.schema for place in all_places(mapping, dialect)}
    known = {None, *(() if dialect == "sqlite" else inspector.get_schema_names())}
    return {
        Place(schema, table)
        for schema in schemas & known
        for table in (*inspector.get_table_names(schema), *_materialised(inspector, schema))
    }


def _materialised(inspector: Inspector, schema: str | None) -> list[str]:
    if not _is_on_postgresql(inspector):
        return []
    return inspector.get_materialized_view_names(schema)


def _is_on_postgresql(inspector: Inspector) -> TypeGuard["PGInspector"]:
    return inspector.dialect.name == "postgresql"


def _bare(inspector: Inspector, place: Place, wanted: Sequence[str]) -> list[str]:
    """Return those of the columns that are there and begin no index."""
    at = (place.table, place.schema)
    first = {index["column_names"][0] for index in inspector.get_indexes(*at)}
    first |= set(inspector.get_pk_constraint(*at)["constrained_columns"][:1])
    there = {column["name"].lower(): column["name"] for column in inspector.get_columns(*at)}
    spelt = [there[name.lower()] for name in wanted if name.lower() in there]
    return [name for name in spelt if name not in first]


def _create_index(place: Place, column: str, dialect: Dialect) -> str:
    quote = dialect.identifier_preparer.quote
    index = quote(f"idx_{place.table}_{column}")
    return f"CREATE INDEX {index} ON {place.quoted(dialect)} ({quote(column)});"
