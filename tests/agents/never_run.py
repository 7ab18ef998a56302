"""A shop with tables of ours that no run has filled."""

from backend.database.engine import opened
from backend.store.migrate import migrate
from tests.shops import fill, invented


async def filled(url: str) -> None:
    """Make both."""
    await fill(url, invented(5))
    async with opened(url) as engine:
        await migrate(engine)
