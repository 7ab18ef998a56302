"""The guide's sync script, completed, copies a shop's API into PostgreSQL as often as one likes."""

import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from backend.database.engine import opened
from backend.files.create_tables import create_shop_tables
from tests.conftest import wait_for
from tests.live import command, run, serving
from tests.shops import Shop, invented

pytestmark = pytest.mark.external

GUIDE_TABLES = {
    "CUSTOMERS_TABLE": "ecommerce.customers",
    "ORDERS_TABLE": "ecommerce.orders",
    "LINE_ITEMS_TABLE": "ecommerce.order_line_items",
}
# The shop's API, whose times are aware, as the guide imports it.
API = """
import os, signal
from datetime import timedelta, timezone
from types import SimpleNamespace
from tests.shops import invented

shop = invented(customers=420)
zone = timezone(timedelta(hours=-5))

def aware(row):
    return {**row, "created_at": row["created_at"].replace(tzinfo=timezone.utc).astimezone(zone)}

def get_customers():
    for row in shop.customers:
        numbers = {"total_spent": None, "orders_count": None}
        yield SimpleNamespace(**numbers, **aware(row), updated_at=aware(row)["created_at"])

def get_orders():
    for row, line in zip(shop.orders, shop.lines):
        yield SimpleNamespace(**aware(row), lines=[SimpleNamespace(**line)])
"""
A_CHANGED_ORDER = """
from decimal import Decimal
shop.orders[0]["total_price"] = Decimal("77.70")
first_orders = get_orders
def get_orders():
    orders = list(first_orders())
    orders[0].lines = []
    return orders
"""
KILLED_HALF_WAY = """
all_orders = get_orders
def get_orders():
    yield from list(all_orders())[:1_500]
    os.kill(os.getpid(), signal.SIGKILL)
"""
Sync = Callable[[str], int]


@pytest.fixture
def shop() -> Shop:
    return invented(customers=420)


@pytest.fixture
def sync(postgres_url: str, tmp_path: Path) -> Sync:
    """Run the script against an API of this code, and return its exit code."""
    wait_for(_make_tables(postgres_url))

    def synced(api: str) -> int:
        (tmp_path / "your_ecommerce_api.py").write_text(api)
        variables = {"PATH": os.environ["PATH"], "DATABASE_URL": postgres_url}
        done = run("examples.guide_sync", (), tmp_path, variables)
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode

    return synced


async def _make_tables(url: str) -> None:
    async with opened(url) as engine:
        await create_shop_tables(
            engine,
            {
                "customers": "ecommerce.customers",
                "orders": "ecommerce.orders",
                "line_items": "ecommerce.order_line_items",
            },
        )


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    return wait_for(_rows(url, query))


async def _rows(url: str, query: str) -> list[tuple[Any, ...]]:
    async with opened(url) as engine, engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(query))]


def test_a_run_works_on_what_was_copied(
    sync: Sync, shop: Shop, postgres_url: str, tmp_path: Path
) -> None:
    assert sync(API) == 0
    assert command(postgres_url, tmp_path, "cluster", variables=GUIDE_TABLES).returncode == 0
    with serving(postgres_url, tmp_path, variables=GUIDE_TABLES) as live:
        for person in shop.customers[:20]:
            profile = live.get(f"/api/mcp/customers/{person['id']}").json()
            assert profile["email"] == person["email"]
            assert profile["total_orders"] == len(shop.counted(person["id"]))
            assert profile["historical_value"] == float(shop.spent(person["id"]))


def test_times_are_copied_as_utc(sync: Sync, shop: Shop, postgres_url: str) -> None:
    sync(API)
    found = rows(postgres_url, "SELECT id, created_at FROM ecommerce.orders ORDER BY id")
    assert found == [(row["id"], row["created_at"]) for row in shop.orders]


def test_a_second_sync_changes_what_changed(sync: Sync, postgres_url: str) -> None:
    sync(API)
    orders = "SELECT * FROM ecommerce.orders ORDER BY id"
    lines = "SELECT * FROM ecommerce.order_line_items ORDER BY id"
    before = rows(postgres_url, orders), rows(postgres_url, lines)
    assert sync(API) == 0
    assert (rows(postgres_url, orders), rows(postgres_url, lines)) == before
    assert sync(API + A_CHANGED_ORDER) == 0
    after = rows(postgres_url, orders), rows(postgres_url, lines)
    assert Decimal("77.70") in after[0][0]
    assert after[0][1:] == before[0][1:]
    assert after[1] == before[1][1:]


def test_a_killed_sync_leaves_the_tables_as_they_were(sync: Sync, postgres_url: str) -> None:
    assert sync(API + KILLED_HALF_WAY) < 0
    assert rows(postgres_url, "SELECT count(*) FROM ecommerce.customers") == [(0,)]
    sync(API)
    before = rows(postgres_url, "SELECT * FROM ecommerce.orders ORDER BY id")
    assert sync(API + A_CHANGED_ORDER + KILLED_HALF_WAY) < 0
    assert rows(postgres_url, "SELECT * FROM ecommerce.orders ORDER BY id") == before
