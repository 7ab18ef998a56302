"""What whole lists added up to a moment ago: numbers of many, nobody's own."""

from collections.abc import Awaitable, Callable

from cachetools import TTLCache

from backend.results.customer_filter import CustomerFilter
from backend.store.lists import Totals
from backend.store.served import Served

MOST_LISTS = 1000
KEPT_SECONDS = 60.0


class KeptTotals:
    """Totals of this process, by what was served and who is in the list.

    Parameters
    ----------
    seconds
        How old they may become; 0: none are kept.
    """

    def __init__(self, seconds: float = KEPT_SECONDS) -> None:
        self._kept: TTLCache[tuple[Served, CustomerFilter], Totals] = TTLCache(MOST_LISTS, seconds)

    async def of(
        self, served: Served, chosen: CustomerFilter, count: Callable[[], Awaitable[Totals]]
    ) -> Totals:
        """Return a list's totals: as they are kept for this state, or counted and kept.

        Parameters
        ----------
        served
            As it was before `count` can look: a run, a correction or an erasure ends what is kept.
        chosen
            Who is in the list.
        count
            Counts and adds up.
        """
        key = served, chosen
        if (known := self._kept.get(key)) is None:
            known = self._kept[key] = await count()
        return known
