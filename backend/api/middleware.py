"""Around every request: its id, in the answer and on every log line, and one access line."""

import logging
import re
import secrets
from collections.abc import Callable
from time import perf_counter

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.core.logging import request_id

HEADER = "X-Request-ID"
ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,64}")

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
    """

    def __init__(self, app: ASGIApp, unexpected: Callable[[Scope, Exception], ASGIApp]) -> None:
        self.app = app
        self.unexpected = unexpected

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        sent = Headers(scope=scope).get(HEADER, "")
        identity = sent if ACCEPTED.fullmatch(sent) else secrets.token_hex(8)
        request_id.set(identity)  # to the end of the server's task for this request
        await self._serve(scope, receive, send, identity)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, identity: str) -> None:
        started, status = perf_counter(), 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = identity
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except Exception as error:
            answer = self.unexpected(scope, error)
            if status:  # half an answer is out: only closing the connection says that it is half
                raise
            await answer(scope, receive, send_with_id)
        finally:
            log.info("request", extra=_facts(scope, status or 500, perf_counter() - started))


def _facts(scope: Scope, status: int, seconds: float) -> dict[str, str | int | float]:
    # The route's pattern, not the path: ids and queries may hold an e-mail.
    route = getattr(scope.get("route"), "path", "unknown")
    return {
        "method": scope["method"],
        "route": route,
        "status": status,
        "milliseconds": round(seconds * 1000, 1),
    }
