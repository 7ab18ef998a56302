"""Around every request: bounds, its id, headers of every answer, a count, and one access line."""

import logging
import os
import re
from collections.abc import Awaitable, Callable, Iterator
from time import perf_counter
from typing import Any

from fastapi import FastAPI
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.api.request_bounds import Body, announces_body, refusal_of, refuse_head
from backend.api.security_headers import RawHeaders
from backend.core.logging import request_id

HEADER = "X-Request-ID"
RAW_HEADER = HEADER.lower().encode()
ACCEPTED = re.compile(rb"[A-Za-z0-9._-]{1,64}")
ID_BYTES = 8
CLOSING = (b"connection", b"close")

Unexpected = Callable[[Scope, Exception], ASGIApp]
Count = Callable[[Scope, str, int, float], None]
Added = Callable[[Scope, RawHeaders], RawHeaders]

log = logging.getLogger("backend.access")


class EveryRequest:
    """Give each request an id: the caller's, if it is a plain word, else one of ours; count it.

    Outermost, so that whatever answers does so under the id. What nobody expected is answered here
    too: further out the server would log it once more, and close the connection unannounced. One
    class for all of that, in the place of the framework's own: each one more costs every request
    the calls that hand it on.

    Parameters
    ----------
    app
        What serves.
    unexpected
        Makes the answer to an error that nobody handled.
    count
        Is told of every answer: the request, the route's pattern, the status, the seconds.
    added
        Says by the request and an answer's headers which to add.
    """

    def __init__(
        self,
        app: ASGIApp,
        unexpected: Unexpected,
        count: Count,
        added: Added,
    ) -> None:
        self.app = app
        self.unexpected = unexpected
        self.count = count
        self.added = added

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = perf_counter(), 0
        named = dict(scope["headers"])
        header = RAW_HEADER, _begin(named.get(RAW_HEADER))
        body = Body(receive) if announces_body(named) else None

        def send_on(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status, own = message["status"], message.get("headers", [])
                message["headers"] = [*own, *self.added(scope, own), header]
                if body is not None and not body.was_read and CLOSING not in own:
                    message["headers"].append(CLOSING)
            return send(message)

        try:
            if refusal := refusal_of(scope, named):
                await refuse_head(refusal, scope, receive, send_on)
            else:
                await self.app(scope, receive if body is None else body.receive, send_on)
        except Exception as error:
            answer = self.unexpected(scope, error)
            if status:  # half an answer is out: only closing the connection says that it is half
                raise
            await answer(scope, receive, send_on)
        finally:
            # The route's pattern, not the path: ids and queries may hold an e-mail.
            route = getattr(scope.get("route"), "path_format", "unknown")
            seconds = perf_counter() - started
            self.count(scope, route, status or 500, seconds)
            _note(scope["method"], route, status or 500, seconds)


def surround(app: FastAPI, unexpected: Unexpected, count: Count, added: Added) -> None:
    """Put `EveryRequest` around an application, in the place of what the framework puts around it.

    That hands on every message thrice more and finds nothing to do: errors are answered within,
    nobody collects telemetry, and bodies are bounded behind the key.
    """
    kept = {ExceptionMiddleware, *(one.cls for one in app.user_middleware)}
    inner: Any = app.build_middleware_stack()
    while type(inner) not in kept:
        inner = inner.app
    app.middleware_stack = EveryRequest(inner, unexpected, count, added)


def _note(method: str, route: str, status: int, seconds: float) -> None:
    if log.isEnabledFor(logging.INFO):
        facts = {"method": method, "route": route, "status": status}
        log.info("request", extra={**facts, "milliseconds": round(seconds * 1000, 1)})


def _begin(sent: bytes | None) -> bytes:
    """Choose the id, which all lines of this request's log then have."""
    raw = sent if sent is not None and ACCEPTED.fullmatch(sent) else next(IDS)
    request_id.set(raw.decode())  # to the end of the server's task for this request
    return raw


def _ids() -> Iterator[bytes]:
    """Give ids that differ; many are made at once, by the first request that wants one."""
    while True:
        many = os.urandom(ID_BYTES * 1024).hex().encode()
        for at in range(0, len(many), 2 * ID_BYTES):
            yield many[at : at + 2 * ID_BYTES]


IDS = _ids()
