"""Taking the search copy away where SEARCH_INDEX does not ask for it any more."""

from collections.abc import Sequence

from sqlalchemy import delete, func, select

from backend.database.engine import AsyncConnection, AsyncEngine, transaction
from backend.store.publish import begin_at_once
from backend.store.search_copy import TEXTS
from backend.store.search_indexes import INDEXES, kinds_possible
from backend.store.tables import search_copies, search_digests, search_texts

TEXTS_PER_LOOK, TEXTS_PER_DELETION = 20_000, 2_000


async def empty_search_copy(engine: AsyncEngine) -> None:
    """Take away the copy and its index; does nothing where there is none."""
    async with transaction(engine) as connection:
        if await _is_empty(connection):
            return
    async with transaction(engine) as connection:
        await begin_at_once(connection)
        await connection.execute(delete(search_copies))
        await connection.execute(delete(search_digests))
        for kind in kinds_possible(connection.dialect.name):
            await INDEXES[kind].drop(connection)
    while await _emptied(engine):
        pass


async def _is_empty(connection: AsyncConnection) -> bool:
    copies = select(func.count()).select_from(search_copies)
    return not await connection.scalar(copies) and not await connection.scalar(
        select(TEXTS.id).limit(1)
    )


async def _emptied(engine: AsyncEngine) -> bool:
    """Delete some of what is left; return whether there was any."""
    async with transaction(engine) as connection:
        await begin_at_once(connection)
        some = select(TEXTS.id).order_by(TEXTS.id).limit(TEXTS_PER_LOOK)
        ids = (await connection.scalars(some)).all()
        await delete_texts(connection, ids)
        return bool(ids)


async def delete_texts(connection: AsyncConnection, text_ids: Sequence[int]) -> None:
    """Delete texts of the copy, and what an index of ours has of them."""
    for start in range(0, len(text_ids), TEXTS_PER_DELETION):
        some = TEXTS.id.in_(text_ids[start : start + TEXTS_PER_DELETION])
        await connection.execute(delete(search_texts).where(some))
