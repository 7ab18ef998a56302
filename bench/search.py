"""How long a search takes beside a profile, by each way that a shop may give it.

    python -m bench.search [--customers N] [--asked N] [postgresql mariadb sqlite]

One service, one worker, one request after the other; every ratio is to a profile asked in turn with
the searches. Ten are wanted of each search. Parts are three to eight signs of somebody's e-mail or
name, as chance has it, so some are very common and some nobody else's.
"""

import argparse
import asyncio
import contextlib
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import httpx
import numpy as np
from sqlalchemy import insert, text

from backend.core.customer_id import CustomerIds
from backend.core.secret_keys import Marker
from backend.core.typed_cells import TypedCells
from backend.database.columns_in import write_columns
from backend.database.engine import AsyncEngine, create_engine, snapshot, transaction
from backend.run.copied_names import read_sought
from backend.shop.mapping.layers import load_mapping
from backend.shop.name_columns import NameColumns, read_name_columns
from backend.shop.shop import Shop
from backend.shop.trigram_indexes import trigram_statement
from backend.store.migrate import migrate
from backend.store.search_refresh import refresh_search_copy
from backend.store.tables import customer_intelligence, runs
from bench import big_shop
from bench.big_shop import Person, people
from bench.startup import server
from tests.live import API_KEY
from tests.services import mysql, postgresql
from tests.shops import VARIABLES

NOW = datetime(2024, 6, 1, tzinfo=UTC)
INSTANTS = ("as_of", "updated_at", "changed_at")
MOST = {"id": 2.0, "e-mail": 2.0, "part": 4.0}


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds of each answer, ascending."""

    milliseconds: Sequence[float]

    def quantile(self, share: float) -> float:
        """Return the time within which this share was answered."""
        return self.milliseconds[int(share * (len(self.milliseconds) - 1))]


async def fill(engine: AsyncEngine, url: str, count: int) -> None:
    """Make a shop of customers alone, and publish of them that they have no orders."""
    await big_shop.fill(url, big_shop.without_orders(count))
    await migrate(engine)
    same = {"status": "no_orders", "run_id": "bench"} | dict.fromkeys(INSTANTS, NOW)
    known = {"customer_id": TypedCells(np.arange(1, count + 1), np.ones(count, dtype=bool))} | {
        name: TypedCells.alike(value, count) for name, value in same.items()
    }
    async with transaction(engine) as connection:
        await write_columns(connection, customer_intelligence, known)
        await connection.execute(insert(runs).values(RUN))
    await analyse(engine)


RUN = {
    "id": "bench",
    "state": "succeeded",
    "published": 1,
    "revision": 0,
    "request": "{}",
    "as_of": NOW,
    "customer_id_type": "integer",
    "share_done": 1,
    "counts": "{}",
    "queued_at": NOW,
}


async def analyse(engine: AsyncEngine) -> None:
    """Let the database look at its tables, as it does by itself in time."""
    async with engine.connect() as pooled:
        connection = await pooled.execution_options(isolation_level="AUTOCOMMIT")
        if engine.dialect.name == "postgresql":
            await connection.execute(text("VACUUM ANALYZE"))
        elif engine.dialect.name == "sqlite":
            await connection.execute(text("ANALYZE"))


def shop() -> Shop:
    """Return the shop as the service maps it."""
    return Shop(load_mapping(VARIABLES))


async def copy_names(engine: AsyncEngine, count: int) -> None:
    """Refresh the search copy, as a run does."""
    known = CustomerIds(np.arange(1, count + 1))
    await refresh_search_copy(
        engine, partial(read_sought, engine, shop()), known, Marker(), now=NOW
    )


async def read_names(engine: AsyncEngine) -> None:
    """Read what a refresh has to read of the shop, and do nothing with it."""

    async def nothing(_columns: NameColumns) -> None:
        """Let it go."""

    async with snapshot(engine) as connection:
        await read_name_columns(connection, shop(), nothing)


async def index_the_shop(engine: AsyncEngine) -> None:
    """Make the index that `check` prints."""
    over = shop()
    async with transaction(engine) as connection:
        await over.customers(connection)
        statement = await trigram_statement(connection, over.mapping)
    async with engine.connect() as pooled:
        connection = await pooled.execution_options(isolation_level="AUTOCOMMIT")
        for one in str(statement).split("; "):
            await connection.execute(text(one.rstrip(";")))
    await analyse(engine)


async def drop_the_index(engine: AsyncEngine) -> None:
    """Leave the shop's table as it was."""
    async with transaction(engine) as connection:
        await connection.execute(text("DROP INDEX idx_customers_trigrams"))


def questions(invented: Sequence[Person], asked: int) -> dict[str, list[str]]:
    """Return the addresses that are asked, by what is sought."""
    chance = random.Random(7)
    who = [chance.choice(invented) for _ in range(asked)]
    search = "/api/mcp/customers/search?limit=10&query="
    return {
        "profile": [f"/api/mcp/customers/{one[0]}" for one in who],
        "id": [f"{search}{one[0]}" for one in who],
        "e-mail": [f"{search}{one[1]}" for one in who],
        "part": [f"{search}{_part(chance, one)}" for one in who],
    }


def _part(chance: random.Random, one: Person) -> str:
    whole = chance.choice((one[1].partition("@")[0], f"{one[2]} {one[3]}"))
    length = chance.randint(3, 8)
    start = chance.randint(0, max(len(whole) - length, 0))
    return whole[start : start + length].strip()


def measure(client: httpx.Client, asked: dict[str, list[str]]) -> dict[str, Measured]:
    """Ask everything in turn."""
    took: dict[str, list[float]] = {kind: [] for kind in asked}
    for several in zip(*asked.values(), strict=True):
        for kind, path in zip(asked, several, strict=True):
            began = time.perf_counter()
            client.get(path, headers={"X-API-Key": API_KEY}).raise_for_status()
            took[kind].append(1000 * (time.perf_counter() - began))
    return {kind: Measured(sorted(times)) for kind, times in took.items()}


def said(way: str, found: dict[str, Measured]) -> Iterator[str]:
    """Write what was measured, and what is to be reached."""
    profile = found["profile"].quantile(0.95)
    for kind, one in found.items():
        ratio = one.quantile(0.95) / profile
        most = MOST.get(kind)
        verdict = (
            "" if most is None else f"{'PASS' if ratio <= most else 'FAIL'} (at most {most:g})"
        )
        times = f"median {one.quantile(0.5):7.1f} ms  p95 {one.quantile(0.95):7.1f} ms"
        yield f"  {way:16} {kind:8} {times}  {ratio:6.2f} x a profile  {verdict}"


def bench(url: str, count: int, asked: int, folder: Path) -> None:
    """Measure every way on one database."""
    engine = create_engine(url)
    run = partial(_timed, engine)
    kind = engine.dialect.name
    tell(f"{kind}, {count:,} customers")
    run("filled", partial(fill, url=url, count=count))
    wanted = questions(list(people(count)), asked)
    show(url, folder, "every customer", {k: v[: max(asked // 10, 10)] for k, v in wanted.items()})
    if kind == "postgresql":
        run("the shop's index", index_the_shop)
        show(url, folder, "shop's index", wanted)
        run("without it", drop_the_index)
    run("copied", partial(copy_names, count=count))
    run("looked at", analyse)
    show(url, folder, "search copy", wanted)
    run("refreshed, nothing changed", partial(copy_names, count=count))
    run("the shop's columns alone read", read_names)


def show(url: str, folder: Path, way: str, asked: dict[str, list[str]]) -> None:
    """Serve, ask, and print."""
    variables = {"AUTO_MIGRATE": "false", "RUN_WORKER": "false", "API_STATEMENT_SECONDS": "60"}
    variables["LINE_ITEMS_TABLE"] = ""  # there are none
    variables["SERVED_RUN_SECONDS"] = "2"  # as it is unless said; no answer is repeated
    with server("backend.main:app", folder, url, variables) as (_, client):
        measure(client, {kind: paths[:20] for kind, paths in asked.items()})
        for line in said(way, measure(client, asked)):
            tell(line)


def _timed(engine: AsyncEngine, what: str, work: Callable[[AsyncEngine], object]) -> None:
    began = time.perf_counter()

    async def done() -> None:
        await work(engine)  # type: ignore[misc]
        await engine.dispose()

    asyncio.run(done())
    tell(f"  {what} in {time.perf_counter() - began:.1f} s")


def tell(line: str) -> None:
    """Print at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Measure on each kind of database that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kinds", nargs="*", default=["postgresql"])
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--asked", type=int, default=400)
    given = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        urls = {
            "postgresql": lambda: stack.enter_context(postgresql()).url,
            "mariadb": lambda: stack.enter_context(mysql()).url,
            "sqlite": lambda: f"sqlite:///{folder}/shop.db",
        }
        for kind in given.kinds:
            bench(urls[kind](), given.customers, given.asked, folder)


if __name__ == "__main__":
    main()
