"""What is made in a thread while what was made before it is used."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from typing import TypeVar

Asked = TypeVar("Asked")
Made = TypeVar("Made")


async def made_ahead(make: Callable[[Asked], Made], each: Iterable[Asked]) -> AsyncGenerator[Made]:
    """Give what is made of each, in their order; the next is made meanwhile, and no more than that.

    Parameters
    ----------
    make
        Computes, mostly outside Python's lock; what it raises is raised here in its turn.
    each
        What it is told.
    """
    making: asyncio.Task[Made] | None = None
    try:
        for one in each:
            before, making = making, asyncio.create_task(asyncio.to_thread(make, one))
            if before is not None:
                yield await before
        if making is not None:
            yield await making
    finally:
        if making is not None:
            await asyncio.wait({making})
