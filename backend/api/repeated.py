"""Answers that this process gave a moment ago, as bytes: given again to who asks for the same.

Kept while one state is served, so that a run, a new name or somebody's erasure ends them as soon as
this process knows of it; and for some seconds at most, so that what the shop changed is told soon
after. They may hold e-mails and names: these never leave the process.
"""

from collections.abc import Awaitable, Callable

from cachetools import TTLCache
from fastapi import Request, Response

from backend.api.served_state import ServedState
from backend.store.served import Served

MOST_BYTES = 16 * 2**20
JSON = "application/json"

Key = tuple[str, bytes, bool]
Work = Callable[[], Awaitable[Response]]


class RepeatableAnswer(Response):
    """An answer to a GET that depends on address, sight of people, and what is stored alone.

    A route that returns it says so in its signature, and takes the request and texts of its path
    alone; all else that it takes comes from the query, and has a default.
    """

    media_type = JSON


class RepeatedAnswers:
    """Answers of this process.

    Parameters
    ----------
    served
        Knows what is served.
    seconds
        How old an answer may become; 0: none is repeated.
    """

    def __init__(self, served: ServedState, seconds: float) -> None:
        self._served = served
        self._seconds = seconds
        self._of: Served | None = None
        self._kept: TTLCache[Key, bytes] = TTLCache(MOST_BYTES, seconds, getsizeof=len)

    def forget(self) -> None:
        """Repeat nothing of what was answered so far."""
        self._of = None
        self._kept.clear()

    async def answer(self, request: Request, work: Work, *, sees_people: bool) -> Response:
        """Answer as before, or let the route work and keep its answer."""
        scope = request.scope
        if not self._seconds or scope["method"] != "GET":
            return await work()
        # The state as it is before the answer is made: what the answer says is never older.
        served = await self._served.now()
        self._forget_unless(served)
        key = scope["path"], scope["query_string"], sees_people
        if (kept := self._kept.get(key)) is not None:
            return Response(kept, media_type=JSON)
        answer = await work()
        if self._of is served and len(answer.body) < MOST_BYTES:
            self._kept[key] = bytes(answer.body)
        return answer

    def _forget_unless(self, served: Served) -> None:
        """Forget what was answered while another state was served."""
        if served is not self._of:
            if served != self._of:
                self._kept.clear()
            self._of = served
