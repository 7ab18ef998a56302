"""The shop's own tables as its queries select from them: in one collation, with stand-ins.

Where a query gives a table another name (`{users} AS u`), it reads the table through a SELECT of
its columns. On MySQL all text has one character set and collation there: tables of one shop differ
in both, a CAST to CHAR has the connection's, and what differs can be neither compared nor put into
one UNION (https://dev.mysql.com/doc/refman/8.4/en/charset-collation-coercibility.html). A binary
collation wins over every other, so that a comparison with a literal or a CAST is decided too. And a
table or a column that not every shop has is there all the same: without rows, or NULL.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    DateTime,
    Dialect,
    FromClause,
    Integer,
    Select,
    String,
    TableClause,
    cast,
    column,
    null,
    select,
    table,
    text,
)
from sqlalchemy.sql import quoted_name
from sqlalchemy.types import TypeEngine

from backend.database.expressions import MYSQL, spelt
from backend.shop.mapping.mapping import MONEY, ShopMapping, StandIn
from backend.shop.mapping.safety import filled
from backend.shop.mapping.sent import query_to_send

STAND_INS: Mapping[StandIn, TypeEngine[Any]] = {
    "text": String(),
    "number": MONEY,
    "integer": Integer(),
    "time": DateTime(),
    "boolean": Boolean(),
}


def table_clause(mapping: ShopMapping, name: str, dialect: Dialect) -> TableClause:
    """Return the shop's table of a name that the mapping uses."""
    schema, bare = mapping.place(name)
    if dialect.name == "sqlite":
        schema = None
    return table(
        quoted_name(bare, quote=True),
        schema=quoted_name(schema, quote=True) if schema else None,
    )


def query_clause(mapping: ShopMapping, place: str, query: str, dialect: Dialect) -> FromClause:
    """Return a query of the mapping's as `(query) AS q`.

    Raises
    ------
    InvalidMapping
        When it does anything but read; names the place.
    """

    def own_table(name: str, renamed: bool) -> str:
        found = _selected(mapping, name, dialect) if renamed else None
        if found is None:
            return dialect.identifier_preparer.format_table(table_clause(mapping, name, dialect))
        return f"({found.compile(dialect=dialect, compile_kwargs={'literal_binds': True})})"

    sent = query_to_send(mapping, place, query, dialect.name)
    return text(escaped(filled(sent, own_table))).columns().subquery("q")


def escaped(sql: str) -> str:
    """Escape colons, which would name parameters."""
    return sql.replace(":", "\\:")


def _selected(mapping: ShopMapping, name: str, dialect: Dialect) -> Select[Any] | None:
    """Return what is selected in the place of a table; None for the table as it is."""
    if mapping.found is None:
        return None
    columns, stand_ins = mapping.found.columns.get(name), mapping.stand_ins(name)
    if columns is None:
        return _no_rows(stand_ins) if name in mapping.absent else None
    there = {one.lower() for one in columns}
    missing = [_stand_in(one, word) for one, word in stand_ins.items() if one not in there]
    if dialect.name in MYSQL:
        found = [_in_one_collation(one, is_text, dialect) for one, is_text in columns.items()]
        return select(*found, *missing).select_from(table_clause(mapping, name, dialect))
    own = table_clause(mapping, name, dialect).alias("own")
    return select(text("own.*"), *missing).select_from(own) if missing else None


def _in_one_collation(name: str, is_text: bool, dialect: Dialect) -> ColumnElement[Any]:
    own: ColumnElement[Any] = column(quoted_name(name, quote=True))
    return spelt(dialect.name, own).label(quoted_name(name, quote=True)) if is_text else own


def _stand_in(name: str, word: StandIn) -> ColumnElement[Any]:
    return cast(null(), STAND_INS[word]).label(quoted_name(name, quote=True))


def _no_rows(stand_ins: Mapping[str, StandIn]) -> Select[Any]:
    return select(*(_stand_in(name, word) for name, word in stand_ins.items())).limit(0)
