"""The shop's customers as a table that the numbers of a list are joined with, on PostgreSQL."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    String,
    bindparam,
    cast,
    func,
    select,
    text,
    type_coerce,
)

from backend.core.customer_id import CustomerIdType
from backend.database.async_engines import AsyncConnection
from backend.database.expressions import as_text
from backend.database.kinds import Kind
from backend.shop.shop import Shop, Source
from backend.shop.structure import place_of

NAMES = ("email", "first_name", "last_name")
# Of these kinds a text tells an id apart from all others, and the driver reads them as COPY does.
IDS = {Kind.INTEGER, Kind.TEXT, Kind.UUID}
PLAIN_TEXTS = {25, 1043}  # text and varchar in pg_type
TEXTS = {Kind.TEXT, Kind.OWN, Kind.NOTHING}
UNIQUE = text(
    """
    SELECT a.attname FROM pg_catalog.pg_index AS i
    JOIN pg_catalog.pg_class AS c ON c.oid = i.indrelid
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    WHERE i.indrelid = to_regclass(:table) AND i.indisunique AND i.indisvalid
      AND i.indnkeyatts = 1 AND i.indpred IS NULL AND i.indexprs IS NULL
      AND (c.relkind = 'p' OR NOT c.relhassubclass)
    """
).bindparams(bindparam("table", type_=String()))


async def joinable_people(
    connection: AsyncConnection, shop: Shop, ids: CustomerIdType
) -> FromClause | None:
    """Return who is in the shop, by `customer_id`, once each.

    None where that cannot be had from one table: guests are merged, ids may be there twice, or
    what is called a name is no text.

    Parameters
    ----------
    connection
        To the shop's database, which is a PostgreSQL.
    shop
        Where its tables are.
    ids
        The type of the ids to join with; a text is to be joined in the collation C.

    Raises
    ------
    InvalidMapping
        When a table or column that the mapping names does not exist.
    """
    accounts = await shop.accounts(connection)
    if shop.mapping.merge_guests or not _are_plain(accounts):
        return None
    if not await _are_unique(connection, shop):
        return None
    columns, kind = accounts.clause.c, accounts.kinds["id"]
    named = [columns[name] for name in NAMES]
    # None of them, to be told of their types, and whether the table is as it was remembered.
    types = (await connection.execute(select(*named).limit(0))).cursor.description
    people = select(
        _joined_by(columns.id, kind, ids).label("customer_id"),
        *(_as_it_is(one, told[1]).label(one.name) for one, told in zip(named, types, strict=True)),
    )
    return people.subquery("people")


def _are_plain(accounts: Source) -> bool:
    kinds = accounts.kinds
    return kinds["id"] in IDS and TEXTS.issuperset(kinds[name] for name in NAMES)


async def _are_unique(connection: AsyncConnection, shop: Shop) -> bool:
    customers = shop.mapping.table("customers")
    if customers is None or customers.table is None:
        return False
    place = place_of(shop.mapping, customers.table, "postgresql").quoted(connection.dialect)
    unique = await connection.scalars(UNIQUE, {"table": place})
    return customers.columns.get("id", "id").lower() in {name.lower() for name in unique}


def _joined_by(value: ColumnElement[Any], kind: Kind, ids: CustomerIdType) -> ColumnElement[Any]:
    if kind is Kind.INTEGER and ids == "integer":
        return type_coerce(value, BigInteger())
    return cast(as_text("postgresql", value, kind), String()).collate("C")


def _as_it_is(value: ColumnElement[Any], type_number: object) -> ColumnElement[str]:
    """Return the text that the driver would read: a cast takes the blanks from a CHAR's end."""
    if type_number in PLAIN_TEXTS:
        return type_coerce(value, String())
    return func.concat(value, type_=String())
