"""Connections of a pool, handed on from one read to the next while many wait for one.

Taking one from SQLAlchemy's pool and giving it back costs as much as a short question, and waiting
for one twice that. Here who has asked gives the connection to who waits next, until somebody waits
at the pool itself: then it goes back, so that they have their turn.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.util.concurrency import greenlet_spawn

from backend.core.clock import monotonic_seconds
from backend.database.async_engines import AsyncEngine
from backend.database.pools import at_pool, bounds_of, size_of

# After that the pool looks whether the session is still good.
TURN_SECONDS = 1.0
BEGIN_BY_THEMSELVES = {"mysql", "mariadb", "duckdb"}


@dataclass(frozen=True, slots=True)
class Lent:
    """A connection of the pool, and how long it may be handed on."""

    pooled: PoolProxiedConnection
    until: float

    @property
    def driver(self) -> Any:
        """The driver's own connection."""
        return self.pooled.driver_connection


class HandedOn:
    """Those connections of an engine's pool that hot reads have at this moment.

    Attributes
    ----------
    transaction_seconds
        How long whoever has one may keep it, the wait for it included; None: as long as it takes.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._most = size_of(engine)
        self._at_pool = at_pool(engine)
        bounds = bounds_of(engine)
        self.transaction_seconds = bounds.transaction_seconds or None
        self._wait_seconds = bounds.pool_seconds
        # Sessions of MySQL are in a transaction from their first SELECT until the pool ends it:
        # the next read would be of the state that the first one saw. DuckDB's file stays open.
        self._turn_seconds = TURN_SECONDS if engine.dialect.name not in BEGIN_BY_THEMSELVES else 0
        self._out = 0
        self._waiting: deque[asyncio.Future[Lent | None]] = deque()

    async def take(self) -> Lent:
        """Return a connection: one from the pool, or the next that is handed on.

        Raises
        ------
        sqlalchemy.exc.TimeoutError
            When there is none for longer than the engine's bounds say.
        """
        while self._out >= self._most:
            if (lent := await self._next()) is not None:
                return lent
        self._out += 1
        try:
            pooled = await self._engine.raw_connection()
        except BaseException:
            self._one_less()
            raise
        return Lent(pooled, monotonic_seconds() + self._turn_seconds)

    async def give(self, lent: Lent) -> None:
        """Hand a connection on, or give it back to the pool."""
        has_turn = monotonic_seconds() < lent.until and not self._at_pool.asking
        if not (has_turn and self._tell(lent)):
            await self.give_back(lent)

    async def give_back(self, lent: Lent) -> None:
        """Give a connection back to the pool, which looks at it before it gives it away again."""
        try:
            await greenlet_spawn(lent.pooled.close)
        finally:
            self._one_less()  # only now: who waits at the pool is woken by then, and comes first

    async def drop(self, lent: Lent) -> None:
        """Close a connection that somebody's answer may still come by."""
        self._one_less()
        await asyncio.shield(greenlet_spawn(lent.pooled.invalidate))

    async def _next(self) -> Lent | None:
        """Wait for a connection, or, with None, for a place to take one from the pool."""
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[Lent | None] = loop.create_future()
        self._waiting.append(turn)
        end = loop.call_later(self._wait_seconds, _end, turn)
        try:
            return await turn
        except BaseException:
            await self._pass_on(turn)
            raise
        finally:
            end.cancel()

    async def _pass_on(self, turn: "asyncio.Future[Lent | None]") -> None:
        """Pass what came just as its waiter gave up."""
        if turn.cancelled() or not turn.done() or turn.exception():
            return
        if (lent := turn.result()) is None:
            self._tell(None)
        else:
            await self.give(lent)

    def _one_less(self) -> None:
        self._out -= 1
        self._tell(None)

    def _tell(self, lent: Lent | None) -> bool:
        """Give the longest waiting one their turn; False where nobody waits."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(lent)
                return True
        return False


def _end(turn: "asyncio.Future[Lent | None]") -> None:
    """End a wait that took too long."""
    if not turn.done():
        turn.set_exception(PoolTimeout())
