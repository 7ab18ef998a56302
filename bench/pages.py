"""How soon pages are there, beside the API's answers that say the same, and how heavy they are.

CUSTOMERS says how large the invented shop is (100,000 unless said), in a PostgreSQL of the bench's
own. Nothing is kept from one answer to the next; `again` is the page with what a process keeps.
"""

import asyncio
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import httpx

from backend.results.campaign_life import AnswerKind
from backend.results.customer_filter import CustomerFilter
from bench.big_shop import AS_OF, fill, invented
from tests import services
from tests.campaigns_kept import Kept, keep_campaign
from tests.live import ADMIN_KEY, API_KEY, command, serving
from tests.performed import NO_WORKER
from tests.web.browsing import entered

CUSTOMERS = int(os.environ.get("CUSTOMERS", "100000"))
ROUNDS, REQUESTS = 15, 1_000
MOST_TIMES, MOST_BYTES = 3.0, 100_000
# That shop has no order lines.
VARIABLES = {"LINE_ITEMS_TABLE": "", **NO_WORKER}
FILTERED = "min_churn_risk=0.5&sort=-predicted_value"
KEPT = {"ANSWER_SECONDS": "5", "SERVED_RUN_SECONDS": "2"}


@dataclass(frozen=True, slots=True)
class Compared:
    """A page, and the answers of the API that say the same."""

    page: str
    answers: Sequence[str]


@dataclass(frozen=True, slots=True)
class Doors:
    """One service, as a browser and as a program asks it, and its process."""

    pages: httpx.Client
    api: httpx.Client
    process_id: int


def _compared(segment: str, customer: str, campaign: str, quiet: Sequence[str]) -> list[Compared]:
    report, moves = "/api/mcp/runs/latest/report", "/api/mcp/segments/changes"
    one, shop = f"/api/mcp/customers/{customer}", ("/api/mcp/segments", report)
    return [
        Compared("/app", ("/api/mcp/segments", "/api/mcp/history?limit=30", report, moves, *quiet)),
        Compared("/app/segments", ("/api/mcp/segments", "/api/mcp/history?limit=60", report)),
        Compared(f"/app/segments/{segment}", (f"/api/mcp/segments/{segment}",)),
        Compared("/app/customers", ("/api/mcp/customers",)),
        Compared(f"/app/customers?{FILTERED}", (f"/api/mcp/customers?{FILTERED}",)),
        Compared(
            f"/app/customer?id={customer}",
            (f"{one}?explain=true", f"/api/admin/changes?customer_id={customer}", *shop),
        ),
        Compared("/app/moves", (moves, "/api/mcp/history?limit=60")),
        Compared("/app/cohorts", (report,)),
        Compared("/app/trust", (report,)),
        Compared("/app/campaigns", ("/api/admin/campaigns",)),
        Compared(f"/app/campaigns/{campaign}", (f"/api/admin/campaigns/{campaign}", shop[0])),
        Compared(
            f"/app/campaigns/{campaign}/treated",
            (f"/api/admin/campaigns/{campaign}/treated", f"/api/admin/campaigns/{campaign}"),
        ),
    ]


@contextmanager
def _served(url: str, folder: Path, variables: Mapping[str, str]) -> Iterator[Doors]:
    told = {**VARIABLES, **variables}
    with serving(url, folder, variables=told, anew=True) as live, entered(live, API_KEY) as pages:
        live.client.headers["X-API-Key"] = ADMIN_KEY
        yield Doors(pages, live.client, live.process.pid)


def _quiet(doors: Doors) -> list[str]:
    """Return the list of those who went quiet, where Today tells of it."""
    today = doors.pages.get("/app").text
    linked = re.search(r'href="/app/customers\?([^"]*moved_since=[^"]*)"', today)
    return [] if linked is None else [f"/api/mcp/customers?{unescape(linked[1])}&limit=1"]


def _campaign(url: str) -> str:
    """Keep a campaign to those who ordered twice, counted for good."""
    asked = Kept(
        chosen=CustomerFilter(min_frequency=2),
        filter={"min_frequency": 2},
        kinds=(AnswerKind.AT_CLOSE, AnswerKind.SETTLED),
    )
    return asyncio.run(keep_campaign(url, asked))


def _milliseconds(client: httpx.Client, paths: Sequence[str]) -> float:
    started = time.perf_counter()
    for path in paths:
        client.get(path).raise_for_status()
    return (time.perf_counter() - started) * 1000


def _median(client: httpx.Client, paths: Sequence[str]) -> float:
    return statistics.median(_milliseconds(client, paths) for _ in range(ROUNDS))


def _say(one: Compared, anew: Doors, kept: Doors) -> None:
    size = len(anew.pages.get(one.page).content)
    page, answers = _median(anew.pages, [one.page]), _median(anew.api, one.answers)
    again = _median(kept.pages, [one.page])
    ratio = page / answers
    verdict = "PASS" if ratio <= MOST_TIMES and size <= MOST_BYTES else "FAIL"
    times = f"{page:8.1f} ms {answers:8.1f} ms {ratio:6.2f} {again:8.1f} ms"
    sys.stdout.write(f"{one.page:36} {times} {size:8,} B  {verdict}\n")
    sys.stdout.flush()


def _say_memory(doors: Doors, compared: Sequence[Compared]) -> None:
    for at in range(REQUESTS):
        doors.pages.get(compared[at % len(compared)].page).raise_for_status()
    status = Path(f"/proc/{doors.process_id}/status").read_text()
    resident = int(status.partition("VmRSS:")[2].split()[0]) / 1024
    sys.stdout.write(f"{resident:.0f} MiB resident after {REQUESTS:,} requests of pages\n")


def _fill(url: str, folder: Path) -> None:
    asyncio.run(fill(url, invented(CUSTOMERS)))
    done = command(url, folder, "cluster", "--as-of", AS_OF, variables=VARIABLES, anew=True)
    assert done.returncode == 0, done.stderr


def main() -> None:
    """Print the table."""
    head = f"{'page':>11} {'API':>11} {'ratio':>6} {'again':>11} {'size':>10}"
    sys.stdout.write(f"{CUSTOMERS:,} customers".ljust(36) + f" {head}\n")
    with services.own_postgresql() as server, tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        _fill(server.url, place)
        with _served(server.url, place, {}) as anew, _served(server.url, place, KEPT) as kept:
            segment = anew.api.get("/api/mcp/segments").json()["segments"][0]["id"]
            customer = anew.api.get("/api/mcp/customers?limit=1").json()["customers"][0]
            quiet = _quiet(anew)
            compared = _compared(segment, customer["customer_id"], _campaign(server.url), quiet)
            for one in compared:
                _say(one, anew, kept)
            _say_memory(kept, compared)


if __name__ == "__main__":
    main()
