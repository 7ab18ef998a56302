"""Answers that this process gave a moment ago, given again to who asks for the same.

Kept while one state is served, so that a run, a new name or somebody's erasure ends them as soon as
this process knows of it; and for some seconds at most, so that what the shop changed is told soon
after. They may hold e-mails and names: these never leave the process.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cachetools import TTLCache
from fastapi import Request, Response
from starlette.routing import BaseRoute
from starlette.types import Scope

from backend.api.keys import Role
from backend.api.served_state import ServedState
from backend.api.whole_answers import WholeAnswer
from backend.store.served import Served

# A process that is asked for somebody else each time keeps as many as there is room for.
MOST_BYTES = 4 * 2**20
# Of an answer's headers, tag and key, and what keeps its place; as much as of most profiles.
BYTES_BESIDE = 1250
MADE_OF = "made_of"
JSON = (b"content-type", b"application/json")

Key = tuple[str, bytes, bytes, bool]


class RepeatableAnswer(Response):
    """An answer to a GET that depends on address, sight of people, and what is stored alone.

    A route that returns it says so in its signature, and takes the request and texts of its path
    alone; all else that it takes comes from the query, and has a default. Any known key opens it.
    """

    media_type = "application/json"

    def init_headers(self, headers: Mapping[str, str] | None = None) -> None:
        """Say what it is; nothing else is told of it alone."""
        self.raw_headers = [(b"content-length", b"%d" % len(self.body)), JSON]


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer, as it was sent, and which route gave it."""

    answer: WholeAnswer
    route: BaseRoute


class RepeatedAnswers:
    """Answers of this process, as bytes: compressed ones beside those that are not.

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
        self._kept: TTLCache[Key, Kept] = TTLCache(MOST_BYTES, seconds, getsizeof=_bytes_of)

    def forget(self) -> None:
        """Repeat nothing of what was answered so far."""
        self._of = None
        self._kept.clear()

    async def kept(self, scope: Scope, role: Role) -> Kept | None:
        """Return what was answered, while the same is served; the request is of its route then.

        Raises
        ------
        DatabaseUnavailable, TablesTooOld
            When the database does not tell what is served.
        """
        key = _key(scope, role)
        if (kept := self._kept.get(key)) is None:
            return None
        scope["route"] = kept.route  # what requests are counted by
        self._forget_unless(self._served.known or await self._served.now())
        return self._kept.get(key)

    async def begin(self, request: Request) -> None:
        """Remember of which state the answer is that is made next: what it says is never older.

        Raises
        ------
        DatabaseUnavailable, TablesTooOld
            When the database does not tell.
        """
        if self._seconds and request.method == "GET":
            served = await self._served.now()
            self._forget_unless(served)
            request.scope["state"][MADE_OF] = served

    def keep(self, scope: Scope, answer: WholeAnswer) -> None:
        """Keep an answer that was begun, unless another state is served by now."""
        made_of = scope["state"].get(MADE_OF)
        if made_of is None or made_of is not self._of:
            return
        kept = Kept(answer.repeatable(), scope["route"])
        if _bytes_of(kept) < MOST_BYTES:
            self._kept[_key(scope, scope["state"]["role"])] = kept

    def _forget_unless(self, served: Served) -> None:
        """Forget what was answered while another state was served."""
        if served is not self._of:
            if served != self._of:
                self._kept.clear()
            self._of = served


def not_repeated(request: Request) -> None:
    """Say of an answer that was begun that it holds for who asked alone."""
    request.scope["state"].pop(MADE_OF, None)


def _bytes_of(kept: Kept) -> int:
    return len(kept.answer.body) + BYTES_BESIDE


def _key(scope: Scope, role: Role) -> Key:
    # As it was written: of those who ask for the same, few write what they take in another way.
    takes = dict(scope["headers"]).get(b"accept-encoding", b"")
    return scope["path"], scope["query_string"], takes, role >= Role.READS
