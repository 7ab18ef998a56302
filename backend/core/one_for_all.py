"""What many want at the same moment is done once."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")


class OneForAll(Generic[Result]):
    """Does for all who ask at once what one of them asks for; all have what it comes to.

    With a lock they would do it one after the other where it fails, each for as long as the first.
    """

    def __init__(self) -> None:
        self._under_way: asyncio.Task[Result] | None = None

    async def done(self, work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        """Return, or raise, what the work that is under way comes to; begin it where none is."""
        if self._under_way is None:
            self._under_way = asyncio.create_task(work())
            self._under_way.add_done_callback(self._over)
        return await asyncio.shield(self._under_way)  # whoever gives up leaves it to the others

    def begin_anew(self) -> None:
        """Have who asks from now on wait for nothing that was begun before."""
        self._under_way = None

    @property
    def is_under_way(self) -> bool:
        """Whether the caller is work that nobody has begun anew since."""
        return asyncio.current_task() is self._under_way

    def _over(self, work: asyncio.Task[Result]) -> None:
        if work is self._under_way:
            self._under_way = None
        if not work.cancelled():
            work.exception()  # is raised to who asked, if they are still there
