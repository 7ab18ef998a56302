"""A service that is asked to end: what is under way is answered, or told that it will not be."""

import json
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.live import ADMIN_KEY, SERVE, UVICORN, Live, serving
from tests.performed import NO_WORKER
from tests.waiting import PATIENCE_SECONDS

HEAD = (
    "PATCH /api/admin/segments/x HTTP/1.1\r\nHost: x\r\nX-Request-ID: under-way\r\n"
    f"X-API-Key: {ADMIN_KEY}\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
)
TWO = ("--workers", "2")
# How it is started, with which arguments, what asks it to end, and what it then ends with.
WAYS = [
    pytest.param(SERVE, (), signal.SIGTERM, -signal.SIGTERM, id="serve-SIGTERM"),
    pytest.param(SERVE, (), signal.SIGINT, 0, id="serve-SIGINT"),
    pytest.param(SERVE, (), signal.SIGHUP, -signal.SIGTERM, id="serve-SIGHUP"),
    pytest.param(UVICORN, (), signal.SIGTERM, -signal.SIGTERM, id="uvicorn-SIGTERM"),
    pytest.param(SERVE, TWO, signal.SIGTERM, 0, id="two-SIGTERM"),
    pytest.param(SERVE, TWO, signal.SIGINT, 0, id="two-SIGINT", marks=pytest.mark.long),
]


@contextmanager
def half_asked(live: Live) -> Iterator[socket.socket]:
    """Have a request whose body the service waits for."""
    host, port = live.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(HEAD.encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
        yield connection


def rest_of(connection: socket.socket) -> tuple[bytes, dict[str, object]]:
    """Return the head and the problem that come until the other side closes."""
    received = b""
    while piece := connection.recv(65536):
        received += piece
    head, body = received.split(b"\r\n\r\n")
    return head, json.loads(body)


@pytest.mark.parametrize(("program", "arguments", "number", "code"), WAYS)
def test_what_is_under_way_is_answered_and_then_it_is_out(
    tmp_path: Path,
    program: tuple[str, ...],
    arguments: tuple[str, ...],
    number: signal.Signals,
    code: int,
) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    started = {"program": program, "arguments": arguments, "anew": bool(arguments)}
    with serving(url, tmp_path, variables=NO_WORKER, **started) as live:  # type: ignore[arg-type]
        with half_asked(live) as connection:
            live.process.send_signal(number)
            connection.sendall(b"{}")
            head, told = rest_of(connection)
        assert head.startswith(b"HTTP/1.1 422 ")
        assert told["request_id"] == "under-way"
        assert live.process.wait(PATIENCE_SECONDS) == code
        assert "Traceback" not in live.log.read_text()


def test_what_outlasts_the_process_is_told_that_it_stops(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    variables = {**NO_WORKER, "SHUTDOWN_SECONDS": "1"}
    with serving(url, tmp_path, variables=variables, program=SERVE) as live:
        with half_asked(live) as connection:
            live.process.terminate()
            head, told = rest_of(connection)
        assert head.startswith(b"HTTP/1.1 503 ")
        assert told == {
            "type": "about:blank",
            "title": "Service Unavailable",
            "status": 503,
            "detail": "The service is stopping; try again shortly.",
            "instance": "/api/admin/segments/x",
            "request_id": "under-way",
        }
        assert live.process.wait(PATIENCE_SECONDS) == -signal.SIGTERM
