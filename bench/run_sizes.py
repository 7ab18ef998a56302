"""A run over shops of several sizes beside the floors of the same minute.

    python -m bench.run_sizes [--customers N …] [--nights N] [--without-lines] [KIND …]

KIND is postgresql, mariadb or sqlite; all three unless said. BIG=1 adds 5,000,000 customers. What
is to be reached is judged at 1,000,000 customers and more, where the floor outweighs what a run
costs however small the shop is; the exponent of time where one shop has ten times the other's
customers at least.
"""

import argparse
import asyncio
import json
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text

from backend.database.engine import opened, transaction
from bench.big_shop import AS_OF, fill, invented
from bench.run_floors import Floor, measured
from tests import services
from tests.live import ROOT, environment

SIZES = (100_000, 1_000_000)
BIG = 5_000_000
JUDGED_FROM = 1_000_000
TIMES_FLOOR = {"postgresql": 6.0, "mariadb": 8.0}
PEAK_MIB = 1_229  # 1.2 GiB
GROWTH = 2.2
STEADY = 1.05  # the third night's table beside the second's
EXPONENT = 1.05
WORTH_AN_EXPONENT = 10
LATER_NIGHT = 1.1  # what disturbs one of them on a busy machine
LOOK_EVERY_SECONDS = 0.2
ON_MYSQL = (
    "SELECT file_size FROM information_schema.innodb_sys_tablespaces "
    "WHERE name = concat(database(), '/customer_intelligence')"
)
SIZE_OF_TABLE = {
    "postgresql": "SELECT pg_total_relation_size('customer_intelligence')",
    "mysql": ON_MYSQL,
    "mariadb": ON_MYSQL,
}


@dataclass(frozen=True, slots=True)
class Night:
    """One run: what it took by the clock, over all its processes, and by its own report."""

    seconds: float
    peak_mib: float
    stages: Sequence[dict[str, Any]]
    table_mib: float | None

    def __str__(self) -> str:
        """Say it in one line for each stage."""
        lines = [f"{self.seconds:6.1f} s, peak {self.peak_mib:,.0f} MiB over all processes"]
        if self.table_mib is not None:
            lines[0] += f", customer_intelligence {self.table_mib:,.0f} MiB"
        lines += [
            f"       {one['stage']:10}{one['seconds']:8.1f} s{one['rows']:>12,} rows"
            f"{one['peak_memory_mib'] or 0:8.0f} MiB so far"
            for one in self.stages
        ]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Measured:
    """A shop of some size: what each night took, and whether all promises were kept."""

    customers: int
    seconds: Sequence[float]
    kept: bool


def night(url: str, variables: Mapping[str, str] | None = None) -> Night:
    """Run once, as cron does."""
    command = [sys.executable, "-m", "backend", "cluster", "--as-of", AS_OF, "--json"]
    began = time.perf_counter()
    with (
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(url, variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process,
        _watched(process.pid) as peak,
    ):
        told, complaints = process.communicate()
    if process.returncode:
        sys.exit(complaints.decode()[-2000:])
    seconds, size = time.perf_counter() - began, asyncio.run(table_mib(url))
    return Night(seconds, max(peak), json.loads(told)["stages"], size)


@contextmanager
def _watched(pid: int) -> Iterator[list[float]]:
    """Note what a process and all that it has started hold, together."""
    seen, ended = [0.0], threading.Event()

    def watch() -> None:
        while not ended.wait(LOOK_EVERY_SECONDS):
            seen.append(sum(map(_held_mib, _family(pid))))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield seen
    finally:
        ended.set()
        watching.join()


def _family(pid: int) -> Iterator[int]:
    """Give a process and all that it has started; what is forked and not another yet is no more."""
    yield pid
    own = _command_of(pid)
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in children:
            if _command_of(int(child)) != own:
                yield from _family(int(child))


def _command_of(pid: int) -> bytes | None:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return None


def _held_mib(pid: int) -> float:
    try:
        held = Path(f"/proc/{pid}/status").read_text().partition("VmRSS:")[2].split()
    except OSError:
        return 0.0
    return int(held[0]) / 1024 if held else 0.0


async def table_mib(url: str) -> float | None:
    """Return what the table of customers takes with its indexes; None of SQLite: it is one file."""
    async with opened(url) as engine, transaction(engine) as connection:
        if (asked := SIZE_OF_TABLE.get(connection.dialect.name)) is None:
            return None
        return float(await connection.scalar(text(asked)) or 0) / 2**20


def bench(url: str, kind: str, customers: int, nights: int, *, lines: bool) -> Measured:
    """Fill a database, run several nights, and print and judge them."""
    beside = "with two lines each" if lines else "without lines"
    _tell(f"\n{kind}, {customers:,} customers, orders {beside}")
    asyncio.run(fill(url, invented(customers), lines=lines))
    seen: list[tuple[Night, Floor]] = []
    for number in range(1, nights + 1):
        run = night(url)
        floor = asyncio.run(measured(url, lines=lines))
        seen.append((run, floor))
        _tell(f"night {number}: {run}\n       {floor}; run {run.seconds / floor.seconds:.1f} times")
    kept = _judged(kind, customers, seen)
    return Measured(customers, [one.seconds for one, _ in seen], kept)


def _judged(kind: str, customers: int, seen: Sequence[tuple[Night, Floor]]) -> bool:
    """Say of each promise whether it is kept; the first night's size is what others grow from."""
    last, floor = seen[-1]
    first = seen[0][0]
    promises = [
        (f"peak at most {PEAK_MIB:,} MiB", max(one.peak_mib for one, _ in seen) <= PEAK_MIB),
        ("a later night costs no more than the first", last.seconds <= LATER_NIGHT * first.seconds),
    ]
    if kind in TIMES_FLOOR and customers >= JUDGED_FROM:
        most = TIMES_FLOOR[kind]
        kept = last.seconds <= most * floor.seconds
        promises.append((f"a run at most {most:.0f} times its floor", kept))
    sizes = [one.table_mib for one, _ in seen if one.table_mib is not None]
    if sizes:
        kept = sizes[-1] <= GROWTH * sizes[0]
        promises.append((f"the table at most {GROWTH} times its first size", kept))
    if len(sizes) > 2:
        promises.append(("the table steady from the third night", is_steady(sizes)))
    return _told(promises)


def is_steady(sizes: Sequence[float]) -> bool:
    """Tell whether no night from the third on left a larger table than the second."""
    return max(sizes[2:]) <= STEADY * sizes[1]


def exponents(found: Sequence[Measured]) -> Sequence[float]:
    """Return by what power of the customers each night's seconds grow, between the outer sizes."""
    few, many = found[0], found[-1]
    larger = math.log(many.customers / few.customers)
    pairs = zip(few.seconds, many.seconds, strict=True)
    return [math.log(much / little) / larger for little, much in pairs]


def _judged_by_size(found: Sequence[Measured]) -> bool:
    few, many = found[0], found[-1]
    if many.customers <= few.customers:
        return True
    powers = exponents(found)
    said = ", ".join(f"{one:.2f}" for one in powers)
    _tell(f"exponent of time from {few.customers:,} to {many.customers:,}, by night: {said}")
    if many.customers < WORTH_AN_EXPONENT * few.customers:
        return True
    return _told([(f"exponent of time at most {EXPONENT}", max(powers) <= EXPONENT)])


def _told(promises: Sequence[tuple[str, bool]]) -> bool:
    for promise, kept in promises:
        _tell(f"  {'PASS' if kept else 'FAIL'}  {promise}")
    return all(kept for _, kept in promises)


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@contextmanager
def _database(kind: str) -> Iterator[str]:
    """Start a server of the bench's own; its tables go with it."""
    with ExitStack() as stack:
        started: dict[str, Callable[[], str]] = {
            "postgresql": lambda: stack.enter_context(services.own_postgresql()).url,
            "mariadb": lambda: stack.enter_context(services.own_mysql()).url,
            "sqlite": lambda: f"sqlite:///{stack.enter_context(_folder())}/shop.db",
        }
        yield started[kind]()


def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="bench-run-")


def main() -> None:
    """Measure on each kind of database; exit with 1 where a promise is not kept."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kinds", nargs="*", default=["postgresql", "mariadb", "sqlite"])
    parser.add_argument("--customers", nargs="+", type=int, default=None)
    parser.add_argument("--nights", type=int, default=3)
    parser.add_argument("--without-lines", action="store_true")
    given = parser.parse_args()
    sizes = given.customers or [*SIZES, *([BIG] if os.environ.get("BIG") == "1" else [])]
    kept = True
    for kind in given.kinds:
        found = list[Measured]()
        for size in sorted(sizes):
            with _database(kind) as url:
                found.append(bench(url, kind, size, given.nights, lines=not given.without_lines))
        kept &= all(one.kept for one in found) and _judged_by_size(found)
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
