"""Around every request: its id, in the answer and on every log line, and one access line."""

import logging
import os
import re
from collections.abc import Callable
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.core.logging import request_id

HEADER = "X-Request-ID"
RAW_HEADER = HEADER.lower().encode()
ACCEPTED = re.compile(rb"[A-Za-z0-9._-]{1,64}")

log = logging.getLogger("backend.access")


class RequestId:
    """Give each request an id: the caller's, if it is a plain word, else one of ours.

    Outermost, so that whatever answers does so under the id. What nobody expected is answered here
    too: further out the server would log it once more, and close the connection unannounced.

    Parameters
    ----------
    app
        What serves.
    unexpected
        Makes the answer to an error that nobody handled.
    count
        Is told of every answer: the request, the route's pattern, the status, the seconds.
    """

    def __init__(
        self,
        app: ASGIApp,
        unexpected: Callable[[Scope, Exception], ASGIApp],
        count: Callable[[Scope, str, int, float], None],
    ) -> None:
        self.app = app
        self.unexpected = unexpected
        self.count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        identity = _sent(scope) or os.urandom(8).hex().encode()
        request_id.set(identity.decode())  # to the end of the server's task for this request
        await self._serve(scope, receive, send, (RAW_HEADER, identity))

    async def _serve(
        self, scope: Scope, receive: Receive, send: Send, header: tuple[bytes, bytes]
    ) -> None:
        started, status = perf_counter(), 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), header]
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except Exception as error:
            answer = self.unexpected(scope, error)
            if status:  # half an answer is out: only closing the connection says that it is half
                raise
            await answer(scope, receive, send_with_id)
        finally:
            self._note(scope, status or 500, perf_counter() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        # The route's pattern, not the path: ids and queries may hold an e-mail.
        route = getattr(scope.get("route"), "path_format", "unknown")
        self.count(scope, route, status, seconds)
        if not log.isEnabledFor(logging.INFO):
            return
        facts = {"method": scope["method"], "route": route, "status": status}
        log.info("request", extra={**facts, "milliseconds": round(seconds * 1000, 1)})


def _sent(scope: Scope) -> bytes | None:
    """Return the id that the caller sent, if it is a plain word."""
    for name, value in scope["headers"]:
        if name == RAW_HEADER:
            return bytes(value) if ACCEPTED.fullmatch(value) else None
    return None
