"""The run loop: claim a queued run, start the process that does it, keep its lease, record its end.

The process that serves the API only renews the lease. A child whose parent dies ends too, and a
run whose lease is not renewed is marked failed by whoever looks next.
"""

import asyncio
import contextlib
import json
import logging
import secrets
import signal
import sys
from asyncio.subprocess import PIPE, Process
from datetime import timedelta
from pathlib import Path

from backend.core.clock import utc_now
from backend.core.errors import DatabaseUnavailable, LeaseLost, TablesTooOld
from backend.core.logging import run_id as logged_run_id
from backend.database.engine import AsyncEngine
from backend.run.run_config import RunConfig
from backend.store import runs

LEASE = timedelta(seconds=60)
RENEW_EVERY_SECONDS = 15.0
POLL_EVERY_SECONDS = 1.0
LAST_MOMENT_SECONDS = 5.0
STOPPED = "The service was stopped during the run."
# The child is not imported here: the numerical libraries would stay in every web process.
CHILD = "import sys; sys.path.insert(0, {root!r}); from backend.run.child import main; main()"
ROOT = Path(__file__).parents[2]

log = logging.getLogger(__name__)


async def work(engine: AsyncEngine, config: RunConfig, stop: asyncio.Event) -> None:
    """Run what is queued, one run after the other, until `stop` is set.

    A database that is away, or without our tables, is waited for; that is logged when it begins
    and when it is over.
    """
    away = False
    while not stop.is_set():
        try:
            worked = await work_once(engine, config, stop)
            away = _note(away, now_away=False)
        except (DatabaseUnavailable, TablesTooOld) as error:
            worked, away = False, _note(away, now_away=True, reason=str(error))
        except Exception:
            # Whatever it was, the next run must still find a worker.
            log.exception("worker stumbled")
            worked = False
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
    child = await _start_child(config, run_id, token)
    log.info("run started", extra={"child": child.pid})
    ended = asyncio.create_task(child.wait())
    try:
        await _keep_lease(engine, run_id, token, ended, stop)
    finally:
        if child.returncode is None:
            child.kill()
        await _record_end(engine, run_id, token, await ended, stopped=stop.is_set())


async def _start_child(config: RunConfig, run_id: str, token: str) -> Process:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        CHILD.format(root=str(ROOT)),
        stdin=PIPE,
        env=config.environment,
    )
    told = {"config": config.as_dict(), "run_id": run_id, "token": token}
    assert child.stdin is not None
    child.stdin.write(json.dumps(told).encode() + b"\n")
    await child.stdin.drain()
    return child


async def _keep_lease(
    engine: AsyncEngine, run_id: str, token: str, ended: asyncio.Task[int], stop: asyncio.Event
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
        # A run that has just published is no longer ours either; its process is about to end.
        await asyncio.wait({ended}, timeout=LAST_MOMENT_SECONDS)
        if not ended.done():
            log.warning("lease lost")
    finally:
        stopping.cancel()


async def _renew(engine: AsyncEngine, run_id: str, token: str) -> None:
    with contextlib.suppress(DatabaseUnavailable):  # the lease outlives a short outage
        await runs.renew(engine, run_id, token=token, now=utc_now(), lease=LEASE)


async def _record_end(
    engine: AsyncEngine, run_id: str, token: str, exit_code: int, *, stopped: bool
) -> None:
    """Mark the run failed unless the child already recorded how it ended."""
    reason = STOPPED if stopped else f"The process of the run ended with {_spoken(exit_code)}."
    with contextlib.suppress(LeaseLost, DatabaseUnavailable):
        if await runs.fail(engine, run_id, token=token, error=reason, now=utc_now()):
            log.error("run failed", extra={"reason": reason})


def _spoken(exit_code: int) -> str:
    if exit_code < 0:
        return f"signal {signal.Signals(-exit_code).name}"
    return f"exit code {exit_code}"


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


def _note(away: bool, *, now_away: bool, reason: str | None = None) -> bool:
    if now_away and not away:
        log.warning("database away, waiting", extra={"reason": reason})
    if away and not now_away:
        log.info("database back")
    return now_away
