"""Shops that agents ask about, each made once for all tests that want it."""

from sqlalchemy import text

from backend.database.engine import opened, transaction
from backend.store.migrate import migrate
from tests.performed import clustered_shop, perform_once
from tests.shops import AS_OF, fill, invented

LEFT = 3


async def never_run(url: str) -> None:
    """Make a shop with tables of ours that no run has filled."""
    await fill(url, invented(5))
    async with opened(url) as engine:
        await migrate(engine)


async def run_twice(url: str) -> None:
    """Make a shop that `LEFT` customers have left between its two runs."""
    await clustered_shop(url)
    async with opened(url) as engine, transaction(engine) as connection:
        await connection.execute(text(f"DELETE FROM customers WHERE id <= {LEFT}"))
    await perform_once(url, as_of=AS_OF)
