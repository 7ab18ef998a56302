"""What becomes of requests when the process is asked to end: they have so many seconds."""

import asyncio
import logging
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.api.problems import problem
from backend.core.ending import out_after

# For what comes after the last answer: the run is handed back, connections are closed.
LAST_MOMENTS_SECONDS = 5.0

log = logging.getLogger(__name__)


class Closing:
    """Whether the process was asked to end, and the requests that are under way.

    Attributes
    ----------
    begun
        Set once it was.
    under_way
        The bounds of those requests, each entered.
    """

    def __init__(self, seconds: float) -> None:
        self.begun = asyncio.Event()
        self._seconds = seconds
        self.under_way: set[asyncio.Timeout] = set()

    def begin(self) -> None:
        """Bound all requests, those that still come too, and the process."""
        if self.begun.is_set():
            return
        self.begun.set()
        out_after(self._seconds + LAST_MOMENTS_SECONDS)
        for bound in self.under_way:
            bound.reschedule(self._deadline())

    def bound(self) -> asyncio.Timeout:
        """Return how long a request may take that begins now."""
        return asyncio.timeout_at(self._deadline() if self.begun.is_set() else None)

    def _deadline(self) -> float:
        return asyncio.get_running_loop().time() + self._seconds


class BoundedWhenClosing:
    """Ends requests that outlast the process: servers that are asked to end wait for all."""

    def __init__(self, app: ASGIApp, closing: Closing) -> None:
        self._app = app
        self._closing = closing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, for as long as there is."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def note(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        bound, under_way = self._closing.bound(), self._closing.under_way
        try:
            async with bound:
                under_way.add(bound)
                try:
                    await self._app(scope, receive, note)
                finally:
                    under_way.discard(bound)
        except TimeoutError:
            if begun or not bound.expired():
                raise
            log.warning("a request was ended", extra={"reason": "the process is to end"})
            await _ending(scope)(scope, receive, send)


def _ending(scope: Scope) -> JSONResponse:
    detail = "The service is stopping; try again shortly."
    headers = {"Retry-After": "5", "Connection": "close"}
    return problem(Request(scope), HTTPStatus.SERVICE_UNAVAILABLE, detail, headers=headers)
