"""What a web process weighs, and what its start and `--help` cost, beside a bare FastAPI app.

    python -m bench.startup [--requests N]

CPU seconds are user and system time together. What else the machine does makes them more all the
same, so the floor, the same server around an empty FastAPI app, is weighed in turn with ours, and a
start is judged by how many times the floor's it takes. The bounds are the project's own.
"""

import argparse
import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from types import MappingProxyType

import httpx

from tests.live import API_KEY, environment
from tests.services import free_port, mysql, postgresql
from tests.shops import AS_OF, fill, invented

MOST_MEMORY_MIB, MOST_HELP_SECONDS = 120.0, 0.6
MOST_TIMES_BARE = 2.7  # 1.0 s to the first answer, on a machine where the floor takes .37
TURNS = 3
FLOOR = "from fastapi import FastAPI; app = FastAPI(); app.get('/health')(lambda: {})"
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
FIRST_ANSWER_WITHIN_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Weight:
    """CPU seconds until the first answer, and resident MiB then and after many requests."""

    start_seconds: float
    first_mib: float
    last_mib: float


def paths(requests: int) -> Iterator[str]:
    """Yield what the service is asked for: profiles, explained ones, searches, segments."""
    for number in range(requests):
        customer = number % 240 + 1
        yield (
            f"/api/mcp/customers/{customer}",
            f"/api/mcp/customers/{customer}?explain=true",
            f"/api/mcp/customers/search?query=person{customer}",
            "/api/mcp/segments",
        )[number % 4]


@contextmanager
def server(
    app: str, folder: Path, url: str, changed: Mapping[str, str] = MappingProxyType({})
) -> Iterator[tuple[int, httpx.Client]]:
    """Serve an app; yield its process and a client once it has answered."""
    port = free_port()
    variables = environment(url, {"LOG_LEVEL": "WARNING", **changed})
    arguments = (sys.executable, "-m", "uvicorn", app, "--port", str(port), "--log-level", "error")
    process = subprocess.Popen(arguments, cwd=folder, env=variables, stdout=subprocess.DEVNULL)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        try:
            _first_answer(client)
            yield process.pid, client
        finally:
            process.terminate()
            process.wait(20)


def _first_answer(client: httpx.Client) -> None:
    until = time.monotonic() + FIRST_ANSWER_WITHIN_SECONDS
    while time.monotonic() < until:
        try:
            client.get("/health").raise_for_status()
        except httpx.TransportError:
            time.sleep(0.02)
        else:
            return
    sys.exit("the server did not answer")


def weigh(app: str, folder: Path, url: str, asked: Iterable[str]) -> Weight:
    """Start a server, ask it, and read what the system says of its process."""
    with server(app, folder, url) as (process, client):
        seconds, first = _cpu_seconds(process), _resident_mib(process)
        for path in asked:
            client.get(path, headers={"X-API-Key": API_KEY}).raise_for_status()
        return Weight(seconds, first, _resident_mib(process))


def _cpu_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    user, system = fields[11:13]
    return (int(user) + int(system)) / TICKS_PER_SECOND


def _resident_mib(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def help_seconds(arguments: tuple[str, ...]) -> float:
    """Return the CPU seconds of a Python process that ends by itself."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run((sys.executable, *arguments), check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def clustered(url: str, folder: Path) -> str:
    """Fill a shop and publish one run, so that there is something to serve."""
    asyncio.run(fill(url, invented(240)))
    arguments = (sys.executable, "-m", "backend", "cluster", "--as-of", AS_OF.date().isoformat())
    subprocess.run(arguments, cwd=folder, env=environment(url), check=True, capture_output=True)
    return url


def side_by_side(folder: Path, url: str, requests: int) -> tuple[Weight, Weight]:
    """Weigh the floor and the service in turn, over requests of every kind that a shop sends.

    Returns
    -------
    tuple of Weight
        Of each the start that cost least: what disturbs it only adds.
    """
    bare, ours = [], []
    for _ in range(TURNS):
        bare.append(weigh("bare:app", folder, "", repeat("/health", requests)))
        ours.append(weigh("backend.main:app", folder, url, paths(requests)))
    return _lightest(bare), _lightest(ours)


def _lightest(weights: Iterable[Weight]) -> Weight:
    return min(weights, key=lambda weight: weight.start_seconds)


def said(name: str, weight: Weight, verdict: str) -> str:
    """Write what was measured in one line."""
    numbers = f"{weight.start_seconds:5.2f} CPU s to the first answer"
    return f"{name:20} {numbers} {weight.first_mib:5.0f} MiB {weight.last_mib:5.0f} MiB  {verdict}"


def verdict_of(weight: Weight, bare: Weight) -> str:
    """Hold a process against the bounds."""
    times = weight.start_seconds / bare.start_seconds
    kept = times <= MOST_TIMES_BARE and weight.last_mib <= MOST_MEMORY_MIB
    bounds = f"{MOST_TIMES_BARE} times bare, {MOST_MEMORY_MIB:.0f} MiB"
    return f"{times:.2f} times bare: {'within' if kept else 'ABOVE'} {bounds}"


def main() -> None:
    """Print the floor and the service on every kind of database, then a command's help."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=1000)
    requests = parser.parse_args().requests
    with tempfile.TemporaryDirectory() as name, postgresql() as postgres, mysql() as mariadb:
        folder = Path(name)
        (folder / "bare.py").write_text(FLOOR)
        for url in (f"sqlite:///{folder}/shop.db", postgres.url, mariadb.url):
            clustered(url, folder)
            bare, ours = side_by_side(folder, url, requests)
            print(said("bare FastAPI", bare, f"before and after {requests:,} requests"))  # noqa: T201
            print(said(f"ours on {url.partition(':')[0]}", ours, verdict_of(ours, bare)))  # noqa: T201
    _print_help()


def _print_help() -> None:
    bare = min(help_seconds(("-c", "import typer.rich_utils, rich.progress")) for _ in range(3))
    ours = min(help_seconds(("-m", "backend", "--help")) for _ in range(3))
    verdict = "within" if ours <= MOST_HELP_SECONDS else "ABOVE"
    print(f"--help {ours:.2f} CPU s, {verdict} {MOST_HELP_SECONDS}; typer alone {bare:.2f}")  # noqa: T201


if __name__ == "__main__":
    main()
