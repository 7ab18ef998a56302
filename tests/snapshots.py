"""Read a shop as a run does, each through a snapshot of its own."""

from datetime import datetime

from backend.behaviour.baskets import Baskets
from backend.database.engine import AsyncEngine, snapshot
from backend.shop import basket_lines, orders
from backend.shop.orders import Progress, ShopColumns
from backend.shop.shop import Shop


async def read_shop(
    engine: AsyncEngine,
    shop: Shop,
    as_of: datetime,
    progress: Progress = lambda _orders: None,
    *,
    now: datetime | None = None,
) -> ShopColumns:
    """Read customers and counted orders."""
    async with snapshot(engine) as connection:
        return await orders.read_orders(connection, shop, as_of, progress, now=now)


async def read_baskets(engine: AsyncEngine, shop: Shop, columns: ShopColumns) -> Baskets | None:
    """Read the lines of orders that `read_shop` returned."""
    async with snapshot(engine) as connection:
        return await basket_lines.read_baskets(connection, shop, columns)
