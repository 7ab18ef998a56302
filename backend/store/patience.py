"""Waiting for who holds our tables: a run does so for long, a person begins anew once.

Whoever changes several tables of ours takes their rows in one order, so that no two wait for each
other: the served run's row and the active one's, tombstones, customers gone, names, campaigns and
whom they drew, what is served, webhooks, their alarms, their deliveries, the audit. InnoDB locks
what lies between rows too, and still ends one of two transactions now and then: it is as if that
had never begun, and begins anew.
"""

import logging
from asyncio import sleep
from collections.abc import Awaitable, Callable
from typing import TypeVar

from backend.core.clock import monotonic_seconds
from backend.core.errors import DatabaseUnavailable, TablesBusy
from backend.database.engine import AsyncConnection, AsyncEngine, transaction

Result = TypeVar("Result")

PATIENCE_SECONDS = 900.0
LOOK_AGAIN_SECONDS = 1.0
# A person is answered within three seconds: so late one more wait for a lock is begun.
ANEW_WITHIN_SECONDS = 1.5
ANEW_AFTER_SECONDS = 0.05

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
    deadline = monotonic_seconds() + PATIENCE_SECONDS
    told = False
    while True:
        try:
            return await attempt()
        except DatabaseUnavailable as error:
            if error.kind != "locked":
                raise
            if monotonic_seconds() >= deadline:
                raise TablesBusy("others are using them for long", PATIENCE_SECONDS) from error
        if not told:
            log.warning(waiting, extra={"reason": "others are using our tables"})
        told = True
        await sleep(LOOK_AGAIN_SECONDS)


async def changed(
    engine: AsyncEngine, change: Callable[[AsyncConnection], Awaitable[Result]]
) -> Result:
    """Change tables of ours for a person, in one transaction; anew where others were in the way.

    Parameters
    ----------
    engine
        Where our tables are.
    change
        Done anew as long as a person may wait; what it did before is taken back.

    Raises
    ------
    DatabaseUnavailable
        When others hold our tables for longer, among others.
    """
    last_begun = monotonic_seconds() + ANEW_WITHIN_SECONDS
    while True:
        try:
            async with transaction(engine) as connection:
                return await change(connection)
        except DatabaseUnavailable as error:
            if error.kind != "locked" or monotonic_seconds() > last_begun:
                raise
        await sleep(ANEW_AFTER_SECONDS)
