"""Which copy of e-mails and names there is, known for as long as the state that is served."""

from backend.api.served_state import ServedState
from backend.database.engine import AsyncEngine
from backend.store.search_copy import SearchCopy, copy_known
from backend.store.served import Served


class CopyState:
    """The copy, as it was while the state that is served was looked at.

    Who asks one that is another by now finds that out, where it is in blocks; others are looked at
    each time. Who is told of none yet asks the shop, which finds the same.
    """

    def __init__(self, engine: AsyncEngine, served: ServedState) -> None:
        self._engine = engine
        self._served = served
        self._copy: SearchCopy | None = None
        self._beside: Served | None = None

    def forget(self) -> None:
        """Look anew, when next asked."""
        self._beside = None

    async def now(self) -> SearchCopy | None:
        """Return the copy; None where there is none.

        Raises
        ------
        DatabaseUnavailable, TablesTooOld
            When the database does not tell.
        """
        served, copy = self._served.known, self._copy
        is_known = served is not None and served is self._beside
        if not is_known or (copy is not None and copy.bounds is None):
            self._copy = await copy_known(self._engine, copy)
            self._beside = served
        return self._copy
