"""A receiver of webhooks as a shop may have one: a real server that keeps what it is sent."""

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import loads
from typing import Any

from tests.waiting import wait_until

WITHOUT_LIMITS = {"WEBHOOKS_ALLOW_PRIVATE": "true"}


@dataclass(frozen=True, slots=True)
class Call:
    """What was sent once."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        """Return the id that stays the same in every attempt."""
        return self.headers["webhook-id"]

    @property
    def told(self) -> dict[str, Any]:
        """Return what it says."""
        return dict(loads(self.body))

    @property
    def event(self) -> str:
        """Return what it is about."""
        return str(self.told["type"])


@dataclass(slots=True)
class Receiver:
    """What was sent so far, and what is answered.

    Attributes
    ----------
    answer
        Says of each call with what status and headers it is answered.
    """

    url: str
    answer: Callable[[Call], tuple[int, Mapping[str, str]]] = lambda _: (204, {})
    calls: list[Call] = field(default_factory=list)

    def until(self, count: int) -> list[Call]:
        """Wait until so many calls have come."""
        wait_until(
            lambda: len(self.calls) >= count, lambda: f"{len(self.calls)} of {count} calls came"
        )
        return self.calls

    def of(self, event: str) -> list[Call]:
        """Return the calls that are about an event."""
        return [call for call in self.calls if call.event == event]


@contextmanager
def receiving(trusted: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Iterator[Receiver]:
    """Run a receiver; with a context it speaks TLS."""
    server = ThreadingHTTPServer((host, 0), _Handler)
    scheme = "http" if trusted is None else "https"
    if trusted is not None:
        server.socket = trusted.wrap_socket(server.socket, server_side=True)
    server.daemon_threads = True
    receiver = Receiver(f"{scheme}://{host}:{server.server_port}/hooks")
    server.receiver = receiver  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        receiver: Receiver = self.server.receiver  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        call = Call(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        receiver.calls.append(call)
        status, headers = receiver.answer(call)
        self.send_response(status)
        for name, value in {"Content-Length": "0", **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""
