"""Trigram indexes of PostgreSQL on the shop's own table of customers, and what would make one."""

from collections.abc import Sequence

from sqlalchemy import (
    ColumnElement,
    Connection,
    Dialect,
    Integer,
    String,
    bindparam,
    cast,
    column,
    inspect,
    literal_column,
    or_,
    text,
)

from backend.database.async_engines import AsyncConnection
from backend.database.encoding import encoding_of
from backend.shop.mapping.mapping import ShopMapping
from backend.shop.piece_indexes import SOUGHT, bounds_indexed, customers_place, pieces_made
from backend.shop.spelling import RARE_IN_EMAIL, RARE_IN_NAME

INDEXED = text(
    """
    SELECT DISTINCT attname FROM pg_catalog.pg_index AS i
    CROSS JOIN LATERAL unnest(i.indkey::int2[], i.indclass::oid[]) AS part (attnum, opclass)
    JOIN pg_catalog.pg_opclass AS o ON o.oid = part.opclass
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = part.attnum
    WHERE i.indrelid = to_regclass(:table) AND i.indisvalid AND i.indpred IS NULL
      AND o.opcname IN ('gin_trgm_ops', 'gist_trgm_ops')
    """.replace("::", "\\:\\:")
).bindparams(bindparam("table", type_=String()))

UNQUOTED = str.maketrans("", "", '()"')
RARE_INDEXED = text(
    """
    SELECT translate(replace(replace(pg_get_expr(indpred, indrelid), '::text', ''),
                             '::integer', ''), '()"', '')
    FROM pg_catalog.pg_index
    WHERE indrelid = to_regclass(:table) AND indisvalid AND indpred IS NOT NULL
    """.replace("::", "\\:\\:")
).bindparams(bindparam("table", type_=String()))


async def are_all_indexed(connection: AsyncConnection, mapping: ShopMapping) -> bool:
    """Tell whether every column that a search looks at has one."""
    sought = await connection.run_sync(_sought, mapping)
    return bool(sought) and not await _bare(connection, mapping, sought)


async def are_rare_indexed(connection: AsyncConnection, mapping: ShopMapping) -> bool:
    """Tell whether an index knows who has a rare sign in one of those columns."""
    sought = await connection.run_sync(_sought, mapping)
    there = await connection.scalars(
        RARE_INDEXED, {"table": customers_place(mapping).quoted(connection.dialect)}
    )
    # As PostgreSQL writes it back, but for what it adds.
    wanted = _rare(sought, connection.dialect).replace("CAST", "").replace(" AS INTEGER", "")
    return wanted.translate(UNQUOTED) in set(there)


async def blocks_indexed(connection: AsyncConnection, mapping: ShopMapping) -> list[int] | None:
    """Return the bounds of the blocks in which an index knows the pieces; None where none does."""
    return await bounds_indexed(connection, mapping, await connection.run_sync(_sought, mapping))


def has_rare_sign(columns: Sequence[ColumnElement[str]]) -> ColumnElement[bool]:
    """Return whether one of the columns has a rare sign; e-mails, where there are any, come first.

    Said as a number, because planners take a class of signs for a quarter of all texts.
    """
    found = or_(*(map(_has_one, columns, [RARE_IN_EMAIL, RARE_IN_NAME, RARE_IN_NAME])))
    return cast(found, Integer()) == literal_column("1")


def _has_one(column: ColumnElement[str], signs: str) -> ColumnElement[bool]:
    written: ColumnElement[str] = literal_column(f"'{signs}'")
    return column.regexp_match(written)


async def trigram_statement(connection: AsyncConnection, mapping: ShopMapping) -> str | None:
    """Return the statements that would make what is missing; None where nothing is, or can be."""
    sought = await connection.run_sync(_sought, mapping)
    if not sought:
        return None
    made = await _trigrams_made(connection, mapping, sought)
    if not await are_rare_indexed(connection, mapping):
        made.append(_rare_made(connection.dialect, mapping, sought))
    if await bounds_indexed(connection, mapping, sought) is None and await _is_utf8(connection):
        made.append(await pieces_made(connection, mapping, sought))
    return " ".join(f"{one};" for one in made) or None


async def _trigrams_made(
    connection: AsyncConnection, mapping: ShopMapping, sought: Sequence[str]
) -> list[str]:
    quote, place = connection.dialect.identifier_preparer.quote, customers_place(mapping)
    if not (bare := await _bare(connection, mapping, sought)):
        return []
    columns = ", ".join(f"{quote(name)} gin_trgm_ops" for name in bare)
    return [
        "CREATE EXTENSION IF NOT EXISTS pg_trgm",
        f"CREATE INDEX CONCURRENTLY {quote(f'idx_{place.table}_trigrams')}"
        f" ON {place.quoted(connection.dialect)} USING gin ({columns})",
    ]


def _rare_made(dialect: Dialect, mapping: ShopMapping, sought: Sequence[str]) -> str:
    quote, place = dialect.identifier_preparer.quote, customers_place(mapping)
    customers = mapping.table("customers")
    id_ = quote(customers.columns.get("id", "id") if customers else "id")
    return (
        f"CREATE INDEX CONCURRENTLY {quote(f'idx_{place.table}_rare_signs')}"
        f" ON {place.quoted(dialect)} ({id_}) WHERE {_rare(sought, dialect)}"
    )


async def _is_utf8(connection: AsyncConnection) -> bool:
    """Tell whether texts can be cut after a sign, and have the letters of Turkish."""
    return await encoding_of(connection) == "UTF8"


def _rare(columns: Sequence[str], dialect: Dialect) -> str:
    return str(has_rare_sign([column(one) for one in columns]).compile(dialect=dialect))


async def _bare(
    connection: AsyncConnection, mapping: ShopMapping, sought: Sequence[str]
) -> list[str]:
    """Return those of the columns that have none."""
    place = customers_place(mapping).quoted(connection.dialect)
    indexed = set(await connection.scalars(INDEXED, {"table": place}))
    return [name for name in sought if name not in indexed]


def _sought(connection: Connection, mapping: ShopMapping) -> list[str]:
    """Return the columns that a search looks at, as the shop spells them.

    None where no such index could be used: elsewhere than on a table of PostgreSQL's, on columns
    that are no plain text, or where a customer is several rows.
    """
    customers = mapping.table("customers")
    if connection.dialect.name != "postgresql" or mapping.merge_guests:
        return []
    if customers is None or customers.table is None:
        return []
    place, inspector = customers_place(mapping), inspect(connection)
    if place.table not in inspector.get_table_names(place.schema):
        return []
    types = {
        one["name"].lower(): (one["name"], one["type"])
        for one in inspector.get_columns(place.table, place.schema)
    }
    wanted = [customers.columns.get(ours, ours).lower() for ours in SOUGHT]
    found = [types[name] for name in wanted if name in types]
    is_plain = all(isinstance(kind, String) for _, kind in found)
    return [name for name, _ in found] if is_plain else []
