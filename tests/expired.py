"""A lease that nobody has renewed: by the database's clock, which no test can set."""

from datetime import timedelta

from sqlalchemy import update

from backend.database.database_clock import database_now
from backend.database.engine import AsyncEngine, transaction
from backend.store.tables import runs


async def let_the_lease_expire(engine: AsyncEngine) -> None:
    """Be so late that the active run's lease, or its time in the queue, is over."""
    late = update(runs).where(runs.c.active == 1)
    async with transaction(engine) as connection:
        await connection.execute(late.values(lease_until=database_now(-timedelta(seconds=1))))
