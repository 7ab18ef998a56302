"""What amounts of the served run are in."""

from functools import partial

from backend import store
from backend.api.state import ApiState
from backend.database.engine import snapshot
from backend.database.failures import OURS


async def currency_of(state: ApiState) -> str | None:
    """Return what the served run's amounts are in; None where that is not known."""
    return await state.kept.of(await state.served.now(), "currency", partial(_read, state))


async def _read(state: ApiState) -> str | None:
    async with snapshot(state.engine, OURS) as connection:
        return (await store.read_segments(connection)).currency
