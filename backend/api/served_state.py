"""Which state is served, known by a bounded age: asking for it with every answer costs as much."""

import asyncio
from collections.abc import Callable

from backend.core.clock import monotonic_seconds
from backend.database.engine import AsyncEngine
from backend.store.served import Served, read_served


class ServedState:
    """What is served, as it was at most so many seconds ago.

    Parameters
    ----------
    engine
        Of our database.
    seconds
        How old what is known may be; 0: it is asked for each time.
    clock
        Tells seconds, never backwards.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        seconds: float,
        clock: Callable[[], float] = monotonic_seconds,
    ) -> None:
        self._clock = clock
        self._engine = engine
        self._seconds = seconds
        self._looking = asyncio.Lock()
        self._forgotten = 0
        self._known: Served | None = None
        self._known_until = 0.0

    @property
    def known(self) -> Served | None:
        """What is served, where that is known without a look."""
        return self._known if self._clock() < self._known_until else None

    def forget(self) -> None:
        """Ask anew, when next asked: something of it was changed here."""
        self._forgotten += 1
        self._known = None

    async def now(self) -> Served:
        """Return what is served; of all who ask at once, one looks.

        Raises
        ------
        DatabaseUnavailable, TablesTooOld
            When the database does not tell.
        """
        if not self._seconds:
            return await read_served(self._engine)
        if (known := self.known) is not None:
            return known
        async with self._looking:
            return self.known or await self._look()

    async def _look(self) -> Served:
        # Its age counts from before the look, and what is forgotten meanwhile is not known after.
        begun, forgotten = self._clock(), self._forgotten
        seen = await read_served(self._engine)
        if forgotten == self._forgotten:
            self._known, self._known_until = seen, begun + self._seconds
        return seen
