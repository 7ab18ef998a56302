"""The integration guide's promises, run as printed against a live service on each database."""

import re
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy import inspect, text

from backend.database.engine import create_engine, libpq_uri, parse_url
from tests.conftest import shared_on_one_kind, takes_its_turn, wait_for
from tests.live import ROOT, Live, serving
from tests.performed import perform_once
from tests.services import need
from tests.shops import Shop, fill, invented
from tests.waiting import PATIENCE_SECONDS

GUIDE = (ROOT / "docs" / "integration-guide.md").read_text()
# Curl and the examples ask once: on a busy machine an answer that takes long is one all the same.
UNHURRIED = {"API_STATEMENT_SECONDS": str(PATIENCE_SECONDS)}
KEYS = {"API_KEY": "your-key", "ADMIN_API_KEY": "your-admin-key", **UNHURRIED}
# The same for every database and worker, so that it is learnt from once.
THIS_HOUR = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


@pytest.fixture(scope="module")
def shop() -> Shop:
    """Invent a shop whose last orders are recent: example 2 looks at the last 90 days."""
    return invented(as_of=THIS_HOUR)


@pytest.fixture(scope="module")
def live(
    module_database_url: str, tmp_path_factory: pytest.TempPathFactory, shop: Shop
) -> Iterator[Live]:
    """Serve a clustered shop."""
    wait_for(fill(module_database_url, shop))
    wait_for(perform_once(module_database_url, as_of=THIS_HOUR))
    with serving(module_database_url, tmp_path_factory.mktemp("live"), variables=KEYS) as service:
        yield service


def example(number: int) -> str:
    """Return the code of one of the guide's integration examples."""
    found = re.search(rf"### Example {number}:.*?```python\n(.*?)```", GUIDE, re.DOTALL)
    assert found is not None
    return found[1]


class AwaitableHttpx:
    """`httpx` as example 3 uses it, which awaits the module's plain `get`; patient as the tests."""

    AsyncClient = partial(httpx.AsyncClient, timeout=PATIENCE_SECONDS)

    @classmethod
    async def get(cls, address: str, headers: dict[str, str]) -> httpx.Response:
        async with cls.AsyncClient() as client:
            return await client.get(address, headers=headers)


class Called:
    """Stands for the shop's own functions, and remembers what they were called with."""

    def __init__(self) -> None:
        self.arguments: list[str] = []

    def __call__(self, argument: str) -> None:
        self.arguments.append(argument)


def namespace(live: Live, **more: Any) -> dict[str, Any]:
    return {
        "INTELLIGENCE_API_URL": live.address,
        "API_KEY": "your-key",
        "httpx": AwaitableHttpx,
        **more,
    }


@takes_its_turn
async def test_example_1_reads_a_profile_and_acts_on_it(live: Live, shop: Shop) -> None:
    winback, upgrade = Called(), Called()
    names = namespace(live, trigger_winback_campaign=winback, upgrade_to_vip=upgrade)
    exec(example(1).replace("import httpx", ""), names)
    buyers = [person["id"] for person in shop.customers if shop.counted(person["id"])]
    for customer_id in buyers[:40]:
        data = await names["get_customer_insights"](str(customer_id))
        assert data["customer_id"] == str(customer_id)
        assert data["total_orders"] == len(shop.counted(customer_id))
        assert data["historical_value"] == float(shop.spent(customer_id))
        assert (str(customer_id) in winback.arguments) == (data["churn_risk"] > 0.7)
        assert (str(customer_id) in upgrade.arguments) == (data["ltv"] > 1000)


async def test_example_2_joins_segments_to_the_shops_own_tables(
    live: Live, module_database_url: str, shop: Shop
) -> None:
    names = namespace(
        live, database=Database(module_database_url), trigger_winback_campaign=Called()
    )
    names["upgrade_to_vip"] = Called()
    exec(example(1).replace("import httpx", "") + example(2), names)
    newest = max(
        (row for row in shop.orders if row["financial_status"] == "paid"),
        key=lambda row: row["created_at"],
    )
    products = await names["get_segment_recommendations"](str(newest["customer_id"]))
    counts = [row["purchase_count"] for row in products]
    assert 0 < len(products) <= 10
    assert counts == sorted(counts, reverse=True)
    assert all(row["product_title"].startswith("Product ") for row in products)


class Database:
    """The shop's own pool in example 2: asyncpg on PostgreSQL, its like elsewhere."""

    def __init__(self, url: str) -> None:
        self.url = url

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Any]:
        if self.url.startswith("postgres"):
            connection = await asyncpg.connect(libpq_uri(parse_url(self.url)))
            yield connection
            await connection.close()
        else:
            yield Translated(self.url)


class Translated:
    """Runs example 2's PostgreSQL on a database that writes intervals and parameters otherwise."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def fetch(self, sql: str, parameter: str) -> list[Any]:
        engine = create_engine(self.url)
        recent = (
            "datetime('now', '-90 days')"
            if engine.dialect.name == "sqlite"
            else "NOW() - INTERVAL 90 DAY"
        )
        sql = sql.replace("NOW() - INTERVAL '90 days'", recent).replace("$1", ":segment")
        async with engine.connect() as connection:
            rows = (await connection.execute(text(sql), {"segment": parameter})).mappings().all()
        await engine.dispose()
        return list(rows)


@takes_its_turn
async def test_example_3_finds_campaign_targets(live: Live) -> None:
    vip, retention = Called(), Called()
    names = namespace(live, create_vip_campaign=vip, create_retention_campaign=retention)
    exec(example(3), names)
    await names["identify_campaign_targets"]()
    segments = live.get("/api/mcp/segments", "your-key").json()["segments"]
    assert all("churn_risk_avg" in segment for segment in segments)
    rich = [s["id"] for s in segments if (s["avg_ltv"] or 0) > 2000 and s["customer_count"] > 100]
    leaving = [s["id"] for s in segments if s["id"] not in rich and s["churn_risk_avg"] > 0.6]
    assert (vip.arguments, retention.arguments) == (rich, leaving)


def curl_lines() -> list[str]:
    """Return every curl command of the guide, cron's schedule taken off."""
    joined = GUIDE.replace("\\\n", " ")
    return re.findall(r"^(?:[\d* ]+ )?(curl .*)$", joined, re.MULTILINE)


@shared_on_one_kind  # what curl sends does not depend on the database
def test_every_curl_line_works(live: Live) -> None:
    need("curl", ["curl"])
    lines = curl_lines()
    assert len(lines) == 5
    for line in lines:
        printed = line.replace("https://your-api.com", live.address)
        done = subprocess.run(
            ["bash", "-c", printed + " -sS --fail-with-body"], capture_output=True, check=False
        )
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        assert live.finished("your-key")["state"] == "succeeded"


@takes_its_turn
def test_the_answers_have_the_printed_fields(live: Live) -> None:
    health = live.client.get("/health").json()
    printed = {"status": "healthy", "database": "connected", "version": "10.0"}
    assert {name: health[name] for name in printed} == printed
    profile = live.get("/api/mcp/customers/1", "your-key").json()
    assert set(profile["archetype"]) == {"id", "name", "level"}
    assert {"customer_id", "email", "ltv", "churn_risk", "total_orders", "avg_order_value"} < set(
        profile
    )
    found = live.get("/api/mcp/customers/search?query=PERSON12&limit=10", "your-key").json()
    assert found["customers"][0]["customer_id"] == "12"
    segment = live.get("/api/mcp/segments", "your-key").json()["segments"][0]
    assert {"id", "name", "customer_count", "avg_ltv", "characteristics"} < set(segment)
    assert set(segment["characteristics"]) >= {"recency_days", "frequency", "monetary_avg"}


async def test_customer_intelligence_has_the_printed_columns(
    live: Live, module_database_url: str
) -> None:
    engine = create_engine(module_database_url)
    async with engine.connect() as connection:
        columns = await connection.run_sync(
            lambda sync: inspect(sync).get_columns("customer_intelligence")
        )
    await engine.dispose()
    printed = [
        (column["name"], re.sub(r" COLLATE.*", "", str(column["type"]))) for column in columns[:8]
    ]
    assert [name for name, _ in printed] == [
        "customer_id",
        "archetype_id",
        "archetype_name",
        "archetype_level",
        "ltv",
        "churn_risk",
        "cluster_confidence",
        "updated_at",
    ]


@takes_its_turn
def test_the_guide_in_the_docs_names_every_endpoint(live: Live) -> None:
    paths = live.client.get("/openapi.json").json()["paths"]
    promised = set(re.findall(r"^(?:GET|POST) (/[^\s?]+)", GUIDE, re.MULTILINE))
    assert promised <= set(paths), promised - set(paths)
