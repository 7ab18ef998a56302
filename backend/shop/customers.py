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
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from backend.database.expressions import as_text
from backend.database.kinds import Kind
from backend.shop.shop import Shop, Source

MAX_RESULTS = 100
LARGEST_INTEGER_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer as the shop knows them; `id` has the shop's type."""

    id: int | str
    email: str | None
    first_name: str | None
    last_name: str | None


async def get_customer(
    connection: AsyncConnection, shop: Shop, customer_id: str
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
    merged = await _by_id(connection, accounts, str(found.account_id))
    return None if merged is None else _customer(merged)


async def _by_id(
    connection: AsyncConnection, accounts: Source, customer_id: str
) -> Row[Any] | None:
    columns, kind = accounts.clause.c, accounts.kinds["id"]
    wanted = _as_id(customer_id, kind)
    if wanted is None:
        return None
    shown = columns.id if kind is Kind.INTEGER else _text_id(connection, columns.id, kind)
    statement = select(*_shown(accounts, shown)).where(shown == wanted).limit(10)
    rows = (await connection.execute(statement)).all()
    # Some databases compare text without regard to case or trailing blanks; ids are exact.
    return next((row for row in rows if row.id == wanted), None)


def _as_id(customer_id: str, kind: Kind) -> int | str | None:
    if kind is not Kind.INTEGER:
        return None if "\0" in customer_id else customer_id
    try:
        number = int(customer_id)
    except ValueError:
        return None
    # Only the id's own spelling is the id: not +7, 007 or an Arabic-Indic digit.
    fits = str(number) == customer_id and abs(number) <= LARGEST_INTEGER_ID
    return number if fits else None


def _text_id(connection: AsyncConnection, value: ColumnElement[Any], kind: Kind) -> Any:
    return as_text(connection.dialect.name, value, kind)


def _shown(source: Source, id_: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    columns = source.clause.c
    account = [columns.account_id] if "account_id" in columns else []
    return [id_.label("id"), columns.email, columns.first_name, columns.last_name, *account]


def _customer(row: Row[Any]) -> Customer:
    return Customer(row.id, row.email, row.first_name, row.last_name)


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
    return [_customer(row) for row in rows]


def _search(connection: AsyncConnection, customers: Source, wanted: str, limit: int) -> Select[Any]:
    clause, kind = customers.clause, customers.kinds["id"]
    id_ = clause.c.id if kind is Kind.INTEGER else _text_id(connection, clause.c.id, kind)
    texts = _searched(clause, connection.dialect.name)
    rank = case(
        (or_(*(text == wanted for text in texts)), 0),
        (or_(*(text.startswith(wanted, autoescape=True) for text in texts)), 1),
        else_=2,
    )
    return (
        select(*_shown(customers, id_))
        .where(or_(*(text.contains(wanted, autoescape=True) for text in texts)))
        .order_by(rank, clause.c.id)
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
