"""The process that does one run: it has the memory and the cores to itself.

It is told what to do by one JSON line on its standard input, which its parent keeps open: when
that ends, the parent is gone, and so is the child.
"""

import asyncio
import json
import logging
import os
import shutil
import signal
import sys
import tempfile
import threading

from backend.core.clock import monotonic_seconds
from backend.core.errors import BackendError, DatabaseUnavailable
from backend.core.logging import run_id as logged_run_id
from backend.core.logging import set_up_logging
from backend.database.engine import AsyncEngine, opened
from backend.database.sqlite_files import Opening
from backend.run.perform import perform
from backend.run.progress import Progress
from backend.run.run_config import RunConfig
from backend.store import leases
from backend.store.leases import LEASE

RECORD_EVERY_SECONDS = 1.0
# Who asks for a customer waits for it, and a run has the night: on a machine with nothing else to
# do it loses nothing by it.
NICER_BY = 10
ENDED_BY_PARENT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

log = logging.getLogger(__name__)


def main() -> None:
    """Do the run that standard input names, and record its failure in words."""
    for number in ENDED_BY_PARENT:  # a terminal or a supervisor may tell all of a group
        signal.signal(number, signal.SIG_IGN)
    os.nice(NICER_BY)
    told = json.loads(sys.stdin.readline())
    tempfile.tempdir = told["folder"]  # its parent removes it
    threading.Thread(target=_die_with_parent, args=[told["folder"]], daemon=True).start()
    config = RunConfig(**told["config"])
    set_up_logging(config.log_level)
    logged_run_id.set(told["run_id"])
    asyncio.run(perform_or_fail(config, told["run_id"], told["token"]))


def _die_with_parent(folder: str) -> None:
    sys.stdin.read()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


async def perform_or_fail(config: RunConfig, run_id: str, token: str) -> None:
    """Do the run, or say in its row why it failed."""
    progress = Progress(when_lost=_end_at_once)
    async with opened(config.intelligence_url, pool_size=1, opening=Opening.CHANGE) as engine:
        try:
            await perform(config, run_id, token, progress)
        except BackendError as error:
            await _record(engine, run_id, token, str(error))
        except Exception as error:
            log.exception("run failed")
            reason = f"An unexpected {type(error).__name__} stopped the run; the log says where."
            await _record(engine, run_id, token, reason)


async def _record(engine: AsyncEngine, run_id: str, token: str, reason: str) -> None:
    """Say why the run failed, in its row; in the log alone where that cannot be written.

    What failed it may be that the database is away: it is waited for, but not for longer than the
    lease lasts that nobody renews meanwhile.
    """
    deadline = monotonic_seconds() + LEASE.total_seconds()
    while True:
        try:
            await leases.fail(engine, run_id, token=token, error=reason)
        except BackendError as error:
            if isinstance(error, DatabaseUnavailable) and monotonic_seconds() < deadline:
                await asyncio.sleep(RECORD_EVERY_SECONDS)
                continue
            log.error("run failed", extra={"reason": reason, "not_recorded": str(error)})  # noqa: TRY400
        return


def _end_at_once() -> None:
    """End the process, threads that compute included: nobody wants the result any more."""
    log.warning("run taken away", extra={"reason": "cancelled, or its lease was lost"})
    os._exit(1)
