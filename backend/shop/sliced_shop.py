"""A shop of which only some customers are seen, with their orders and lines: a range of ids."""

from typing import Any

from sqlalchemy import ColumnElement, Select, select

from backend.core.customer_id import CustomerIdType
from backend.database.async_engines import AsyncConnection
from backend.database.expressions import identifier, same_id
from backend.database.kinds import Kind
from backend.shop.id_ranges import IdRange
from backend.shop.mapping.mapping import ShopMapping
from backend.shop.shop import Shop, Source


class SlicedShop(Shop):
    """The shop's three tables, without the rows of other customers.

    Orders of nobody, or of who is no customer, are seen in one slice each: all slices together see
    what the whole shop does.

    Parameters
    ----------
    mapping
        Of the whole shop.
    ids
        Whose rows are seen.
    """

    def __init__(self, mapping: ShopMapping, ids: IdRange) -> None:
        super().__init__(mapping)
        self._ids = ids

    async def customers(self, connection: AsyncConnection) -> Source:
        """Return the customers of the slice; who has no id is in none."""
        whole = await super().customers(connection)
        dialect, column = connection.dialect.name, whole.clause.c.id
        return _only(whole, self._ids.holds(dialect, column, whole.kinds["id"]), "customers")

    async def orders(self, connection: AsyncConnection) -> Source:
        """Return the orders of the slice."""
        whole = await super().orders(connection)
        dialect, column = connection.dialect.name, whole.clause.c.customer_id
        theirs = self._ids.holds_or_nobody(dialect, column, whole.kinds["customer_id"])
        return _only(whole, theirs, "orders")

    async def line_items(self, connection: AsyncConnection) -> Source | None:
        """Return the lines of the slice's orders; None if the shop has none."""
        whole = await super().line_items(connection)
        if whole is None:
            return None
        orders = await self.orders(connection)
        return _only(whole, _are_of(whole, orders, connection.dialect.name), "line_items")


async def can_be_sliced(connection: AsyncConnection, shop: Shop, kind: CustomerIdType) -> bool:
    """Tell whether customers and orders can be cut by ids of this type.

    A column of integers is cut as such, where orders name their customers so too, and where no row
    without an id makes texts of all.
    """
    customers, orders = await shop.customers(connection), await shop.orders(connection)
    if kind == "text":
        return customers.kinds["id"] is not Kind.INTEGER
    return customers.kinds["id"] is orders.kinds["customer_id"] is Kind.INTEGER


def _only(whole: Source, condition: ColumnElement[bool], name: str) -> Source:
    some: Select[Any] = select(*whole.clause.c).where(condition)
    return Source(some.subquery(name), whole.kinds, whole.shops_columns)


def _are_of(lines: Source, orders: Source, dialect: str) -> ColumnElement[bool]:
    """Return the condition that lines are of some orders; a collation may let in more."""
    line, order = lines.clause.c.order_id, orders.clause.c.id
    kinds = lines.kinds["order_id"], orders.kinds["id"]
    if kinds == (Kind.INTEGER, Kind.INTEGER):
        return line.in_(select(order))
    theirs = same_id(dialect, line, kinds[0], order, kinds[1])
    return select(identifier(dialect, order, kinds[1])).where(theirs).exists()
