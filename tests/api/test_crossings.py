"""What would move a customer comes true when the next run sees it."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import insert

from backend.database.engine import opened, transaction
from backend.files.guide_tables import shop_tables
from tests.conftest import NewDatabase, wait_for
from tests.databases import SqliteFolder
from tests.live import Live, serving
from tests.performed import NO_WORKER, perform_once, performed
from tests.shops import AS_OF, NAMES, Row, Shop, fill, invented

pytestmark = pytest.mark.external
START = AS_OF - timedelta(days=25)
MOST_DAYS = 20
CUSTOMERS = 700


@cache
def living(customers: int) -> Shop:
    """Invent customers with a rhythm who leave one day, so that silence tells."""
    rng = np.random.default_rng(5)
    shop = invented(customers)
    orders: list[Row] = []
    for person in shop.customers:
        ages = rng.uniform(1, 700) - np.cumsum([0, *rng.gamma(2, rng.choice((8, 40)), 80)])
        stays = ages > max(ages[0] - rng.exponential(250), 0)
        for age in ages[stays]:
            created = (AS_OF - timedelta(days=float(age))).replace(tzinfo=None, microsecond=0)
            row = {"id": len(orders) + 1, "customer_id": person["id"], "created_at": created}
            price = Decimal(int(rng.lognormal(8, 0.5))).scaleb(-2)
            orders.append({**shop.orders[0], **row, "total_price": price})
    paid = [{**row, "financial_status": "paid"} for row in orders]
    return replace(shop, orders=paid, lines=[])


async def seen_at_start(url: str) -> None:
    """Prepare a shop of living customers that one run has seen, as of `START`."""
    await fill(url, living(CUSTOMERS))
    await perform_once(url, as_of=START)


def reasons(live: Live, customers: list[Row]) -> dict[int, dict[str, Any]]:
    """Ask for customers why they are where they are."""
    found = {}
    for row in customers:
        profile = live.get(f"/api/mcp/customers/{row['id']}?explain=true").json()
        if profile["explanation"] is not None:
            found[row["id"]] = {
                "id": profile["archetype"]["id"],
                "typical_order_value": profile["typical_order_value"],
                **profile["explanation"]["segment"],
            }
    return found


@pytest.fixture(scope="module")
def told(
    sqlite_folder: SqliteFolder, tmp_path_factory: pytest.TempPathFactory
) -> dict[int, dict[str, Any]]:
    """Say what every other customer was told at `START`, asked once for all tests."""
    url = sqlite_folder.prepared(seen_at_start)
    with serving(url, tmp_path_factory.mktemp("told"), variables=NO_WORKER) as live:
        return reasons(live, living(CUSTOMERS).customers[::2])


def segments_of_all(live: Live) -> dict[int, str]:
    """Ask in which segment everybody is now."""
    page = live.get(f"/api/mcp/customers?fields=archetype.id&limit={CUSTOMERS}").json()
    return {int(row["customer_id"]): row["archetype"]["id"] for row in page["customers"]}


def crossings_by(kind: str, told: dict[int, dict[str, Any]]) -> dict[int, dict[str, Any]]:
    return {
        number: crossing
        for number, reason in told.items()
        for crossing in reason["crossings"]
        if crossing["by"] == kind
    }


def who_is_silent(shop: Shop, days: int) -> set[int]:
    """Return whose own orders leave those days to the ones that are tried."""
    start, end = (at.replace(tzinfo=None) for at in (START, START + timedelta(days=days)))
    ordered = {row["customer_id"] for row in shop.orders if start <= row["created_at"] < end}
    return {row["id"] for row in shop.customers} - ordered


async def place(url: str, orders: dict[int, tuple[int, float]]) -> None:
    """Add orders to the shop, the first an hour into `START`, the others a day apart."""
    table = shop_tables(**NAMES).tables["orders"]
    rows = [
        {
            "id": 1_000_000 + 10 * number + day,
            "customer_id": number,
            "total_price": Decimal(f"{value:.2f}"),
            "created_at": (START + timedelta(days=day, hours=1)).replace(tzinfo=None),
            "financial_status": "paid",
        }
        for number, (amount, value) in orders.items()
        for day in range(amount)
    ]
    async with opened(url) as engine, transaction(engine, "shop") as connection:
        await connection.execute(insert(table), rows)


def test_a_customers_segment_is_explained_and_what_is_foretold_comes_true(
    new_sqlite: NewDatabase, tmp_path: Path, told: dict[int, dict[str, Any]]
) -> None:
    shop = living(CUSTOMERS)
    with serving(new_sqlite(seen_at_start), tmp_path, variables=NO_WORKER) as live:
        names = {s["id"]: s["name"] for s in live.get("/api/mcp/segments").json()["segments"]}
        silent = crossings_by("silence", told)
        soon = [one["amount"] for one in silent.values() if one["amount"] <= MOST_DAYS]
        days = max(set(soon), key=soon.count)
        performed(live, as_of=START + timedelta(days=days))
        there = segments_of_all(live)
        later = {number: there[number] for number in who_is_silent(shop, days) & set(silent)}
    assert len(told) > 300
    for reason in told.values():
        begins = "Has not ordered yet." if reason["id"] == "no_orders" else "Ordered on "
        assert reason["why"].startswith(begins)
        assert reason["rule"].startswith(begins)
        for crossing in reason["crossings"]:
            assert crossing["segment_id"] != reason["id"]
            assert crossing["segment_name"] in crossing["sentence"]
            assert crossing["segment_name"] == names.get(
                crossing["segment_id"], crossing["segment_name"]
            )
            if crossing["within_days"] is not None:
                assert (crossing["by"], crossing["amount"]) == ("orders", 1)
                assert f" within {crossing['within_days']} day" in crossing["sentence"]
    moved = {number for number in later if silent[number]["amount"] == days}
    assert moved
    assert all(later[number] == silent[number]["segment_id"] for number in moved)
    # The profile shows whole days: the border may come up to one day sooner.
    stay = {number for number in later if silent[number]["amount"] > days + 1}
    assert stay
    assert all(later[number] == told[number]["id"] for number in stay)


def test_orders_that_were_foretold_to_move_a_customer_do(
    new_sqlite: NewDatabase, tmp_path: Path, told: dict[int, dict[str, Any]]
) -> None:
    """So many orders of the usual value, a day apart, and a run after the last of them."""
    url, shop = new_sqlite(seen_at_start), living(CUSTOMERS)
    foretold = crossings_by("orders", told)
    usual = {number: told[number]["typical_order_value"] or 20 for number in foretold}
    wait_for(place(url, {one: (foretold[one]["amount"], usual[one]) for one in foretold}))
    with serving(url, tmp_path, variables=NO_WORKER) as live:
        moved = []
        for amount in (1, 2, 3):
            performed(live, as_of=START + timedelta(days=amount - 1, hours=2))
            there, silent = segments_of_all(live), who_is_silent(shop, amount)
            moved += [
                (number, there[number], crossing["segment_id"])
                for number, crossing in foretold.items()
                if crossing["amount"] == amount and number in silent
            ]
    assert len(moved) > 100
    assert [row for row in moved if row[1] != row[2]] == []


def test_where_there_are_no_borders_nothing_moves_a_customer(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    url, shop = new_sqlite(), invented(12)
    wait_for(fill(url, shop))
    with serving(url, tmp_path, variables=NO_WORKER) as live:
        performed(live, as_of=AS_OF)
        told = reasons(live, shop.customers)
    assert {reason["id"] for reason in told.values()} == {"all_customers", "no_orders"}
    for reason in told.values():
        assert reason["why"].startswith(("Ordered on ", "Has not ordered yet."))
        assert reason["crossings"] == []
