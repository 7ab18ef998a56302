"""Scores those whose orders changed since the run that is served, and publishes them.

It works beside the runs of a worker, as the courier does. What it is killed at waits on, and what a
database does not let it do now it does later: who waits is kept in our tables.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from backend import store
from backend.core.clock import Seldom
from backend.core.customer_id import CustomerId
from backend.core.ending import pause
from backend.core.errors import BackendError, DatabaseUnavailable, TablesTooOld
from backend.core.secret_keys import Marker, Use
from backend.database.bounds import hurried
from backend.database.database_clock import read_clock
from backend.database.engine import AsyncConnection, AsyncEngine, opened, transaction
from backend.database.failures import OURS
from backend.database.sqlite_files import Opening, opening_of_shop
from backend.run.fresh_scores import FreshScores
from backend.run.releaser import Releaser
from backend.run.run_config import RunConfig
from backend.scoring.rescored import Rescored
from backend.scoring.telling import Scorer
from backend.shop.mapping.layers import load_mapping
from backend.shop.shop import Shop
from backend.store import runs
from backend.store.order_events import (
    Rescoring,
    forget_order_events,
    forget_rescorings,
    read_waiting,
    settle,
)
from backend.store.publish_rescored import publish_rescored
from backend.store.runs import Published
from backend.store.segment_labels import read_labels
from backend.store.served_rows import read_segments_served
from backend.wording.segment_names import known_name

LOOK_EVERY_SECONDS = 1.0
FORGET_EVERY_SECONDS = 3600.0
STATEMENT_SECONDS = 5.0
# What comes meanwhile waits: of a flood there is a publication for each hundred customers.
AT_ONCE = 100

log = logging.getLogger(__name__)


async def rescore(config: RunConfig, stop: asyncio.Event) -> None:
    """Score who waits, and let go of whom campaigns held out, until `stop` is set.

    What is in the way is waited for, and logged once; that our own database is, who runs what is
    queued says.
    """
    bounds = hurried(STATEMENT_SECONDS)
    to_read = opening_of_shop(config.shop_url, config.intelligence_url)
    to_change = Opening.CHANGE
    async with (
        opened(config.intelligence_url, pool_size=1, bounds=bounds, opening=to_change) as engine,
        opened(config.shop_url, pool_size=1, bounds=bounds, opening=to_read) as shop_engine,
    ):
        rescorer, releaser = Rescorer(config, engine, shop_engine), Releaser(engine)
        while not stop.is_set():
            await rescorer.look()
            await releaser.look()
            await pause(stop, LOOK_EVERY_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Some who wait, and what they are scored by.

    Attributes
    ----------
    asked_for
        Whom.
    was
        The segment that each is served to be in; None: in none.
    scorer
        The model of the run that is served.
    as_of
        The instant that they are scored as of.
    """

    asked_for: Sequence[Rescoring]
    was: Mapping[CustomerId, str | None]
    scorer: Scorer
    as_of: datetime


class Rescorer:
    """Scores who waits.

    Parameters
    ----------
    config
        Of the worker.
    engine, shop_engine
        Our database and the shop's.
    """

    def __init__(self, config: RunConfig, engine: AsyncEngine, shop_engine: AsyncEngine) -> None:
        self._config = config
        self._engine = engine
        self._shop_engine = shop_engine
        self._marker = Marker.of(config.secrets, Use.TOMBSTONE)
        self._scores: FreshScores | None = None
        self._scorer: Scorer | None = None
        self._forgetting = Seldom(FORGET_EVERY_SECONDS)
        self._told: str | None = None

    async def look(self) -> None:
        """Score all who wait, some at once; forget what is old."""
        try:
            while await self._score_some():
                pass
            await self._forget()
            self._told = None
        except Exception as error:  # noqa: BLE001, the next look must still be taken
            self._say(error)

    def _say(self, error: Exception) -> None:
        """Log what is in the way when it begins, not each time."""
        was, self._told = self._told, f"{type(error).__name__}: {error}"
        if was != self._told and not _is_told_by_runs(error):
            unforeseen = None if isinstance(error, BackendError) else error
            told = {"reason": str(error)}
            log.warning("scoring between runs waits", extra=told, exc_info=unforeseen)

    async def _score_some(self) -> bool:
        """Score the first who wait; return whether there may be more."""
        async with transaction(self._engine) as connection:
            waiting = await self._first_waiting(connection)
        if waiting is None:
            return False
        try:
            await self._publish(waiting, await self._scored(waiting))
        except BackendError:
            raise
        except Exception:  # who cannot be scored keeps nobody else waiting
            async with transaction(self._engine) as connection:
                await settle(connection, waiting.asked_for)
            raise
        return len(waiting.asked_for) == AT_ONCE

    async def _first_waiting(self, connection: AsyncConnection) -> Waiting | None:
        """Return who waits; None where nobody does, or where only the next run can score them."""
        if not (asked_for := await read_waiting(connection, limit=AT_ONCE)):
            return None
        published = await runs.published(connection)
        scorer = None if published is None else await self._scorer_of(connection, published)
        if published is None or scorer is None:
            return None
        now = await read_clock(connection)
        ids = [one.customer_id for one in asked_for]
        return Waiting(
            asked_for=asked_for,
            was=await read_segments_served(connection, published, ids),
            scorer=scorer,
            as_of=max(self._config.instant(now), published.as_of),
        )

    async def _scorer_of(self, connection: AsyncConnection, run: Published) -> Scorer | None:
        """Return the model of a run, read once."""
        if self._scorer is None or self._scorer.run_id != run.run_id:
            model = await store.read_scoring_model(connection, run.run_id)
            labels = await read_labels(connection)
            known = None if model is None else Scorer(run.run_id, model, labels, known_name)
            self._scorer = known
        return self._scorer

    async def _scored(self, waiting: Waiting) -> Rescored | None:
        if self._scores is None:
            shop = Shop(load_mapping(self._config.shop_variables))
            self._scores = FreshScores(self._shop_engine, shop)
        return await self._scores.of(waiting.scorer, waiting.was, waiting.as_of)

    async def _publish(self, waiting: Waiting, rescored: Rescored | None) -> None:
        """Publish who is in the shop; who is not is forgotten until the next run says so."""
        scored = set[str]()
        if rescored is not None:
            scored = {*rescored.customers.customer_id.tolist()}
            await publish_rescored(self._engine, rescored, waiting.asked_for, self._marker)
        missing = [one for one in waiting.asked_for if one.customer_id.text not in scored]
        async with transaction(self._engine) as connection:
            await forget_rescorings(connection, missing)

    async def _forget(self) -> None:
        if self._forgetting.is_due():
            async with transaction(self._engine) as connection:
                await forget_order_events(connection, await read_clock(connection))


def _is_told_by_runs(error: Exception) -> bool:
    """Tell whether our own database is in the way: who runs what is queued meets that too."""
    is_away = isinstance(error, DatabaseUnavailable) and error.database == OURS
    return is_away or isinstance(error, TablesTooOld)
