"""How soon customers are scored anew, beside a hand-written SELECT of their orders.

CUSTOMERS says how large the invented shop is (1,000,000 unless said), in a PostgreSQL of the
bench's own. One caller asks for somebody else each time; floor and candidate take turns.
"""

import asyncio
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import asyncpg
import httpx

from backend.database.engine import libpq_uri, parse_url
from bench.big_shop import AS_OF, fill, invented
from tests import services
from tests.live import API_KEY, environment, run, serving
from tests.performed import NO_WORKER

CUSTOMERS = int(os.environ.get("CUSTOMERS", "1000000"))
ROUNDS, AT_ONCE = 200, 100
RUN_SECONDS = 7_200.0  # a million customers on a machine that does other things too
MOST_MS = {"one": 20.0, "each of a hundred": 5.0}
# That shop has no order lines.
KEPT = {"ANSWER_SECONDS": "5", "SERVED_RUN_SECONDS": "2"}
VARIABLES = {"LINE_ITEMS_TABLE": "", "RUN_AS_OF": AS_OF, **NO_WORKER, **KEPT}
FLOOR = (
    "SELECT customer_id, created_at, total_price FROM orders "
    "WHERE customer_id = ANY($1::bigint[]) AND financial_status = 'paid' AND total_price > 0"
)
Ask = Callable[[Sequence[int]], object]


def _milliseconds(ask: Ask, ids: Sequence[int]) -> float:
    started = time.perf_counter()
    ask(ids)
    return (time.perf_counter() - started) * 1000


def _p95(taken: Sequence[float]) -> float:
    return statistics.quantiles(taken, n=20)[-1]


def _one(client: httpx.Client) -> Ask:
    def ask(ids: Sequence[int]) -> object:
        return client.get(f"/api/mcp/customers/{ids[0]}?fresh=true").raise_for_status()

    return ask


def _several(client: httpx.Client) -> Ask:
    def ask(ids: Sequence[int]) -> object:
        told = {"ids": [str(one) for one in ids]}
        return client.post("/api/mcp/customers/fresh", json=told).raise_for_status()

    return ask


def _processor_ms(process: int) -> float:
    """Return what a process has had of a processor so far."""
    told = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, told[11:13])) * 1000 / os.sysconf("SC_CLK_TCK")


def _compare(what: str, ask: Ask, floor: Ask, each: int, process: int) -> None:
    """Measure in turns, and say the 95th percentile of both, for each customer."""
    chance, ours, by_hand = random.Random(1), list[float](), list[float]()
    worked = _processor_ms(process)
    for _ in range(ROUNDS):
        ids = chance.sample(range(1, CUSTOMERS + 1), each)
        by_hand.append(_milliseconds(floor, ids) / each)
        ours.append(_milliseconds(ask, ids) / each)
    mine, least, most = _p95(ours), _p95(by_hand), MOST_MS[what]
    middle = statistics.median(ours)
    worked = (_processor_ms(process) - worked) / ROUNDS / each
    verdict = "PASS" if mine <= most else "FAIL"
    sys.stdout.write(
        f"{what:20} {middle:8.2f} ms {mine:8.2f} ms {least:8.2f} ms {mine / least:6.1f} "
        f"{worked:8.2f} ms  p95 <= {most:g} ms  {verdict}\n"
    )
    sys.stdout.flush()


def _measure(url: str, client: httpx.Client, process: int) -> None:
    loop = asyncio.new_event_loop()
    connection = loop.run_until_complete(asyncpg.connect(libpq_uri(parse_url(url))))

    def floor(ids: Sequence[int]) -> object:
        return loop.run_until_complete(connection.fetch(FLOOR, [*ids]))

    for ask in (_one(client), _several(client)):
        ask(range(1, 1 + AT_ONCE))  # the model is read once
    _compare("one", _one(client), floor, 1, process)
    _compare("each of a hundred", _several(client), floor, AT_ONCE, process)
    loop.run_until_complete(connection.close())


def main() -> None:
    """Print the table."""
    head = f"{'median':>11} {'p95':>11} {'floor p95':>11} {'ratio':>6} {'processor':>11}"
    sys.stdout.write(f"{CUSTOMERS:,} customers".ljust(20) + f" {head}\n")
    with services.own_postgresql() as server, tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        asyncio.run(fill(server.url, invented(CUSTOMERS)))
        told = environment(server.url, VARIABLES)
        done = run("backend", ["cluster"], place, told, anew=True, patience_seconds=RUN_SECONDS)
        assert done.returncode == 0, done.stderr
        with serving(server.url, place, variables=VARIABLES, anew=True) as live:
            live.client.headers["X-API-Key"] = API_KEY
            _measure(server.url, live.client, live.process.pid)


if __name__ == "__main__":
    main()
