"""What was read of one state a moment ago: totals of lists, and what pages tell; nobody's own."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from functools import partial
from typing import Any, TypeVar

from cachetools import TTLCache

from backend.store.served import Served

MOST_READS = 1000
KEPT_SECONDS = 60.0

Read = TypeVar("Read")


class KeptReads:
    """Reads of this process, by what was served and what was asked for.

    Parameters
    ----------
    seconds
        How old they may become; 0: none are kept.
    """

    def __init__(self, seconds: float = KEPT_SECONDS) -> None:
        self._kept: TTLCache[tuple[Served, Hashable], object] = TTLCache(MOST_READS, seconds)
        self._begun: dict[Hashable, asyncio.Task[Any]] = {}
        self.keeps = seconds > 0

    async def of(
        self, served: Served, asked: Hashable, read: Callable[[], Awaitable[Read]]
    ) -> Read:
        """Return what was asked for: as it is kept for this state, or read and kept.

        Parameters
        ----------
        served
            As it was before `read` can look: a run, a correction or an erasure ends what is kept.
        asked
            Tells what is asked for apart from all else: who is in a list, the name of a page. One
            thing is always read by the same `read`.
        read
            Reads it.
        """
        key = served, asked
        if (known := self._kept.get(key)) is None:
            known = self._kept[key] = await read()
        return known  # type: ignore[return-value]

    def known(self, served: Served, asked: Hashable) -> Any:
        """Return what was asked for as it is kept for this state; None where it is not."""
        return self._kept.get((served, asked))

    async def is_soon(
        self, asked: Hashable, read: Callable[[], Coroutine[Any, Any, Any]], seconds: float | None
    ) -> bool:
        """Begin to read what takes long, once for all who ask; tell whether it was there in time.

        Parameters
        ----------
        asked
            As of `of`.
        read
            Keeps what it reads; goes on where it was not in time.
        seconds
            How long to wait; None: until it is there.

        Raises
        ------
        BackendError
            What `read` does, in time.
        """
        if (task := self._begun.get(asked)) is None:
            task = self._begun[asked] = asyncio.create_task(read())
            task.add_done_callback(partial(self._over, asked))
        done, _ = await asyncio.wait({task}, timeout=seconds)
        if done:
            task.result()
        return bool(done)

    def _over(self, asked: Hashable, task: asyncio.Task[Any]) -> None:
        del self._begun[asked]
        if not task.cancelled():
            task.exception()  # is raised to who waits; who asks again meets it anew
