"""Places for what takes long: files, batches, searches, fresh scores; the rest stays quick."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from backend.core.errors import TooMuchAtOnce

# Most are done by then: two who type a name at once need not meet a refusal.
WAIT_SECONDS = 1.0
RETRY_AFTER_SECONDS = 5


class HeavyReads:
    """So many at once in one process; the next wait for a moment, then are refused."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._free = asyncio.Semaphore(places)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Have a place for the time of the body.

        Raises
        ------
        TooMuchAtOnce
            When none is free within a moment.
        """
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._free.acquire()
        except TimeoutError:
            raise TooMuchAtOnce(self._places, RETRY_AFTER_SECONDS) from None
        try:
            yield
        finally:
            self._free.release()
