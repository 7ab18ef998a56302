"""Who ordered since a run read the shop, scored by its model before it is published."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

import numpy as np

from backend.core.customer_id import CustomerId
from backend.core.errors import DatabaseUnavailable
from backend.database.database_clock import read_clock
from backend.database.engine import AsyncConnection
from backend.run.fresh_scores import FreshScores
from backend.run.run_config import RunConfig
from backend.scoring.rescored import Rescored
from backend.scoring.telling import Scorer
from backend.store.latecomers import Latecomers
from backend.store.order_events import Rescoring, read_told_since
from backend.store.runs import Published
from backend.store.served_rows import read_segments_served

AT_ONCE = 500
# The run's row is held meanwhile; a shop that keeps it waiting is asked again a little later.
SHOP_SECONDS = 20.0


class CatchingUp:
    """Looks who ordered since an instant, and scores each of them once unless more is told.

    Looked ahead of the transaction that publishes, so that few are left for one within it.

    Parameters
    ----------
    config
        Of the run.
    scores
        Reads the shop.
    scorer
        The run's model.
    as_of
        The instant that the run describes: nobody is scored as of an earlier one.
    since
        Of whom something was told at this instant or later, by our database's clock.
    served
        The run that is served until now; None before the first.
    """

    def __init__(
        self,
        config: RunConfig,
        scores: FreshScores,
        scorer: Scorer,
        *,
        as_of: datetime,
        since: datetime,
        served: Published | None,
    ) -> None:
        self._config = config
        self._scores = scores
        self._scorer = scorer
        self._as_of = as_of
        self._since = since
        self._served = served
        self._scored = dict[CustomerId, Rescoring]()
        self._rescored = list[Rescored]()

    async def __call__(self, connection: AsyncConnection) -> Latecomers:
        """Return who they are by now.

        Raises
        ------
        DatabaseUnavailable
            When one of the databases does not answer.
        """
        told = await read_told_since(connection, self._since)
        anew = [one for one in told if self._scored.get(one.customer_id) != one]
        for start in range(0, len(anew), AT_ONCE):
            await self._score(connection, anew[start : start + AT_ONCE])
        return Latecomers(
            asked_for=[*self._scored.values()], rescored=self._rescored, served=self._served
        )

    async def _score(self, connection: AsyncConnection, some: Sequence[Rescoring]) -> None:
        ids = [one.customer_id for one in some]
        was: dict[CustomerId, str | None] = dict.fromkeys(ids)
        if self._served is not None:
            was = await read_segments_served(connection, self._served, ids)
        as_of = max(self._config.instant(await read_clock(connection)), self._as_of)
        rescored = await self._asked(was, as_of)
        kept = (_without(one, {*ids}) for one in self._rescored)
        self._rescored = [*kept, *([] if rescored is None else [rescored])]
        self._scored |= {one.customer_id: one for one in some}

    async def _asked(self, was: dict[CustomerId, str | None], as_of: datetime) -> Rescored | None:
        try:
            async with asyncio.timeout(SHOP_SECONDS):
                return await self._scores.of(self._scorer, was, as_of)
        except TimeoutError:
            raise DatabaseUnavailable("shop", "locked", "keeps us waiting") from None


def _without(rescored: Rescored, customer_ids: set[CustomerId]) -> Rescored:
    """Leave out who is scored anew."""
    texts = rescored.customers.customer_id.tolist()
    return rescored.rows(np.array([CustomerId(one) not in customer_ids for one in texts], bool))
