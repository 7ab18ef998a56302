"""The run loop: claim a queued run, work on it in a child process, keep its lease, record its end.

The child has the memory and the cores to itself and gives them back when it ends; the process
that serves the API only renews the lease. A child whose parent dies ends too, and a run whose
lease is not renewed is marked failed by whoever looks next.
"""

import asyncio
import contextlib
import logging
import multiprocessing
import os
import secrets
import signal
import threading
from datetime import timedelta
from multiprocessing.process import BaseProcess

from backend.core.clock import utc_now
from backend.core.errors import BackendError, DatabaseUnavailable, LeaseLost
from backend.core.logging import run_id as logged_run_id
from backend.core.logging import set_up_logging
from backend.data import runs
from backend.data.engine import AsyncEngine, opened
from backend.pipeline.config import RunConfig
from backend.pipeline.progress import Progress
from backend.pipeline.run import perform

LEASE = timedelta(seconds=60)
RENEW_EVERY_SECONDS = 15.0
POLL_EVERY_SECONDS = 1.0
STOPPED = "The service was stopped during the run."

log = logging.getLogger(__name__)


async def work(engine: AsyncEngine, config: RunConfig, stop: asyncio.Event) -> None:
    """Run what is queued, one run after the other, until `stop` is set.

    A database that is away is waited for; it is logged when it goes and when it is back.
    """
    away = False
    while not stop.is_set():
        try:
            worked = await work_once(engine, config, stop)
            away = _note(away, now_away=False)
        except DatabaseUnavailable:
            worked, away = False, _note(away, now_away=True)
        if not worked:
            await _wait(stop, POLL_EVERY_SECONDS)


async def work_once(engine: AsyncEngine, config: RunConfig, stop: asyncio.Event) -> bool:
    """Claim a queued run and see it through. Returns whether there was one."""
    token = secrets.token_hex(16)
    run = await runs.claim(engine, token=token, now=utc_now(), lease=LEASE)
    if run is None:
        return False
    context = logged_run_id.set(run.id)
    try:
        await _supervise(engine, config, run.id, token, stop)
    finally:
        logged_run_id.reset(context)
    return True


async def _supervise(
    engine: AsyncEngine, config: RunConfig, run_id: str, token: str, stop: asyncio.Event
) -> None:
    child = _start_child(config, run_id, token)
    log.info("run started", extra={"child": child.pid})
    ended = asyncio.create_task(asyncio.to_thread(child.join))
    try:
        await _keep_lease(engine, run_id, token, ended, stop)
    finally:
        if child.is_alive():
            child.kill()
        await ended
        await _record_end(engine, run_id, token, child.exitcode, stopped=stop.is_set())


async def _keep_lease(
    engine: AsyncEngine, run_id: str, token: str, ended: asyncio.Task[None], stop: asyncio.Event
) -> None:
    stopping = asyncio.create_task(stop.wait())
    try:
        while not ended.done() and not stop.is_set():
            await asyncio.wait(
                {ended, stopping},
                timeout=RENEW_EVERY_SECONDS,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if not ended.done():
                await _renew(engine, run_id, token)
    except LeaseLost:
        log.warning("lease lost")
    finally:
        stopping.cancel()


async def _renew(engine: AsyncEngine, run_id: str, token: str) -> None:
    with contextlib.suppress(DatabaseUnavailable):  # the lease outlives a short outage
        await runs.renew(engine, run_id, token=token, now=utc_now(), lease=LEASE)


async def _record_end(
    engine: AsyncEngine, run_id: str, token: str, exit_code: int | None, *, stopped: bool
) -> None:
    """Mark the run failed unless the child already recorded how it ended."""
    reason = STOPPED if stopped else f"The process of the run ended with {_spoken(exit_code)}."
    with contextlib.suppress(LeaseLost, DatabaseUnavailable):
        if await runs.fail(engine, run_id, token=token, error=reason, now=utc_now()):
            log.error("run failed", extra={"reason": reason})


def _spoken(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        return f"signal {signal.Signals(-exit_code).name}"
    return f"exit code {exit_code}"


def _start_child(config: RunConfig, run_id: str, token: str) -> BaseProcess:
    # spawn: a fork of a process with threads and an event loop may deadlock.
    child = multiprocessing.get_context("spawn").Process(
        target=_child, args=(config, run_id, token), name="run"
    )
    child.start()
    return child


def _child(config: RunConfig, run_id: str, token: str) -> None:
    """Be the child process: do the run, and record its failure in words."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which ends us
    threading.Thread(target=_die_with_parent, daemon=True).start()
    set_up_logging(config.log_level)
    logged_run_id.set(run_id)
    asyncio.run(_perform_or_fail(config, run_id, token))


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


async def _perform_or_fail(config: RunConfig, run_id: str, token: str) -> None:
    async with opened(config.intelligence_url) as engine:
        try:
            await perform(config, run_id, token, Progress())
        except BackendError as error:
            await runs.fail(engine, run_id, token=token, error=str(error), now=utc_now())
        except Exception as error:
            log.exception("run failed")
            reason = f"An unexpected {type(error).__name__} stopped the run; the log says where."
            await runs.fail(engine, run_id, token=token, error=reason, now=utc_now())


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


def _note(away: bool, *, now_away: bool) -> bool:
    if now_away and not away:
        log.warning("database away, waiting")
    if away and not now_away:
        log.info("database back")
    return now_away
