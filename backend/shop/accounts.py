"""Accounts of one customer: where guests are merged, all that share an e-mail."""

from typing import Any

from sqlalchemy import Row, select

from backend.core.customer_id import CustomerId
from backend.database.async_engines import AsyncConnection
from backend.database.expressions import has_no_id, identifier, same_id
from backend.shop.customers import get_customer
from backend.shop.shop import Shop, Source


async def read_merged(connection: AsyncConnection, shop: Shop) -> dict[str, str]:
    """Return the customer that each other account is part of, by id as text.

    Raises
    ------
    InvalidMapping
        When a table or column that the mapping names does not exist.
    """
    if not shop.mapping.merge_guests:
        return {}
    accounts = await shop.accounts(connection)
    dialect, columns, kind = connection.dialect.name, accounts.clause.c, accounts.kinds["id"]
    statement = select(*_ids(accounts, dialect)).where(
        ~same_id(dialect, columns.id, kind, columns.account_id, kind),
        ~has_no_id(dialect, columns.id, kind),
    )
    rows = (await connection.execute(statement)).all()
    return {str(row.id): str(row.account_id) for row in rows if _are_ids(row)}


async def accounts_of(
    connection: AsyncConnection, shop: Shop, customer_id: CustomerId
) -> list[CustomerId]:
    """Return the ids of all accounts of the customer that has this one; none for nobody's.

    Raises
    ------
    InvalidMapping
        When a table or column that the mapping names does not exist.
    """
    customer = await get_customer(connection, shop, customer_id)
    if customer is None:
        return []
    merged = await read_merged(connection, shop)
    others = [one for one, account in merged.items() if account == customer.id.text]
    return [customer.id, *map(CustomerId, others)]


def _ids(source: Source, dialect: str) -> list[Any]:
    columns, kind = source.clause.c, source.kinds["id"]
    return [identifier(dialect, columns[name], kind).label(name) for name in ("id", "account_id")]


def _are_ids(row: Row[Any]) -> bool:
    return all(CustomerId.parse(str(one)) for one in row)
