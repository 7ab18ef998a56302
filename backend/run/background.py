"""What a web process does beside its requests: migrate, and run what is queued."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from backend.core.ending import pause
from backend.core.errors import (
    BackendError,
    DatabaseUnavailable,
    TablesBusy,
    TablesInTheWay,
    TablesTooNew,
)
from backend.database.engine import AsyncEngine, opened
from backend.database.sqlite_files import opening_of_ours
from backend.run.run_config import RunConfig
from backend.run.worker import work
from backend.store.erasing import finish_erasures
from backend.store.migrate import migrate
from backend.store.search_emptied import empty_search_copy

RETRY_SECONDS = 1.0
# How soon tables that are lost are made again where nobody here does runs.
IDLE_LOOK_SECONDS = 30.0

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Background:
    """What the work beside the requests is at, for whoever asks after the process's health.

    Attributes
    ----------
    doing
        "migrating" until our tables are as this version needs them, "working" where runs are done
        here, "idle" where they are not, "ended" when it was asked to end.
    problem
        What keeps it from going on, in a sentence; it is tried again all the while.
    """

    doing: Literal["migrating", "working", "idle", "ended"] = "migrating"
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackgroundWork:
    """The work beside the requests of one process."""

    config: RunConfig
    auto_migrate: bool
    run_worker: bool
    state: Background = field(default_factory=Background)

    async def begin(self) -> None:
        """Try once to migrate, ahead of the first request: what cannot be mended is refused.

        Raises
        ------
        DatabaseRefuses
            When the user may not do that.
        """
        if self.auto_migrate and self._note(await self._kept_from_migrating()):
            log.warning("migrations wait", extra={"reason": self.state.problem})

    async def go_on(self, stop: asyncio.Event) -> None:
        """Go on until asked to end; whatever fails is said once, and tried again."""
        while not stop.is_set():
            try:
                await self._migrate_and_work(stop)
                break
            except Exception as error:
                if self._note(str(error) or type(error).__name__):
                    log.exception("the work beside the requests failed; it is tried again")
                await pause(stop, RETRY_SECONDS)
        self.state.doing = "ended"

    async def _migrate_and_work(self, stop: asyncio.Event) -> None:
        while self.state.problem is not None and not stop.is_set():
            await pause(stop, RETRY_SECONDS)
            if self._note(await self._kept_from_migrating()):
                log.warning("migrations wait", extra={"reason": self.state.problem})
        migrating = self._kept_from_migrating if self.auto_migrate else None
        if self.run_worker:
            self.state.doing = "working"
            await work(self.config, stop, migrate=migrating)
        else:
            self.state.doing = "idle"
            await self._idle(stop)

    async def _idle(self, stop: asyncio.Event) -> None:
        """Make our tables again should they be lost: perhaps there is no worker that would.

        Silently, for health tells of them, and of what keeps them from being made.
        """
        while not stop.is_set():
            await pause(stop, IDLE_LOOK_SECONDS)
            if self.auto_migrate and not stop.is_set():
                with suppress(BackendError):
                    await self._kept_from_migrating()

    async def _kept_from_migrating(self) -> str | None:
        """Migrate; return what is in the way now, if anything.

        Waiting here for a run to end would keep the process from answering /health, and from
        ending.
        """
        try:
            opening = opening_of_ours(self.config.shop_url, self.config.intelligence_url)
            url = self.config.intelligence_url
            async with opened(url, pool_size=1, opening=opening) as engine:
                await migrate(engine, patience_seconds=0)
                await finish_erasures(engine)
                if not self.config.search_index:
                    await _empty_search_copy(engine)
        except (DatabaseUnavailable, TablesInTheWay, TablesTooNew) as error:
            return str(error)
        except TablesBusy as error:
            return error.obstacle
        return None

    def _note(self, problem: str | None) -> bool:
        """Keep what is in the way; return whether that is news."""
        was, self.state.problem = self.state.problem, problem
        return problem is not None and problem != was


async def _empty_search_copy(engine: AsyncEngine) -> None:
    """Take away what SEARCH_INDEX asks for no longer; where that fails, the next run does it."""
    try:
        await empty_search_copy(engine)
    except BackendError as error:
        log.warning("the copy of names is still there", extra={"reason": str(error)})
