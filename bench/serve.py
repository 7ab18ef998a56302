"""How fast answers are beside floors measured in the same call, by wrk from another process.

CUSTOMERS says how large the shop is (1,000,000 unless said), five orders each, in a PostgreSQL of
the bench's own; `--others` measures a smaller one on MariaDB and SQLite, without targets.
"""

import asyncio
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import Request, urlopen

import asyncpg

from backend.database.engine import libpq_uri, parse_url
from bench.big_shop import AS_OF, fill, invented
from tests import services

ROUNDS, SECONDS = 3, 5
SLOW = "page of 50 with totals"
SECONDS_OF_SLOW = 30  # at a million the floor may take seconds for one
CUSTOMERS = int(os.environ.get("CUSTOMERS", "1000000"))
OF_OTHERS = min(CUSTOMERS, 20_000)
RUN_OVER = 200_000
MEMORY_MIB = 130
KEY = "a-key-of-the-bench-alone"
LIST = "/api/mcp/customers?limit=50"
SCRIPT = """
local before = os.getenv("ADDRESS")
request = function()
  return wrk.format("GET", before .. math.random(1, tonumber(os.getenv("MOST"))), wrk.headers)
end
"""
CSV_COLUMNS = "customer_id,email,archetype.id,ltv,churn_risk,predicted_value,value_at_risk"
COPY = (
    "SELECT i.customer_id, c.email, i.archetype_id, i.ltv, i.churn_risk, i.predicted_value, "
    "i.value_at_risk FROM customer_intelligence i JOIN customers c ON c.id = i.customer_id"
)


@dataclass(frozen=True, slots=True)
class Served:
    """A server of one worker."""

    address: str
    process: int

    def memory_mib(self) -> float:
        """Return what it holds."""
        status = Path(f"/proc/{self.process}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+)", status)
        return int(found[1]) / 1024 if found else 0.0

    def get(self, path: str) -> bytes:
        """Ask once."""
        request = Request(self.address + path, headers={"X-API-Key": KEY})
        with urlopen(request) as answer:
            return bytes(answer.read())


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a server, and what came of it: requests per second, p99 in milliseconds."""

    served: Served
    path: str
    most: int = 0
    connections: int = 16
    rates: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """The median."""
        return statistics.median(self.rates)

    def measure(self, seconds: int = SECONDS) -> None:
        """Ask as often as possible; with `most`, for somebody else each time."""
        wrk = shutil.which("wrk")
        assert wrk, "wrk is missing: apt-get install wrk"
        call = [wrk, "-t1", f"-c{self.connections}", f"-d{seconds}s", "--latency"]
        call += ["-H", f"X-API-Key: {KEY}"]
        with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
            if self.most:
                script.write(SCRIPT)
                script.flush()
                call += ["-s", script.name]
            told = {**os.environ, "ADDRESS": self.path, "MOST": str(self.most)}
            address = self.served.address + self.path
            said = subprocess.run(
                [*call, address], capture_output=True, text=True, check=True, env=told
            ).stdout
        assert "Non-2xx" not in said, said
        self.rates.append(float(_found(r"Requests/sec:\s+([0-9.]+)", said)))
        # On a line of its own: a spread of 88.99% is told above it.
        self.p99.append(_milliseconds(_found(r"(?m)^\s*99%\s+(\S+)", said)))


def _found(pattern: str, said: str) -> str:
    found = re.search(pattern, said)
    assert found, said
    return found[1]


def _milliseconds(written: str) -> float:
    units = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}
    number, unit = re.fullmatch(r"([0-9.]+)(us|ms|s|m)", written).groups()  # type: ignore[union-attr]
    return float(number) * units[unit]


def _variables(url: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    tables = {"CUSTOMERS_TABLE": "customers", "ORDERS_TABLE": "orders"}
    keys = {"API_KEY": KEY, "ADMIN_API_KEY": KEY + "-of-admins"}
    return {
        **kept,
        **tables,
        **keys,
        "DATABASE_URL": url,
        "RUN_WORKER": "false",
        "RATE_LIMIT_PER_MINUTE": "1000000",
        "API_STATEMENT_SECONDS": "60",  # what is told is how long it took, on a busy machine too
        "LOG_LEVEL": "WARNING",
    }


@contextmanager
def _started(command: Sequence[str], variables: Mapping[str, str], path: str) -> Iterator[Served]:
    port = services.free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", *command, "--port", str(port)],
        env={**variables, "PYTHONPATH": str(Path(__file__).parents[1])},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    served = Served(f"http://127.0.0.1:{port}", process.pid)
    try:
        _wait(lambda: served.get(path))
        yield served
    finally:
        process.terminate()
        process.wait(20)


def _wait(ask: Callable[[], object]) -> None:
    for _ in range(600):
        try:
            ask()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("a server does not answer")


def _clustered(url: str, *more: str, **variables: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "backend", "cluster", "--as-of", AS_OF, *more],
        env={**_variables(url), **variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@contextmanager
def _shop(url: str, customers: int) -> Iterator[Served]:
    """Invent a shop, run over it, and serve it."""
    asyncio.run(fill(url, invented(customers)))
    assert _clustered(url).wait() == 0, "no run over the shop"
    with _started(("backend", "serve"), _variables(url), "/api/mcp/segments") as ours:
        yield ours


def _asked_of(ours: Served, customers: int) -> dict[str, Asked]:
    return {
        "profile, cached": Asked(ours, "/api/mcp/customers/1234"),
        "profile, uncached": Asked(ours, "/api/mcp/customers/", customers),
        "segments, cached": Asked(ours, "/api/mcp/segments"),
        "page of 50": Asked(ours, f"{LIST}&totals=false", connections=4),
        SLOW: Asked(ours, LIST, connections=4),
    }


def _floors(floor: Served, customers: int) -> dict[str, Asked]:
    return {
        "profile, cached": Asked(floor, "/bare/profile"),
        "profile, uncached": Asked(floor, "/hand/", customers),
        "segments, cached": Asked(floor, "/bare/segments"),
        "page of 50": Asked(floor, "/page", connections=4),
        SLOW: Asked(floor, "/totals", connections=4),
    }


LEAST = {
    "profile, cached": 0.7,
    "profile, uncached": 0.8,
    "segments, cached": 0.7,
    "page of 50": 0.2,
    SLOW: 0.2,
}


def _say(what: str, ours: str, floor: str, ratio: float, target: str, *, reached: bool) -> None:
    verdict = "PASS" if reached else "FAIL"
    sys.stdout.write(f"{what:28} {ours:>12} {floor:>12} {ratio:6.2f}  {target:8} {verdict}\n")
    sys.stdout.flush()


def _rates(ours: Served, floor: Served) -> None:
    asked, floors = _asked_of(ours, CUSTOMERS), _floors(floor, CUSTOMERS)
    for _ in range(ROUNDS):
        for name in asked:
            for one in (floors[name], asked[name]):
                one.measure(SECONDS_OF_SLOW if name == SLOW else SECONDS)
    for name, least in LEAST.items():
        ratio = asked[name].rate / floors[name].rate
        mine, floor_rate = (f"{one[name].rate:,.0f}/s" for one in (asked, floors))
        _say(name, mine, floor_rate, ratio, f">= {least}", reached=ratio >= least)


def _file(url: str, ours: Served) -> None:
    address = f"{ours.address}/api/mcp/customers?format=csv&fields={CSV_COLUMNS}"
    taken = {"ours": list[float](), "copy": list[float]()}
    for _ in range(ROUNDS):
        started = time.perf_counter()
        asyncio.run(_copied(url))
        taken["copy"].append(time.perf_counter() - started)
        started = time.perf_counter()
        subprocess.run(
            ["curl", "-sf", "-o", "/dev/null", "-H", f"X-API-Key: {KEY}", address],
            check=True,
        )
        taken["ours"].append(time.perf_counter() - started)
    mine, copy = (statistics.median(taken[name]) for name in ("ours", "copy"))
    _say(
        "all as CSV",
        f"{mine:.1f} s",
        f"{copy:.1f} s",
        copy / mine,
        ">= 0.5",
        reached=copy / mine >= 0.5,
    )


async def _copied(url: str) -> None:
    async def nowhere(_some: bytes) -> None:
        """Take it."""

    connection = await asyncpg.connect(libpq_uri(parse_url(url)))
    await connection.copy_from_query(COPY, output=nowhere, format="csv")
    await connection.close()


def _beside_a_run(url: str, ours: Served) -> None:
    idle, busy = (Asked(ours, "/api/mcp/customers/", CUSTOMERS, 4) for _ in range(2))
    for _ in range(ROUNDS):
        idle.measure()
    run = _clustered(url, "--dry-run", CUSTOMERS_FILTER=f"id <= {RUN_OVER}")
    try:
        for _ in range(ROUNDS):
            busy.measure()
        assert run.poll() is None, "the run ended before it was measured beside"
    finally:
        run.send_signal(signal.SIGTERM)
        run.wait()
    before, during = (statistics.median(one.p99) for one in (idle, busy))
    ratio = during / before
    _say(
        "p99 beside a run",
        f"{during:.1f} ms",
        f"{before:.1f} ms",
        ratio,
        "<= 2",
        reached=ratio <= 2,
    )


def _on_postgresql() -> None:
    with services.own_postgresql() as server, _shop(server.url, CUSTOMERS) as ours:
        with tempfile.TemporaryDirectory() as bodies:
            for name, path in (("profile", "customers/1234"), ("segments", "segments")):
                Path(bodies, f"{name}.json").write_bytes(ours.get(f"/api/mcp/{path}"))
            dsn = libpq_uri(parse_url(server.url))
            told = {**os.environ, "FLOOR_URL": dsn, "FLOOR_BODIES": bodies}
            run = ("uvicorn", "bench.serve_floors:app", "--no-access-log")
            with _started(run, told, "/bare/profile") as floor:
                _rates(ours, floor)
        _file(server.url, ours)
        held = ours.memory_mib()
        _beside_a_run(server.url, ours)
        most = f"{MEMORY_MIB} MiB"
        ratio = held / MEMORY_MIB
        _say("memory", f"{held:.0f} MiB", most, ratio, "<= 1", reached=ratio <= 1)


def _on_others() -> None:
    with services.mysql() as server, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "shop.db"
        file.touch()
        for kind, url in (("MariaDB", server.url), ("SQLite", f"sqlite:///{file}")):
            with _shop(url, OF_OTHERS) as ours:
                for name, asked in _asked_of(ours, OF_OTHERS).items():
                    asked.measure()
                    sys.stdout.write(f"{kind:8} {name:28} {asked.rate:10,.0f}/s\n")


def main() -> None:
    """Print the table."""
    if "--others" in sys.argv:
        _on_others()
        return
    sys.stdout.write(f"{CUSTOMERS:,} customers{'ours':>34}{'floor':>13}{'ratio':>7}\n")
    _on_postgresql()


if __name__ == "__main__":
    main()
