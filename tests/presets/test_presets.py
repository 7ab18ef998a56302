"""Every preset reads its platform: who exists, what counts, what it is worth, to the cent."""

import re
import tomllib
from collections import Counter
from dataclasses import fields
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from backend.behaviour.baskets import Baskets
from backend.database.engine import create_engine, opened
from backend.shop.mapping.layers import PRESET_FOLDER, load_mapping, preset_names
from backend.shop.orders import ShopColumns
from backend.shop.shop import Shop
from tests.conftest import NewDatabase, execute, wait_for
from tests.live import ROOT, Live, serving
from tests.performed import perform_once
from tests.presets import on_mysql, on_postgres
from tests.presets.invented import (
    AS_OF,
    InventedShop,
    Person,
    Platform,
    Tables,
    invented_shop,
)
from tests.snapshots import read_baskets, read_shop

ORDINARY_REASONS = {
    "cancelled",
    "refunded",
    "not_counted_status",
    "null_customer",
    "unknown_customer",
}
FIXTURES = Path(__file__).parent / "fixtures"
PLATFORMS = {**on_mysql.PLATFORMS, **on_postgres.PLATFORMS}


async def load(url: str, schema: str, tables: Tables) -> None:
    """Make the platform's tables and fill them."""
    engine = create_engine(url)
    quote = engine.dialect.identifier_preparer.quote_identifier
    async with engine.begin() as connection:
        for statement in filter(str.strip, re.sub(r"(?m)^--.*$", "", schema).split(";")):
            await connection.exec_driver_sql(statement)
        for table, rows in tables.items():
            names = list(rows[0])
            places = ", ".join(f":{name}" for name in names)
            columns = ", ".join(quote(name) for name in names)
            insert = text(f"INSERT INTO {quote(table)} ({columns}) VALUES ({places})")
            await connection.execute(insert, rows)
    await engine.dispose()


def platform_of(name: str) -> tuple[Platform, str]:
    """Return how a platform is written, and its tables; say what is missing."""
    fixture = FIXTURES / f"{name}.sql"
    assert fixture.exists(), (
        f"the preset {name} needs its platform's CREATE TABLEs in tests/presets/fixtures/{name}.sql"
    )
    assert name in PLATFORMS, (
        f"the preset {name} needs a function that writes an invented shop into its platform's"
        " tables, and a Platform in PLATFORMS of tests/presets/on_mysql.py or on_postgres.py"
    )
    return PLATFORMS[name], fixture.read_text()


@pytest.mark.external
@pytest.mark.parametrize("name", preset_names())
def test_a_preset_reads_its_platform(
    name: str, new_mysql: NewDatabase, new_postgres: NewDatabase, tmp_path: Path
) -> None:
    platform, schema = platform_of(name)
    url = new_mysql() if platform.database == "mysql" else new_postgres()
    shop = invented_shop(platform)
    wait_for(load(url, schema, platform.write(shop)))
    wait_for(assert_lines_and_times_are_right(url, name, platform, shop))
    wait_for(assert_written_anew_it_reads_the_same(url, name))
    # The names of the guide's tables, which other tests set, must not reach a preset's shop.
    nothing = dict.fromkeys(("CUSTOMERS_TABLE", "ORDERS_TABLE", "LINE_ITEMS_TABLE"), "")
    wait_for(perform_once(url, {"SHOP_PRESET": name}, as_of=AS_OF))
    with serving(url, tmp_path, variables={**nothing, "SHOP_PRESET": name}) as live:
        status = live.finished()
        assert status["state"] == "succeeded", status
        report = live.get(status["report_url"], "admin-key").json()
        assert_nobody_is_invented(report, platform, shop)
        assert_the_check_is_content(report["readiness"], platform)
        for person in shop.people:
            assert_the_profile_is_right(live, platform, shop, person)


async def assert_lines_and_times_are_right(
    url: str, name: str, platform: Platform, shop: InventedShop
) -> None:
    """Every platform writes one line of one product for each order, beside lines of other kinds."""
    mapped = Shop(load_mapping({"SHOP_PRESET": name, "SHOP_TIME_ZONE": "Asia/Tokyo"}))
    late = timedelta(0) if platform.zone_is_known else timedelta(hours=9)
    async with opened(url) as engine:
        found = await read_shop(engine, mapped, AS_OF)
        baskets = await read_baskets(engine, mapped, AS_OF, found.customer_ids)
    assert baskets is not None
    place = {str(customer_id): at for at, customer_id in enumerate(found.customer_ids)}
    for person in shop.people:
        if not platform.knows(shop, person):
            continue
        mine = place[platform.id_of(person)]
        counted = shop.counted_of(person)
        assert np.nan_to_num(baskets.lines[mine]) == len(counted), person
        assert np.nan_to_num(baskets.orders[mine]) == len(counted), person
        assert not counted or baskets.units[mine] >= len(counted), person
        assert not counted or baskets.distinct_products[mine] >= 1, person
        times = found.created_at[found.customer_index == mine].tolist()
        assert sorted(times) == sorted(order.naive - late for order in counted), person


async def assert_written_anew_it_reads_the_same(url: str, name: str) -> None:
    """A preset's queries in somebody's own mapping file pass the guard, and give the same rows."""
    ours = load_mapping({"SHOP_PRESET": name})
    theirs = ours.model_copy(update={"preset_queries": frozenset[str]()})
    async with opened(url) as engine:
        columns = [await read_shop(engine, Shop(mapping), AS_OF) for mapping in (ours, theirs)]
        ids = columns[0].customer_ids
        baskets = [await read_baskets(engine, Shop(one), AS_OF, ids) for one in (ours, theirs)]
    for field in fields(ShopColumns):
        one, other = (getattr(found, field.name) for found in columns)
        assert np.array_equal(one, other), field.name
    for field in fields(Baskets):
        one, other = (getattr(found, field.name) for found in baskets)
        assert np.array_equal(one, other, equal_nan=True), field.name


def assert_nobody_is_invented(
    report: dict[str, Any], platform: Platform, shop: InventedShop
) -> None:
    known = [person for person in shop.people if platform.knows(shop, person)]
    counts = [shop.truth(person)[0] for person in known]
    assert report["customers"] == {"total": len(known), "with_orders": np.count_nonzero(counts)}
    assert report["orders"]["counted"] == sum(counts)
    left_out = report["orders"]["left_out"]
    fates = Counter(order.fate for order in shop.orders)
    assert left_out.get("cancelled", 0) == fates["cancelled"]
    assert left_out.get("refunded", 0) == fates["refunded"]
    # Rows of refunds, older versions and the like are no orders.
    assert left_out.keys() <= ORDINARY_REASONS


def assert_the_check_is_content(readiness: dict[str, Any], platform: Platform) -> None:
    """Of what the platform's own tables hold by nature, nothing is a fault."""
    found = {one["code"]: one["sentence"] for one in readiness["findings"] if one["level"] != "ok"}
    found.pop("shop_is_writable")  # the tests' user owns the tables
    found.pop("shop_user_may_more")
    # Invented customers order at any hour, within two years; the fixtures have few indexes.
    expected = {"time_zone", "short_history_for_value", "missing_indexes"}
    assert found.keys() <= expected, found


def assert_the_profile_is_right(
    live: Live, platform: Platform, shop: InventedShop, person: Person
) -> None:
    answer = live.get(f"/api/mcp/customers/{platform.id_of(person)}")
    if not platform.knows(shop, person):
        assert answer.status_code == 404, (person, answer.text)
        return
    assert answer.status_code == 200, (person, answer.text)
    profile = answer.json()
    count, value = shop.truth(person)
    assert profile["email"].lower() == person.email
    if not person.guest:
        assert (profile["first_name"], profile["last_name"]) == (
            person.first_name,
            person.last_name,
        )
    assert profile["total_orders"] == count, (person, profile)
    assert Decimal(str(profile["historical_value"] or 0)) == value, (person, profile)


def test_a_preset_without_its_platform_says_what_it_needs() -> None:
    with pytest.raises(AssertionError, match=r"tests/presets/fixtures/newcomer\.sql"):
        platform_of("newcomer")


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_says_what_it_rests_on(name: str) -> None:
    about = tomllib.loads((PRESET_FOLDER / f"{name}.toml").read_text())["about"]
    assert set(about) == {"platform", "versions", "database", "source", "facts", "unverified"}
    assert all(isinstance(fact, str) for fact in [*about["facts"], *about["unverified"]])


def test_the_documentation_lists_every_preset() -> None:
    page = (ROOT / "docs" / "presets.md").read_text()
    for name in preset_names():
        assert f"| `{name}` |" in page
        facts = tomllib.loads((PRESET_FOLDER / f"{name}.toml").read_text())["about"]
        for fact in [*facts["facts"], *facts["unverified"]]:
            assert fact in page, (name, fact)


ACCOUNT_TABLES = {
    "woocommerce_hpos": ("wp_users", "user_email", "ID"),
    "magento2": ("customer_entity", "email", "entity_id"),
    "opencart": ("oc_customer", "email", "customer_id"),
    "saleor": ("account_user", "email", "id"),
    "spree": ("spree_users", "email", "id"),
}


@pytest.mark.external
@pytest.mark.parametrize("name", ACCOUNT_TABLES)
def test_a_guest_joins_the_account_with_the_same_email_where_that_is_wanted(
    name: str, new_mysql: NewDatabase, new_postgres: NewDatabase
) -> None:
    platform, schema = platform_of(name)
    url = new_mysql() if platform.database == "mysql" else new_postgres()
    shop = invented_shop(platform)
    wait_for(load(url, schema, platform.write(shop)))
    account, guest = shop.people[0], shop.people[3]
    assert guest.guest
    table, email, identity = ACCOUNT_TABLES[name]
    address = guest.email.upper()
    wait_for(execute(url, f"UPDATE {table} SET {email} = '{address}' WHERE {identity} = 1"))
    apart = wait_for(order_counts(url, name, merge="false"))
    assert apart[platform.id_of(account)] == shop.truth(account)[0]
    assert apart[platform.id_of(guest)] == shop.truth(guest)[0]
    joined = wait_for(order_counts(url, name, merge="true"))
    assert joined[platform.id_of(account)] == shop.truth(account)[0] + shop.truth(guest)[0]
    assert joined.keys() == apart.keys() - {platform.id_of(guest)}


async def order_counts(url: str, name: str, *, merge: str) -> dict[str, int]:
    """Read how many counted orders every customer has."""
    mapped = Shop(load_mapping({"SHOP_PRESET": name, "MERGE_GUESTS": merge}))
    async with opened(url) as engine:
        found = await read_shop(engine, mapped, AS_OF)
    counts = np.bincount(found.customer_index, minlength=len(found.customer_ids))
    return {str(one): int(count) for one, count in zip(found.customer_ids, counts, strict=True)}
