"""What a shop holds of its customers, planted as canaries and looked for where it must not be."""

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import select

from backend.database.engine import opened, transaction
from backend.store.all_tables import intelligence
from tests.conftest import NewDatabase, execute, wait_for
from tests.language_model import FakeModel, said
from tests.live import Live, serving
from tests.shops import AS_OF, Shop, fill, invented
from tests.waiting import wait_until

CANARY = "canary"
API_KEY, ADMIN_KEY = "canary-plain-key-of-32", "canary-admin-key-of-32"
# Another each time: what an earlier run has left in the cache is not ours.
SECRET = f"canary-{secrets.token_hex(16)}"
MODEL_KEY = "sk-canary"
# Values that SQLite takes and no reader understands.
BROKEN = (
    "UPDATE orders SET created_at = 'canary date' WHERE id = 5",
    "UPDATE orders SET total_price = 'canary price' WHERE id = 6",
    "UPDATE order_line_items SET quantity = 'canary quantity' WHERE id = 7",
)
# PostgreSQL says of this which text it is that it could not read as a number.
UNREADABLE = "CAST(order_number AS integer) > 0"


def canaries() -> Shop:
    """Invent a shop in which every text of a customer is a canary, and some of an order."""
    shop = invented(80)
    for person in shop.customers:
        number = person["id"]
        person.update(
            email=f"canary{number}@example.com",
            first_name=f"Canary{number}",
            last_name="O'Canary",
        )
    for order in shop.orders:
        order.update(order_number=f"#canary{order['id']}", fulfillment_status="canary")
    for order in shop.orders[::40]:
        order.update(financial_status="canary status")
    for line in shop.lines:
        line.update(product_title="Canary title", vendor="Canary vendor")
    return shop


class Watcher:
    """Looks at the processes of a service while the language model is asked in a run."""

    def __init__(self, model: FakeModel) -> None:
        self.model = model
        self.service: int | None = None
        self.seen: list[str] = []

    def answer(self) -> tuple[int, Any]:
        """Name no segment."""
        for process in descendants(self.service):
            for file in ("cmdline", "environ"):
                self.seen.append(Path("/proc", str(process), file).read_text(errors="replace"))
        return 200, said([])


def descendants(process: int | None) -> Iterator[int]:
    for thread in Path("/proc", str(process), "task").iterdir():
        for child in (thread / "children").read_text().split():
            yield int(child)
            yield from descendants(int(child))


async def everything_of_ours(url: str) -> dict[str, str]:
    """Return all rows of each table of ours, as text."""
    async with opened(url) as engine, transaction(engine) as connection:
        return {
            name: str((await connection.execute(select(table))).mappings().all())
            for name, table in intelligence.tables.items()
        }


def used(live: Live) -> None:
    """Ask as callers do, well and badly."""
    keys = {"X-API-Key": ADMIN_KEY}
    for path in (
        "/api/mcp/customers/search?query=canary4@example.com",
        f"/api/mcp/customers/search?query={CANARY * 40}",
        f"/api/mcp/customers/search?query={CANARY}&limit={CANARY}",
        "/api/mcp/customers/4?explain=true",
        f"/api/mcp/customers/{CANARY}",
        f"/api/admin/changes?after={CANARY}",
        "/api/admin/customers/4/export",
        "/api/mcp/segments",
        "/health",
        "/metrics",
    ):
        live.client.get(path, headers=keys)
        live.client.get(path, headers={"X-API-Key": f"wrong-{CANARY}"})
    live.client.post("/api/admin/cluster", headers=keys, content=f'{{"min_k": "{CANARY}"')
    live.client.request("DELETE", f"/api/admin/customers/{CANARY}", headers=keys)


@pytest.mark.external
@pytest.mark.parametrize(
    "new_database",
    [
        "sqlite",
        *(pytest.param(kind, marks=pytest.mark.long) for kind in ("postgresql", "mariadb")),
    ],
    indirect=True,
)
def test_nothing_of_a_customer_is_where_it_must_not_be(
    new_database: NewDatabase, redis_url: str, tmp_path: Path
) -> None:
    url, model = new_database(), FakeModel()
    wait_for(fill(url, canaries()))
    if url.startswith("sqlite"):
        wait_for(execute(url, *BROKEN))
    watcher = Watcher(model)
    model.answer = watcher.answer
    variables = {
        "API_KEY": API_KEY,
        "ADMIN_API_KEY": ADMIN_KEY,
        "SECRET_KEY": SECRET,
        "LOG_LEVEL": "DEBUG",
        "REDIS_URL": redis_url,
        "ANTHROPIC_API_KEY": MODEL_KEY,
        "ANTHROPIC_BASE_URL": model.url,
    }
    with (
        Redis.from_url(redis_url) as redis,
        serving(url, tmp_path, variables=variables, anew=True) as live,
    ):
        # By their values too: other tests keep the same customers under the same keys.
        known = {key: redis.dump(key) for key in redis.scan_iter("*")}
        watcher.service = live.process.pid
        live.client.post(
            "/api/admin/cluster",
            headers={"X-API-Key": ADMIN_KEY},
            json={"as_of": AS_OF.isoformat()},
        )
        run = live.finished(API_KEY)
        assert run["state"] == "succeeded", run
        used(live)
        keys = [key for key in redis.scan_iter("*") if redis.dump(key) != known.get(key)]
        kept = {key: redis.get(key) for key in keys}
        report = live.get(run["report_url"], ADMIN_KEY).text
        page = live.get(run["report_page_url"], ADMIN_KEY).text
        metrics = live.get("/metrics", ADMIN_KEY).text
        # A run ends for others when it is published, and says so afterwards.
        wait_until(lambda: "run succeeded" in live.log.read_text(), live.log.read_text)
        log = live.log.read_text()
    model.close()
    ours = wait_for(everything_of_ours(url))
    assert watcher.seen
    assert model.asked
    assert any(b":customer:" in key for key in kept)
    places = {
        "log": log,
        "redis": str(kept),
        "prompts": str(model.asked),
        "processes": str(watcher.seen),
        "metrics": metrics,
        **ours,
        # Statuses that do not count are named to who runs the shop.
        "report": report.replace("canary status", ""),
        "page": page.replace("canary status", ""),
        "intelligence_runs": ours["intelligence_runs"].replace("canary status", ""),
    }
    assert [place for place, text in places.items() if CANARY in text.lower()] == []


@pytest.mark.external
def test_a_value_that_cannot_be_read_is_in_no_error_and_no_log(
    postgres_url: str, tmp_path: Path
) -> None:
    wait_for(fill(postgres_url, canaries()))
    variables = {"LOG_LEVEL": "DEBUG", "ORDERS_FILTER": UNREADABLE}
    with serving(postgres_url, tmp_path, variables=variables) as live:
        run = live.cluster(as_of=AS_OF.isoformat())
        log = live.log.read_text()
    assert run["state"] == "failed"
    assert CANARY not in str(run).lower()
    assert CANARY not in log.lower()
    assert CANARY not in str(wait_for(everything_of_ours(postgres_url))).lower()
