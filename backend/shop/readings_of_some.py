"""What scores some customers by their orders of this moment."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from backend.core.customer_id import CustomerId
from backend.database.async_engines import AsyncEngine
from backend.scoring.readings import Readings
from backend.scoring.scoring_model import ScoringModel
from backend.shop.orders_of_some import OrderReads, read_baskets_of, read_orders_of
from backend.shop.shop import Shop


async def read_readings_of(
    engine: AsyncEngine,
    shop: Shop,
    customers: Sequence[tuple[CustomerId, str | None]],
    as_of: datetime,
    *,
    model: ScoringModel,
    reads: OrderReads,
) -> Readings:
    """Read what a model looks at, of some customers.

    Parameters
    ----------
    engine
        The shop's database.
    shop
        Where its tables are.
    customers
        Each of them with the segment that they were last told to be in; None: in none.
    as_of
        Aware; only orders created before it count.
    model
        Says whether order lines are needed.
    reads
        Remembers the statement.

    Raises
    ------
    InvalidMapping
        When a table or column that the mapping names does not exist, or cannot be read.
    DatabaseUnavailable
        When the shop's database is away.
    """
    customer_ids, baskets = [one for one, _ in customers], None
    orders = (await read_orders_of(engine, shop, customer_ids, reads)).before(as_of)
    if model.looks_into_baskets:
        baskets = await read_baskets_of(engine, shop, orders, len(customer_ids))
    return Readings(
        customer_ids=np.array([one.text for one in customer_ids], dtype=object),
        customer_index=orders.customer_index,
        created_at=orders.created_at,
        amount_micros=orders.amount_micros,
        baskets=baskets,
        was=np.array([segment for _, segment in customers], dtype=object),
    )
