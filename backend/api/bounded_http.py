"""Connections within bounds: what a stranger may send before any request of theirs is known.

With httptools, uvicorn does not bound the bytes of a head; with no parser does it bound its time or
how long an answer may lie about that nobody takes. It lets a class of one's own speak HTTP
(`uvicorn.Config(http=…)`): this one adds those bounds and changes nothing else. Why not h11, which
bounds the bytes: docs/decisions/0015.
"""

import json
import logging
import secrets
from asyncio import TimerHandle, Transport
from http import HTTPStatus
from typing import Any, ClassVar

from httptools import HttpParserError, HttpParserUpgrade
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from backend.api.problems import HEADERS_TOO_LARGE, PROBLEM, title
from backend.api.request_bounds import BOUNDED, HEAD_BYTES, HEADERS

HEAD_SECONDS = 10.0
# How long an answer may lie about that the other side does not take.
STUCK_SECONDS = 30.0
# Connections without a whole head, the idle ones too; of more, the longest waiting one is closed.
MOST_WAITING = 500
MOST_PIPELINED = 32
SENTENCES = {
    HTTPStatus.BAD_REQUEST: "This is not HTTP/1.1 that can be served.",
    HTTPStatus.REQUEST_TIMEOUT: f"The head did not arrive within {HEAD_SECONDS:g} seconds.",
    HEADERS_TOO_LARGE: f"The head is larger than {HEAD_BYTES:,} bytes or {HEADERS} headers.",
}

log = logging.getLogger("backend.access")


class TooMuch(HttpParserError):
    """More was sent than anybody needs to."""


class NotOneHost(HttpParserError):
    """HTTP/1.1 asks for the name of the host, once: of two nobody can tell which a proxy meant."""


class BoundedHttp(HttpToolsProtocol):
    """uvicorn's own protocol, within bounds."""

    # A process has one server: its connections without a whole head, the longest waiting first.
    waiting: ClassVar[dict["BoundedHttp", None]] = {}

    def __init__(self, *args: Any, **rest: Any) -> None:
        super().__init__(*args, **rest)
        self._untold_bytes = 0  # received since the parser last told of something
        self._refusal = HTTPStatus.BAD_REQUEST
        self._is_over = False  # what comes still is not read
        self._deadline: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Wait for a head, but not for ever."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless what has come without an end in sight is too much."""
        if self._is_over:
            return
        if self._untold_bytes > HEAD_BYTES:
            self._refuse(HEADERS_TOO_LARGE)
            return
        self._untold_bytes += len(data)
        self._unset_keepalive_if_required()
        try:
            # Not by uvicorn's own method, which warns the log of whatever strangers send.
            self.parser.feed_data(data)
        except HttpParserUpgrade:
            pass  # nothing else is spoken: the request is served as it is
        except HttpParserError:
            self._refuse(self._refusal)
        if self._deadline is None and not self._is_answering():
            self._await_head()

    def on_headers_complete(self) -> None:
        """Serve a request whose head is within the bounds, unless too many wait already."""
        if self._untold_bytes > HEAD_BYTES or len(self.headers) > HEADERS or self.pipeline:
            self._refuse_too_much()
        named = dict(self.headers)
        if b"host" not in named or len(named) < len(self.headers):
            self._refuse_unless_one_host()
        self.scope["extensions"] = BOUNDED
        self._untold_bytes = 0
        self._stop_waiting()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Hand on a piece of a body."""
        self._untold_bytes = 0
        super().on_body(body)

    def on_response_complete(self) -> None:
        """Wait for the next request, or for the answer to be taken, but not for ever."""
        is_last = not self.pipeline
        super().on_response_complete()
        if self.transport.is_closing():
            self._abort_after(STUCK_SECONDS)
        elif self._is_over and is_last:
            self._refuse(self._refusal)
        else:
            self._make_room()

    def timeout_keep_alive_handler(self) -> None:
        """Close what is idle, whether or not the last answer was taken."""
        super().timeout_keep_alive_handler()
        self._abort_after(STUCK_SECONDS)

    def pause_writing(self) -> None:
        """Give up on a reader that takes nothing."""
        super().pause_writing()
        self._abort_after(STUCK_SECONDS)

    def resume_writing(self) -> None:
        """Go on."""
        self._stop_waiting()
        super().resume_writing()

    def _refuse_too_much(self) -> None:
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > HEAD_BYTES or len(self.headers) > HEADERS:
            self._refusal = HEADERS_TOO_LARGE
            raise TooMuch
        if len(self.pipeline) >= MOST_PIPELINED:
            raise TooMuch

    def _refuse_unless_one_host(self) -> None:
        hosts = [name for name, _ in self.headers].count(b"host")
        if hosts > 1 or (hosts == 0 and self.parser.get_http_version() == "1.1"):
            raise NotOneHost

    def _is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _await_head(self) -> None:
        if not self.transport.is_closing():
            self._make_room()
            self._deadline = self.loop.call_later(HEAD_SECONDS, self._end_waiting)

    def _make_room(self) -> None:
        """Join those who wait; where that makes too many, close the longest waiting one."""
        self.waiting[self] = None
        if len(self.waiting) > MOST_WAITING:
            next(iter(self.waiting))._end_waiting()

    def _end_waiting(self) -> None:
        """Close the connection, in words where a part of a head has come."""
        if self._untold_bytes:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self._close()

    def _stop_waiting(self) -> None:
        self.waiting.pop(self, None)
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _abort_after(self, seconds: float) -> None:
        self._stop_waiting()
        self._deadline = self.loop.call_later(seconds, self.transport.abort)

    def _close(self) -> None:
        self.transport.close()
        self._abort_after(STUCK_SECONDS)

    def _gives_up_a_half(self) -> bool:
        """Drop the newest request if its body is broken; tell whether nothing else is answered."""
        if not self.cycle.more_body:
            return False
        if self.cycle.response_started:
            self._close()
        self.cycle.disconnected = self.cycle.response_complete = True
        self.cycle.message_event.set()
        if self.pipeline:
            self.pipeline.popleft()
            return False
        return True

    def _refuse(self, status: HTTPStatus) -> None:
        """Say what is wrong once all that was right is answered, and close."""
        self._refusal, self._is_over = status, True
        if self._is_answering() and not self._gives_up_a_half():
            return
        if not self.transport.is_closing():
            identity = secrets.token_hex(8)
            log.info("request refused", extra={"status": status.value, "request_id": identity})
            self.transport.write(_refusal(status, identity))
        self._close()


def _refusal(status: HTTPStatus, identity: str) -> bytes:
    """Write a whole answer: there is no request that the app could answer."""
    body = json.dumps(
        {
            "type": "about:blank",
            "title": title(status),
            "status": status.value,
            "detail": SENTENCES[status],
            "request_id": identity,
        }
    )
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}",
        f"Content-Type: {PROBLEM}",
        f"Content-Length: {len(body)}",
        f"X-Request-ID: {identity}",
        "Connection: close",
    )
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()
