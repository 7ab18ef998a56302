"""PostgreSQL's index of the pieces of e-mails and names, on the shop's own table of customers."""

from collections.abc import Sequence

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Dialect,
    Integer,
    String,
    bindparam,
    column,
    inspect,
    table,
    text,
)

from backend.database.async_engines import AsyncConnection
from backend.database.id_blocks import bounds_in
from backend.database.indexed_pieces import STORED, bounds_now, is_same
from backend.shop.mapping.mapping import ShopMapping
from backend.shop.name_pieces import pieces_of
from backend.shop.structure import Place, place_of

SOUGHT = ("email", "first_name", "last_name")
EXPRESSIONS = text(
    """
    SELECT pg_get_expr(indexprs, indrelid) FROM pg_catalog.pg_index
    WHERE indrelid = to_regclass(:table) AND indisvalid AND indpred IS NULL
      AND indexprs IS NOT NULL
    """
).bindparams(bindparam("table", type_=String()))


async def bounds_indexed(
    connection: AsyncConnection, mapping: ShopMapping, sought: Sequence[str]
) -> list[int] | None:
    """Return the bounds of the blocks in which an index knows the pieces; None where none does.

    Parameters
    ----------
    connection, mapping
        Of the shop.
    sought
        The columns that a search looks at, as the shop spells them.
    """
    where = {"table": customers_place(mapping).quoted(connection.dialect)}
    for one in await connection.scalars(EXPRESSIONS, where):
        bounds = bounds_in(one)
        if is_same(one, _pieces(mapping, sought, bounds, connection.dialect)):
            return bounds
    return None


async def pieces_made(
    connection: AsyncConnection, mapping: ShopMapping, sought: Sequence[str]
) -> str:
    """Return the statement that would make such an index, its blocks by the ids as they are now."""
    dialect, place = connection.dialect, customers_place(mapping)
    name = dialect.identifier_preparer.quote(f"idx_{place.table}_pieces")
    made = _pieces(mapping, sought, await _bounds(connection, mapping), dialect)
    return (
        f"CREATE INDEX CONCURRENTLY {name} ON {place.quoted(dialect)}"
        f" USING gin (({made.replace('%%', '%')})) {STORED}"
    )


async def _bounds(connection: AsyncConnection, mapping: ShopMapping) -> list[int]:
    """Return where blocks are to begin; of ids that are no integers there is one block."""
    if not await connection.run_sync(_has_integers, mapping):
        return []
    place, id_ = customers_place(mapping), column(_id_of(mapping), BigInteger())
    customers = table(place.table, id_, schema=place.schema)
    return await bounds_now(connection, customers, id_, place.quoted(connection.dialect))


def _has_integers(connection: Connection, mapping: ShopMapping) -> bool:
    place, wanted = customers_place(mapping), _id_of(mapping).lower()
    columns = inspect(connection).get_columns(place.table, place.schema)
    return any(isinstance(one["type"], Integer) for one in columns if one["name"].lower() == wanted)


def _pieces(
    mapping: ShopMapping, sought: Sequence[str], bounds: Sequence[int], dialect: Dialect
) -> str:
    customers = mapping.table("customers")
    ours = {customers.columns.get(one, one).lower(): one for one in SOUGHT} if customers else {}
    columns: dict[str, ColumnElement[str]] = {
        ours[name.lower()]: column(name, String()) for name in sought
    }
    id_: ColumnElement[int] = column(_id_of(mapping), BigInteger())
    return str(pieces_of(columns, id_, bounds).compile(dialect=dialect))


def _id_of(mapping: ShopMapping) -> str:
    customers = mapping.table("customers")
    return customers.columns.get("id", "id") if customers else "id"


def customers_place(mapping: ShopMapping) -> Place:
    """Return where the shop's customers are."""
    customers = mapping.table("customers")
    return place_of(mapping, str(customers and customers.table), "postgresql")
