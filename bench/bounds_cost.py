"""What bounds, headers, ids and limits cost: each alone around one bare route, by wrk.

Each line gives the median of requests per second, which a busy machine spoils, and of the CPU
microseconds that the server uses for a request, which it hardly does, and the median over the
rounds of what that is beside the bare route's in the same round.
"""

import os
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from limits import RateLimitItemPerMinute

from backend.api import problems
from backend.api.admission import Admission
from backend.api.keys import Keyring, Role
from backend.api.middleware import EveryRequest
from backend.api.request_tallies import Requests
from backend.api.routers import ForAnyKey
from backend.api.security_headers import security_headers
from backend.clients.request_counts import CountsHere
from backend.core.logging import set_up_logging

ROUNDS, SECONDS = 15, 1
KEY = "a-key-of-the-bench-alone"
BOUNDED = "backend.api.bounded_http:BoundedHttp"


def _app(*, keyed: bool = False, limited: bool = False) -> FastAPI:
    set_up_logging("WARNING")
    app = FastAPI(openapi_url=None)
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


def _with(*middleware: tuple[Any, Mapping[str, Any]]) -> Callable[[], FastAPI]:
    def made() -> FastAPI:
        app = _app()
        for one, options in middleware:
            app.add_middleware(one, **options)
        return app

    return made


def _nothing(*_of: object) -> Any:
    return ()


def _every(count: Any = _nothing, added: Any = _nothing) -> tuple[Any, Mapping[str, Any]]:
    return EveryRequest, {"unexpected": problems.unexpected, "count": count, "added": added}


COUNT = Requests().count
APPS: Mapping[str, Callable[[], FastAPI]] = {
    "bare": _app,
    "ids": _with(_every()),
    "counted": _with(_every(COUNT)),
    "headers": _with(_every(added=security_headers)),
    "all": _with(_every(COUNT, security_headers)),
    "key": lambda: _app(keyed=True),
    "limit": lambda: _app(keyed=True, limited=True),
}
# What is printed → which app, and what speaks HTTP.
VARIANTS = {
    "bare route, httptools": ("bare", "httptools"),
    "bare route, h11": ("bare", "h11"),
    "bounded connections": ("bare", BOUNDED),
    "ids and sizes of heads": ("ids", "httptools"),
    "the same and metrics": ("counted", "httptools"),
    "the same and security headers": ("headers", "httptools"),
    "all of these but connections": ("all", "httptools"),
    "all of these together": ("all", BOUNDED),
    "a key": ("key", "httptools"),
    "a key and its rate limit": ("limit", "httptools"),
}


@dataclass(frozen=True, slots=True)
class Served:
    """A server of one variant."""

    address: str
    process: int

    def cpu_seconds(self) -> float:
        """Return what its one thread has used so far."""
        return int(Path(f"/proc/{self.process}/schedstat").read_text().split()[0]) / 1e9


@dataclass(frozen=True, slots=True)
class Measured:
    """One round: requests per second, and CPU per request."""

    rate: float
    cpu_micros: float


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


def _measured(served: Served) -> Measured:
    wrk = shutil.which("wrk")
    assert wrk, "wrk is missing: apt-get install wrk"
    before = served.cpu_seconds()
    call = [wrk, "-t1", "-c8", f"-d{SECONDS}s", "-H", f"X-API-Key: {KEY}", served.address]
    said = subprocess.run(call, capture_output=True, text=True, check=True).stdout
    found = re.search(r"Requests/sec:\s+([0-9.]+)", said)
    assert found, said
    assert "Non-2xx" not in said, said
    count = re.search(r"([0-9]+) requests in", said)
    assert count, said
    return Measured(float(found[1]), (served.cpu_seconds() - before) * 1e6 / int(count[1]))


def main() -> None:
    """Print the table."""
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(_served(app, http)) for name, (app, http) in VARIANTS.items()
        }
        rounds: dict[str, list[Measured]] = {name: [] for name in VARIANTS}
        for _ in range(ROUNDS):
            for name, served in servers.items():
                rounds[name].append(_measured(served))
    bare = rounds["bare route, httptools"]
    for name, measured in rounds.items():
        rate = statistics.median(one.rate for one in measured)
        micros = statistics.median(one.cpu_micros for one in measured)
        beside = statistics.median(
            one.cpu_micros / of.cpu_micros for one, of in zip(measured, bare, strict=True)
        )
        sys.stdout.write(f"{name:32} {rate:8,.0f}/s {micros:6,.0f} us {beside:5.0%}\n")


if __name__ == "__main__":
    main()
