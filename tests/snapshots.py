"""Read a shop as a run does, each through a snapshot of its own.

Whatever is read of a shop is also read of its customers by name, as scores between runs do: both
must say the same, of every shop that any test invents.
"""

from datetime import datetime

import numpy as np

from backend.behaviour.baskets import Baskets
from backend.core.customer_id import CustomerId, as_text
from backend.database.engine import AsyncEngine, snapshot
from backend.shop import basket_lines, orders
from backend.shop.orders import Progress, ShopColumns
from backend.shop.orders_of_some import OrderReads, OrdersOfSome, read_baskets_of, read_orders_of
from backend.shop.shop import Shop

MOST_BY_NAME = 1000  # of larger shops the first: what differs between rows differs among these


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
        columns = await orders.read_orders(connection, shop, as_of, progress, now=now)
    await _is_the_same_by_name(engine, shop, columns, as_of)
    return columns


async def _is_the_same_by_name(
    engine: AsyncEngine, shop: Shop, columns: ShopColumns, as_of: datetime
) -> None:
    ids = [CustomerId(one) for one in as_text(columns.customer_ids).tolist()[:MOST_BY_NAME]]
    if not ids:
        return
    found = (await read_orders_of(engine, shop, ids, OrderReads())).before(as_of)
    mine = columns.customer_index < MOST_BY_NAME
    wanted = (columns.customer_index, columns.created_at.astype(np.int64), columns.amount_micros)
    told = (found.customer_index, found.created_at.astype(np.int64), found.amount_micros)
    assert _sorted(*told) == _sorted(*(column[mine] for column in wanted))


def _sorted(*columns: np.ndarray) -> list[tuple[int, ...]]:
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


async def read_baskets(engine: AsyncEngine, shop: Shop, columns: ShopColumns) -> Baskets | None:
    """Read the lines of orders that `read_shop` returned."""
    async with snapshot(engine) as connection:
        baskets = await basket_lines.read_baskets(connection, shop, columns)
    counted = OrdersOfSome(
        order_ids=[None if one is None else str(one) for one in columns.order_ids.to_pylist()],
        customer_index=columns.customer_index,
        created_at=columns.created_at,
        amount_micros=columns.amount_micros,
    )
    by_name = await read_baskets_of(engine, shop, counted, len(columns.customer_ids))
    assert (by_name is None) == (baskets is None)
    for measure in ("orders", "units", "units_squared") if baskets is not None else ():
        # Added up in another order, floats come to another last digit.
        np.testing.assert_allclose(
            getattr(by_name, measure), getattr(baskets, measure), rtol=1e-14, err_msg=measure
        )
    return baskets
