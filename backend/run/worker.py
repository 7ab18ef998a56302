"""The run loop: claim a queued run, start the process that does it, keep its lease, record its end.

The process that serves the API only renews the lease. A child whose parent dies ends too, and a
run whose lease is not renewed has failed for whoever looks next. Nothing here waits for ever: not
for a child, and not for a database.
"""

import asyncio
import contextlib
import json
import logging
import secrets
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from backend.core.clock import Seldom
from backend.core.ending import pause
from backend.core.errors import (
    BackendError,
    DatabaseRefuses,
    DatabaseUnavailable,
    LeaseLost,
    TablesTooOld,
)
from backend.core.logging import run_id as logged_run_id
from backend.database.bounds import hurried, run_writes
from backend.database.engine import AsyncEngine, opened
from backend.database.sqlite_files import Opening
from backend.run.courier import deliver
from backend.run.rescorer import rescore
from backend.run.run_config import RunConfig
from backend.store import leases, runs
from backend.store.leases import LEASE
from backend.store.run_row import LEASE_EXPIRED
from backend.store.sort_indexes import build_left_aside

# Also how soon the process of a run ends that was cancelled elsewhere.
RENEW_EVERY_SECONDS = 2.0
LEASE_STATEMENT_SECONDS = 5.0
POLL_EVERY_SECONDS = 1.0
LOOK_FOR_LEFT_SECONDS = 60.0
LAST_MOMENT_SECONDS = 5.0
STOPPED = "The service was stopped during the run."
TOO_LONG = "The run took longer than RUN_SECONDS allows, {:,} seconds, and was ended."
NOT_STARTED = "The process of the run could not be started: {}."
# The child is not imported here: the numerical libraries would stay in every web process. Where
# pandas is installed, scikit-learn imports it to know a frame when it sees one: 41 MiB, .3 s.
CHILD = (
    "import sys; sys.path.insert(0, {root!r}); from backend.core.late import late_without; "
    "late_without('pandas', 'backend.run.child').main()"
)
ROOT = Path(__file__).parents[2]
FOLDER = "intelligence-run-"
Migrate = Callable[[], Awaitable[object]]

log = logging.getLogger(__name__)


async def work(config: RunConfig, stop: asyncio.Event, *, migrate: Migrate | None = None) -> None:
    """Run what is queued, one run after the other, until `stop` is set; deliver and score beside.

    A database that is away, or without our tables, is waited for; that is logged when it begins
    and when it is over. The lease has connections of its own: requests cannot use them up.

    Parameters
    ----------
    config
        What runs need to know.
    stop
        Set when this is to end.
    migrate
        Makes our tables where they are gone, since their database was made anew meanwhile; None
        where that is for others to do.
    """
    async with asyncio.TaskGroup() as beside:
        beside.create_task(deliver(config, stop))
        beside.create_task(rescore(config, stop))
        await _run_queued(config, stop, migrate)


async def _run_queued(config: RunConfig, stop: asyncio.Event, migrate: Migrate | None) -> None:
    async with opened_for_lease(config) as engine:
        trouble, looking = _Trouble(), Seldom(LOOK_FOR_LEFT_SECONDS)
        while not stop.is_set():
            try:
                worked = await work_once(engine, config, stop)
                trouble.over()
            except TablesTooOld as error:
                worked = trouble.waits_for(error) or await _migrated(migrate)
            except (DatabaseUnavailable, DatabaseRefuses) as error:
                worked = trouble.waits_for(error)
            except Exception as error:  # noqa: BLE001, the next run must still find a worker
                worked = trouble.stumbled_over(error)
            if not worked and looking.is_due():
                await _build_left_aside(config)
            if not worked:
                await pause(stop, POLL_EVERY_SECONDS)


async def _build_left_aside(config: RunConfig) -> None:
    """Build indexes that a publication set aside and was killed at, here or elsewhere."""
    bounds, opening = run_writes(config.statement_seconds), Opening.CHANGE
    try:
        async with opened(config.intelligence_url, bounds=bounds, opening=opening) as engine:
            await build_left_aside(engine)
    except BackendError as error:
        log.debug("indexes of lists wait", extra={"reason": str(error)})


def opened_for_lease(config: RunConfig) -> AbstractAsyncContextManager[AsyncEngine]:
    """Open what a worker holds its run by: nobody else uses it up, and it hangs on nothing."""
    bounds = hurried(LEASE_STATEMENT_SECONDS)
    opening = Opening.CHANGE
    return opened(config.intelligence_url, pool_size=1, bounds=bounds, opening=opening)


async def _migrated(migrate: Migrate | None) -> bool:
    """Try once, silently; that our tables are not there is told until they are."""
    if migrate is not None:
        with contextlib.suppress(BackendError):
            await migrate()
    return False


class _Trouble:
    """Logs what keeps a worker from working when it begins, changes and ends, not each time."""

    def __init__(self) -> None:
        self._told: str | None = None

    def waits_for(self, error: Exception) -> bool:
        if self._is_new(error):
            log.warning("database away, waiting", extra={"reason": str(error)})
        return False

    def stumbled_over(self, error: Exception) -> bool:
        if self._is_new(error):
            log.error("worker stumbled", exc_info=error)
        return False

    def over(self) -> None:
        if self._told is not None:
            log.info("database back")
        self._told = None

    def _is_new(self, error: Exception) -> bool:
        was, self._told = self._told, f"{type(error).__name__}: {error}"
        return was != self._told


async def work_once(engine: AsyncEngine, config: RunConfig, stop: asyncio.Event) -> bool:
    """Claim a queued run and see it through. Returns whether there was one."""
    token = secrets.token_hex(16)
    run = await leases.claim(engine, token=token, lease=LEASE)
    if run is None:
        return False
    context = logged_run_id.set(run.id)
    try:
        reason = await _Supervised(engine, config, run.id, token).done(stop)
        if reason is not None:
            await _record_failure(engine, run.id, token, reason)
    finally:
        logged_run_id.reset(context)
    await _build_left_aside(config)
    return True


class _Supervised:
    """A claimed run and the process that does it."""

    def __init__(self, engine: AsyncEngine, config: RunConfig, run_id: str, token: str) -> None:
        self._engine = engine
        self._config = config
        self._run_id = run_id
        self._token = token

    async def done(self, stop: asyncio.Event) -> str | None:
        """See the run through; return why it failed, unless its process says so itself.

        What its process keeps in files goes with it, however it ends.
        """
        with contextlib.ExitStack() as stack:
            try:
                folder = TemporaryDirectory(prefix=FOLDER, ignore_cleanup_errors=True)
                child = await self._started(stack.enter_context(folder))
            except Exception as error:  # noqa: BLE001, no memory, no process, no Python: all are told
                return NOT_STARTED.format(str(error) or type(error).__name__)
            return await self._seen_through(child, stop)

    async def _seen_through(self, child: Process, stop: asyncio.Event) -> str | None:
        log.info("run started", extra={"child": child.pid})
        ended = asyncio.create_task(child.wait())
        try:
            return await self._watched(ended, stop)
        finally:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await asyncio.wait({ended}, timeout=LAST_MOMENT_SECONDS)

    async def _started(self, folder: str) -> Process:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            CHILD.format(root=str(ROOT)),
            stdin=PIPE,
            env=self._config.environment,
        )
        config = self._config.as_dict()
        told = {"config": config, "run_id": self._run_id, "token": self._token, "folder": folder}
        assert child.stdin is not None
        # Not drained: one that never reads it, or has ended already, is noticed by those who watch.
        child.stdin.write(json.dumps(told).encode() + b"\n")
        return child

    async def _watched(self, ended: asyncio.Task[int], stop: asyncio.Event) -> str | None:
        stopping = asyncio.create_task(stop.wait())
        renewing = asyncio.create_task(self._keep_lease())
        seconds = self._config.run_seconds
        try:
            await asyncio.wait(
                {ended, stopping, renewing}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            stopping.cancel()
            renewing.cancel()
        if ended.done():
            return f"The process of the run ended with {_spoken(ended.result())}."
        if stop.is_set():
            return STOPPED
        if not renewing.done():
            return TOO_LONG.format(seconds)
        await self._lost(ended)
        return None

    async def _keep_lease(self) -> None:
        """Renew the lease until it is lost; it outlives a short outage, and waiting for a lock."""
        while True:
            try:
                await leases.renew(self._engine, self._run_id, token=self._token, lease=LEASE)
            except LeaseLost:
                return
            except Exception as error:  # noqa: BLE001, whatever it was, the next may succeed
                log.debug("lease not renewed", extra={"reason": type(error).__name__})
            await asyncio.sleep(RENEW_EVERY_SECONDS)

    async def _lost(self, ended: asyncio.Task[int]) -> None:
        # A run that has ended is no longer ours either; its process is about to end.
        await asyncio.wait({ended}, timeout=LAST_MOMENT_SECONDS)
        if not ended.done() and await _bounded(self._was_taken()):
            log.warning("lease lost")

    async def _was_taken(self) -> bool:
        """Whether somebody else ended the run, and not its own process."""
        with contextlib.suppress(BackendError):
            return (await runs.get(self._engine, self._run_id)).error == LEASE_EXPIRED
        return False


async def _record_failure(engine: AsyncEngine, run_id: str, token: str, reason: str) -> None:
    """Mark the run failed unless its process already recorded how it ended."""
    failing = leases.fail(engine, run_id, token=token, error=reason)
    with contextlib.suppress(LeaseLost, DatabaseUnavailable, TimeoutError):
        if await _bounded(failing):
            log.error("run failed", extra={"reason": reason})


async def _bounded(work: Coroutine[Any, Any, bool]) -> bool:
    """Wait a moment for an answer; a cancelled statement may take longer than it to give up."""
    task = asyncio.create_task(work)
    await asyncio.wait({task}, timeout=LAST_MOMENT_SECONDS)
    if not task.done():
        task.cancel()
        return False
    return task.result()


def _spoken(exit_code: int) -> str:
    if exit_code < 0:
        return f"signal {signal.Signals(-exit_code).name}"
    return f"exit code {exit_code}"
