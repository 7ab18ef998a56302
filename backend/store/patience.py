"""Waiting for who holds our tables, as a run does: what it has computed is worth that."""

import logging
import time
from asyncio import sleep
from collections.abc import Awaitable, Callable
from typing import TypeVar

from backend.core.errors import DatabaseUnavailable, TablesBusy

Result = TypeVar("Result")

PATIENCE_SECONDS = 900.0
LOOK_AGAIN_SECONDS = 1.0

log = logging.getLogger(__name__)


async def patiently(attempt: Callable[[], Awaitable[Result]], *, waiting: str) -> Result:
    """Try until others let go of our tables, and say once that it is waited for.

    Parameters
    ----------
    attempt
        Leaves everything as it was where a lock is not had.
    waiting
        What the log says.

    Raises
    ------
    TablesBusy
        When others hold them for too long.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    told = False
    while True:
        try:
            return await attempt()
        except DatabaseUnavailable as error:
            if error.kind != "locked":
                raise
            if time.monotonic() >= deadline:
                raise TablesBusy("others are using them for long", PATIENCE_SECONDS) from error
        if not told:
            log.warning(waiting, extra={"reason": "others are using our tables"})
        told = True
        await sleep(LOOK_AGAIN_SECONDS)
