"""Whether the shop can be read as it is mapped; cheap enough to ask often."""

from sqlalchemy import select

from backend.database.engine import AsyncConnection, AsyncEngine
from backend.shop.asking import asked
from backend.shop.mapping.mapping import LOGICAL_NAMES
from backend.shop.shop import Shop


async def prove_readable(engine: AsyncEngine, shop: Shop) -> None:
    """Ask for no row of each table: a missing table, column or right refuses that too.

    Parameters
    ----------
    engine
        The shop's database.
    shop
        Where its tables are.

    Raises
    ------
    DatabaseUnavailable, DatabaseRefuses
        When the database does not answer, keeps a table locked, or a right is missing.
    InvalidMapping
        When a table or column is not there.
    """

    async def no_row_of_each(connection: AsyncConnection) -> None:
        for name in LOGICAL_NAMES:
            if (source := await shop.logical(connection, name)) is not None:
                await connection.execute(select(source.clause).limit(0))

    await asked(engine, shop, no_row_of_each)
