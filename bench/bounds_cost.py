"""What bounds, headers, ids and limits cost: each alone around one bare route.

Each line gives the median of requests per second, which a busy machine spoils, the CPU
microseconds that the server uses for a request, and what these are beside the bare route's. All
variants take turns in short slices, and the tenth of a variant's slices that used the least is what
counts: whatever else a machine does only ever adds to a slice, by the caches it empties. The second
line is the bare route again, in another process: what it is off by the others may be, too.

Ours are without the framework's telemetry and what else it puts around every application, as the
service is; the third line is a bare route without telemetry, to tell what of it that brings.
"""

import os
import re
import socket
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from fastapi import APIRouter, FastAPI
from limits import RateLimitItemPerMinute

from backend.api import problems
from backend.api.admission import Admission
from backend.api.keys import Keyring, Role
from backend.api.middleware import surround
from backend.api.request_tallies import Requests
from backend.api.routers import ForAnyKey
from backend.api.security_headers import security_headers
from backend.clients.request_counts import CountsHere
from backend.core.logging import set_up_logging
from backend.main import UNTOLD

ROUNDS, REQUESTS_OF_A_SLICE, AT_ONCE = 300, 16, 4
KEY = "a-key-of-the-bench-alone"
# What wrk and most callers send.
REQUEST = f"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: {KEY}\r\n\r\n".encode()
BODY = b'{"status":"here"}'
BARE = "bare route, httptools"
BOUNDED = "backend.api.bounded_http:BoundedHttp"


def _app(*, keyed: bool = False, limited: bool = False, **settings: Any) -> FastAPI:
    set_up_logging("WARNING")
    app = FastAPI(openapi_url=None, **settings)
    router = APIRouter(route_class=ForAnyKey) if keyed else APIRouter()

    async def route() -> dict[str, str]:
        return {"status": "here"}

    router.add_api_route("/", route)
    app.include_router(router)
    if keyed:
        app.add_middleware(_State, api=_Api(_admission(limited=limited)))
    return app


class _Api:
    def __init__(self, admission: Admission) -> None:
        self.admission = admission


class _State:
    """Gives requests what the lifespan of the service does."""

    def __init__(self, app: Any, api: _Api) -> None:
        self.app, self.api = app, api

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        scope.setdefault("state", {})["api"] = self.api
        await self.app(scope, receive, send)


def _admission(*, limited: bool) -> Admission:
    return Admission(
        keys=Keyring.of({Role.READS: [KEY], Role.ADMINISTERS: ["another-key-of-the-bench"]}),
        counts=CountsHere(),
        wrong_keys=RateLimitItemPerMinute(30),
        per_key=RateLimitItemPerMinute(10**9) if limited else None,
        names={KEY: "the bench's key"},
    )


def _nothing(*_of: object) -> Any:
    return ()


def _surrounded(count: Any = _nothing, added: Any = _nothing) -> FastAPI:
    app = _app(telemetry=UNTOLD)
    surround(app, problems.unexpected, count, added)
    return app


COUNT = Requests().count
APPS: Mapping[str, Callable[[], FastAPI]] = {
    "bare": _app,
    "untold": lambda: _app(telemetry=UNTOLD),
    "ids": _surrounded,
    "counted": lambda: _surrounded(COUNT),
    "headers": lambda: _surrounded(added=security_headers),
    "all": lambda: _surrounded(COUNT, security_headers),
    "key": lambda: _app(keyed=True),
    "limit": lambda: _app(keyed=True, limited=True),
}
# What is printed → which app, and what speaks HTTP.
VARIANTS = {
    BARE: ("bare", "httptools"),
    "the same once more": ("bare", "httptools"),
    "bare route without telemetry": ("untold", "httptools"),
    "bare route, h11": ("bare", "h11"),
    "bounded connections": ("bare", BOUNDED),
    "ids and sizes of heads": ("ids", "httptools"),
    "ids and metrics": ("counted", "httptools"),
    "ids and security headers": ("headers", "httptools"),
    "all of these but connections": ("all", "httptools"),
    "all of these together": ("all", BOUNDED),
    "a key": ("key", "httptools"),
    "a key and its rate limit": ("limit", "httptools"),
}


@dataclass(frozen=True, slots=True)
class Slice:
    """Some requests in a row: requests per second, and CPU of the server for one of them."""

    rate: float
    cpu_micros: float


@dataclass(frozen=True, slots=True)
class Served:
    """A server of one variant.

    Attributes
    ----------
    address
        Where it listens.
    process
        Its id; it has one thread.
    """

    address: str
    process: int

    def slice(self) -> Slice:
        """Send so many requests on connections that are open, and measure what they took."""
        with ExitStack() as stack:
            # Anew, since servers close what was idle.
            connections = [stack.enter_context(_connected(self.address)) for _ in range(AT_ONCE)]
            _ask(connections)
            cpu, wall = self._cpu_seconds(), perf_counter()
            for _ in range(REQUESTS_OF_A_SLICE // AT_ONCE):
                _ask(connections)
            took, used = perf_counter() - wall, self._cpu_seconds() - cpu
        micros = used * 1e6 / REQUESTS_OF_A_SLICE
        return Slice(REQUESTS_OF_A_SLICE / took, micros)

    def _cpu_seconds(self) -> float:
        return int(Path(f"/proc/{self.process}/schedstat").read_text().split()[0]) / 1e9


def __getattr__(name: str) -> FastAPI:
    """Make the app that a server of this bench asks for."""
    if name not in APPS:
        raise AttributeError(name)
    return APPS[name]()


@contextmanager
def _served(app: str, http: str) -> Iterator[Served]:
    run = (
        "import sys, uvicorn; from bench import bounds_cost; "
        "uvicorn.run(getattr(bounds_cost, sys.argv[1]), port=0, http=sys.argv[2], "
        "access_log=False, log_level='info')"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", run, app, http], stderr=subprocess.PIPE, text=True, env=os.environ
    )
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if found := re.search(r"running on (http://\S+)", line):
                yield Served(found[1], process.pid)
                break
    finally:
        process.terminate()
        process.wait(10)


def _connected(address: str) -> socket.socket:
    host, port = address.removeprefix("http://").split(":")
    made = socket.create_connection((host, int(port)))
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def _ask(connections: Sequence[socket.socket]) -> None:
    """Have a request answered on each connection."""
    for one in connections:
        one.sendall(REQUEST)
    for one in connections:
        _read_answer(one)


def _read_answer(connection: socket.socket) -> None:
    answer = b""
    while not answer.endswith(BODY):
        piece = connection.recv(65536)
        assert piece, answer
        answer += piece
    assert answer.startswith(b"HTTP/1.1 200 "), answer


def _undisturbed(slices: Sequence[Slice]) -> float:
    return statistics.quantiles((one.cpu_micros for one in slices), n=10)[0]


def main() -> None:
    """Print the table."""
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(_served(app, http)) for name, (app, http) in VARIANTS.items()
        }
        slices: dict[str, list[Slice]] = {name: [] for name in VARIANTS}
        for _ in range(ROUNDS):
            for name, served in servers.items():
                slices[name].append(served.slice())
    bare = _undisturbed(slices[BARE])
    for name, measured in slices.items():
        rate = statistics.median(one.rate for one in measured)
        micros = _undisturbed(measured)
        sys.stdout.write(f"{name:32} {rate:8,.0f}/s {micros:6,.0f} us {micros / bare:5.0%}\n")


if __name__ == "__main__":
    main()
