"""Lets go of who large campaigns held out that have ended, some at a time.

What it is killed at goes on where it is begun again: who is let go already is passed over.
"""

import logging

from backend.core.errors import BackendError
from backend.database.database_clock import read_clock
from backend.database.engine import AsyncConnection, AsyncEngine, transaction
from backend.store import runs
from backend.store.letting_go import let_some_go, read_letting_go
from backend.store.publish import begin_at_once

log = logging.getLogger(__name__)


class Releaser:
    """Lets some go at each look.

    Parameters
    ----------
    engine
        Of our database.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._reached: dict[str, str | None] = {}

    async def look(self) -> None:
        """Let some go of the campaign that ended first; what is in the way now is not later."""
        try:
            async with transaction(self._engine) as connection:
                letting_go = await read_letting_go(connection)
            if letting_go:
                await self._let_some_go(letting_go[0])
        except BackendError as error:  # that our database is away, who runs what is queued says
            log.debug("letting go waits", extra={"reason": str(error)})
        except Exception:
            log.exception("letting go failed; it is tried again")

    async def _let_some_go(self, campaign_id: str) -> None:
        after = self._reached.pop(campaign_id, None)
        async with transaction(self._engine, may_be_locked=True) as connection:
            reached = await self._some(connection, campaign_id, after)
        if reached is None:
            log.info("a campaign holds nobody out any longer", extra={"campaign_id": campaign_id})
        else:
            self._reached[campaign_id] = reached

    async def _some(
        self, connection: AsyncConnection, campaign_id: str, after: str | None
    ) -> str | None:
        await begin_at_once(connection)
        await runs.hold_publications(connection)
        return await let_some_go(connection, campaign_id, after, await read_clock(connection))
