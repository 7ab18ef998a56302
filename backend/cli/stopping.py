"""What a command is at when it is asked to end."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from backend.core.errors import Stopped

Result = TypeVar("Result")


async def unless_stopped(stop: asyncio.Event, work: Coroutine[Any, Any, Result]) -> Result:
    """Do something, unless the command is asked to end meanwhile.

    Raises
    ------
    Stopped
        When it is; the work is given up, however long it takes to notice.
    """
    task = asyncio.create_task(work)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if task.done():
        return task.result()
    task.cancel()
    raise Stopped
