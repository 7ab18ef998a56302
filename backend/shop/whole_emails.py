"""Customers by a whole e-mail: one statement, by whichever index the shop has for it."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, String, bindparam, func, select, text

from backend.core.customer_id import CustomerId
from backend.database.async_engines import AsyncConnection
from backend.database.compiled import HotRead, parameter
from backend.database.encoding import holds_of
from backend.database.engine import AsyncEngine, snapshot
from backend.database.expressions import in_order, is_among
from backend.shop.asking import asked_again
from backend.shop.customers import Customer, customer_in, customer_of, email_spellings, shown_of
from backend.shop.mapping.mapping import ShopMapping
from backend.shop.shop import Shop, Source
from backend.shop.spelling import folded
from backend.shop.structure import place_of

SHOP = "shop"
ASKED, MOST = "asked_{}", "most"
SPELLINGS = 3  # of an e-mail, at most
LOWERED = text(
    """
    SELECT count(*) FROM pg_catalog.pg_index
    WHERE indrelid = to_regclass(:table) AND indisvalid AND indpred IS NULL
      AND lower(replace(pg_get_indexdef(indexrelid, 1, true), '"', ''))
          IN (lower(format('lower(%s)', :email)), lower(format('lower(%s::text)', :email)))
    """.replace("::", "\\:\\:")
).bindparams(bindparam("table", type_=String()), bindparam("email", type_=String()))


class EmailReads:
    """The statement that finds customers by e-mail; made anew when the shop is another."""

    def __init__(self) -> None:
        self._customers: Source | None = None
        self._read: HotRead | None = None

    async def ready(self, engine: AsyncEngine, shop: Shop) -> HotRead:
        """Return it for the shop as it is remembered, or as it is found."""
        known = shop.remembered_customers
        if self._read is None or known is None or known is not self._customers:
            async with snapshot(engine) as connection:
                self._customers = await shop.customers(connection)
                self._read = HotRead(await with_email(connection, shop))
        return self._read


async def customers_with_email(
    engine: AsyncEngine, shop: Shop, reads: EmailReads, email: str, limit: int
) -> list[Customer]:
    """Find customers with this e-mail: as it is written or in lower case, or in any case.

    In any case, where the database compares e-mails so by itself, or PostgreSQL has an index on
    them in lower case: whatever it is, an index is to answer.

    Parameters
    ----------
    engine
        The shop's database.
    shop
        Where its tables are.
    reads
        The statement, as it was made for this shop.
    email
        A whole e-mail.
    limit
        At most this many.

    Raises
    ------
    InvalidMapping
        When a table or column that the mapping names does not exist.
    DatabaseUnavailable
        When the shop's database is away.
    """
    find = partial(_found, engine, shop, reads, email, limit)
    return await asked_again(shop, find, shop.forget)


async def _found(
    engine: AsyncEngine, shop: Shop, reads: EmailReads, email: str, limit: int
) -> list[Customer]:
    if shop.mapping.merge_guests or not email.isascii():
        async with snapshot(engine) as connection:
            return await _in_steps(connection, shop, email, limit)
    read = await reads.ready(engine, shop)
    rows = await read.rows(engine, _values(email, limit), SHOP)
    return _of_email((customer_of(row) for row in rows if CustomerId.parse(str(row[0]))), email)


async def _in_steps(
    connection: AsyncConnection, shop: Shop, email: str, limit: int
) -> list[Customer]:
    """Find them where several accounts are one, or the database may not hold such a letter."""
    values = _values(email, limit, await holds_of(connection))
    rows = await connection.execute(await with_email(connection, shop), values)
    return _of_email((customer_in(row) for row in rows if CustomerId.parse(str(row.id))), email)


async def with_email(connection: AsyncConnection, shop: Shop) -> Select[Any]:
    """Select who has the e-mail that the parameters give, as the shop's indexes find it."""
    customers, dialect = await shop.customers(connection), connection.dialect.name
    columns = customers.clause.c
    email: ColumnElement[str] = columns.email
    if await _are_lowered(connection, shop.mapping):
        email = func.lower(email)
    asked = [parameter(ASKED.format(place), String()) for place in range(SPELLINGS)]
    return (
        select(*shown_of(customers, dialect))
        .where(is_among(dialect, email, asked))
        .order_by(in_order(dialect, columns.id, customers.kinds["id"]))
        .limit(parameter(MOST, Integer()))
    )


async def _are_lowered(connection: AsyncConnection, mapping: ShopMapping) -> bool:
    """Tell whether the shop's own table has an index on its e-mails in lower case."""
    customers = mapping.table("customers")
    if connection.dialect.name != "postgresql" or customers is None or customers.table is None:
        return False
    table = place_of(mapping, customers.table, "postgresql").quoted(connection.dialect)
    email = customers.columns.get("email", "email")
    return bool(await connection.scalar(LOWERED, {"table": table, "email": email}))


def _values(
    email: str, limit: int, holds: Callable[[str], bool] = lambda _: True
) -> dict[str, str | int | None]:
    asked = sorted(one for one in email_spellings(email) if all(map(holds, one)))
    padded = [*asked, *[None] * SPELLINGS][:SPELLINGS]
    return {MOST: limit, **{ASKED.format(place): one for place, one in enumerate(padded)}}


def _of_email(found: Iterable[Customer], email: str) -> list[Customer]:
    """Return those who have it: a collation may take two texts for one."""
    return [one for one in found if folded(str(one.email)) == folded(email)]
