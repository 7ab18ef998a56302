"""Whose some orders are, by the orders' ids."""

from collections.abc import Sequence

from sqlalchemy import select

from backend.core.customer_id import CustomerId
from backend.database.async_engines import AsyncConnection
from backend.database.expressions import identifier
from backend.shop.customers import is_of
from backend.shop.refusals import refusals_named
from backend.shop.shop import Shop


async def customers_of_orders(
    connection: AsyncConnection, shop: Shop, order_ids: Sequence[CustomerId]
) -> dict[CustomerId, CustomerId | None]:
    """Return who placed these orders; None who did without being a customer.

    Parameters
    ----------
    connection
        To the shop's database.
    shop
        Where its tables are.
    order_ids
        An order's id is its text too. Those that the shop does not have are left out.

    Raises
    ------
    InvalidMapping
        When a table or column that the mapping names does not exist, or cannot be read.
    """
    orders = await shop.orders(connection)
    if (asked := await is_of(connection, orders, order_ids, "id")) is None:
        return {}
    columns, kinds, dialect = orders.clause.c, orders.kinds, connection.dialect.name
    names = ("id", "customer_id")
    told = [identifier(dialect, columns[name], kinds[name]).label(name) for name in names]
    with refusals_named("orders"):
        rows = await connection.execute(select(*told).where(asked))
    placed = {str(row.id): row.customer_id for row in rows}
    known = {one: placed[one.text] for one in order_ids if one.text in placed}
    return {one: None if by is None else CustomerId.parse(str(by)) for one, by in known.items()}
