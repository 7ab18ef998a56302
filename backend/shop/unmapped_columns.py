"""The shop's orders with all columns that it has, for what no column of ours tells."""

from sqlalchemy import ColumnElement, FromClause, text

from backend.database.async_engines import AsyncConnection
from backend.shop.mapping.sent import filter_to_send
from backend.shop.shop import Shop, base_clause
from backend.shop.table_clauses import escaped


def orders_of_shop(
    connection: AsyncConnection, shop: Shop
) -> tuple[FromClause, list[ColumnElement[bool]]]:
    """Return where the orders are, and the conditions that those that are read meet.

    Raises
    ------
    InvalidMapping
        When a table or column that the mapping names does not exist.
    """
    base = base_clause(shop.mapping, "orders", connection.dialect)
    if not (condition := shop.mapping.orders.filter):
        return base, []
    sent = filter_to_send(shop.mapping, "orders.filter", condition, connection.dialect.name)
    return base, [text(f"({escaped(sent)})")]  # type: ignore[list-item]
