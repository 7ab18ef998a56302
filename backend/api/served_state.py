"""Which state is served, known by a bounded age: asking for it with every answer costs as much."""

from collections.abc import Callable

from backend.core.clock import monotonic_seconds
from backend.core.one_for_all import OneForAll
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
        self._look = OneForAll[Served]()
        self._known: Served | None = None
        self._known_until = 0.0

    @property
    def known(self) -> Served | None:
        """What is served, where that is known without a look."""
        return self._known if self._clock() < self._known_until else None

    def forget(self) -> None:
        """Ask anew, when next asked: something of it was changed here."""
        self._known = None
        self._look.begin_anew()  # what is under way may have seen nothing of it

    async def now(self) -> Served:
        """Return what is served; of all who ask at once one looks, and all have what it comes to.

        Raises
        ------
        DatabaseUnavailable, TablesTooOld
            When the database does not tell.
        """
        if not self._seconds:
            return await read_served(self._engine)
        if (known := self.known) is not None:
            return known
        return await self._look.done(self._looked)

    async def _looked(self) -> Served:
        begun = self._clock()  # its age counts from before the look
        seen = await read_served(self._engine)
        if self._look.is_under_way:
            self._known, self._known_until = seen, begun + self._seconds
        return seen
