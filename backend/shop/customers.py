"""One customer of the shop, and search by e-mail or name."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Row,
    Select,
    String,
    case,
    cast,
    false,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from backend.core.customer_id import CustomerId
from backend.database.expressions import has_no_id, identifier, in_order, is_integer_id, same_id
from backend.database.kinds import Kind
from backend.shop.shop import Shop, Source

MAX_RESULTS = 100


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer as the shop knows them."""

    id: CustomerId
    email: str | None
    first_name: str | None
    last_name: str | None


async def get_customer(
    connection: AsyncConnection, shop: Shop, customer_id: CustomerId
) -> Customer | None:
    """Find the customer with this id; a merged guest's id finds the customer it is part of.

    Raises
    ------
    InvalidMapping
        When a table or column that the mapping names does not exist.
    """
    accounts = await shop.accounts(connection)
    found = await _by_id(connection, accounts, customer_id)
    if found is None or not shop.mapping.merge_guests or found.account_id == found.id:
        return None if found is None else _customer(found)
    account_id = CustomerId(str(found.account_id))
    merged = await _by_id(connection, accounts, account_id)
    return None if merged is None else _customer(merged)


async def _by_id(
    connection: AsyncConnection, accounts: Source, customer_id: CustomerId
) -> Row[Any] | None:
    dialect = connection.dialect.name
    statement = select(*_shown(accounts, dialect)).where(_is(accounts, dialect, customer_id))
    return (await connection.execute(statement.limit(1))).one_or_none()


def _is(accounts: Source, dialect: str, customer_id: CustomerId) -> ColumnElement[bool]:
    id_, kind = accounts.clause.c.id, accounts.kinds["id"]
    if kind is Kind.INTEGER:
        number = customer_id.number
        return false() if number is None else is_integer_id(dialect, id_, number)
    text = identifier(dialect, id_, kind)
    return same_id(dialect, text, Kind.TEXT, literal(customer_id.text, String()), Kind.TEXT)


def _shown(source: Source, dialect: str) -> list[ColumnElement[Any]]:
    columns, kind = source.clause.c, source.kinds["id"]
    ids = [columns[name] for name in ("id", "account_id") if name in columns]
    shown = [identifier(dialect, value, kind).label(value.name) for value in ids]
    return [*shown, columns.email, columns.first_name, columns.last_name]


def _customer(row: Row[Any]) -> Customer:
    return Customer(CustomerId(str(row.id)), row.email, row.first_name, row.last_name)


async def search_customers(
    connection: AsyncConnection, shop: Shop, query: str, limit: int
) -> list[Customer]:
    """Find customers whose e-mail, first, last or whole name holds the query, in any case.

    Whole matches come first, then those that begin with the query, then the rest; within each
    the order is that of the ids.

    Parameters
    ----------
    connection
        To the shop's database.
    shop
        Where its tables are.
    query
        Text to find; `%`, `_` and quotes stand for themselves. Blank text finds nobody.
    limit
        At most this many, 1 to 100.

    Raises
    ------
    InvalidMapping
        When a table or column that the mapping names does not exist.
    ValueError
        When `limit` is out of its range.
    """
    if not 1 <= limit <= MAX_RESULTS:
        raise ValueError(f"limit must be from 1 to {MAX_RESULTS}")
    wanted = " ".join(query.split()).casefold()
    if not wanted or "\0" in wanted:
        return []
    customers = await shop.customers(connection)
    await _teach_case_folding(connection)
    rows = await connection.execute(_search(connection, customers, wanted, limit))
    return [_customer(row) for row in rows if CustomerId.parse(str(row.id))]


def _search(connection: AsyncConnection, customers: Source, wanted: str, limit: int) -> Select[Any]:
    clause, dialect = customers.clause, connection.dialect.name
    texts = _searched(clause, dialect)
    rank = case(
        (or_(*(text == wanted for text in texts)), 0),
        (or_(*(text.startswith(wanted, autoescape=True) for text in texts)), 1),
        else_=2,
    )
    return (
        select(*_shown(customers, dialect))
        .where(~has_no_id(dialect, clause.c.id, customers.kinds["id"]))
        .where(or_(*(text.contains(wanted, autoescape=True) for text in texts)))
        .order_by(rank, in_order(dialect, clause.c.id, customers.kinds["id"]))
        .limit(limit)
    )


def _searched(clause: FromClause, dialect: str) -> list[ColumnElement[str]]:
    folded = [
        func.coalesce(_folded(dialect, clause.c[name]), "", type_=String())
        for name in ("email", "first_name", "last_name")
    ]
    return [*folded, func.trim(folded[1] + literal(" ") + folded[2], type_=String())]


def _folded(dialect: str, value: ColumnElement[Any]) -> ColumnElement[str]:
    if dialect == "sqlite":
        return func.casefold(value, type_=String())
    return func.lower(cast(value, String()), type_=String())


async def _teach_case_folding(connection: AsyncConnection) -> None:
    """SQLite's own lower() knows only ASCII."""
    if connection.dialect.name != "sqlite":
        return
    raw = (await connection.get_raw_connection()).driver_connection
    await raw.create_function("casefold", 1, _casefold, deterministic=True)  # type: ignore[union-attr]


def _casefold(text: object) -> str | None:
    return None if text is None else str(text).casefold()
