"""What was read of one state a moment ago: totals of lists, and what pages tell; nobody's own."""

from collections.abc import Awaitable, Callable, Hashable
from typing import TypeVar

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
