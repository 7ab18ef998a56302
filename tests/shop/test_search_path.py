"""The guide's tables as it prints them, without a schema, and nothing set but the two variables."""

import json
import logging
from pathlib import Path

import pytest

from backend.core.errors import InvalidMapping
from backend.database.engine import AsyncEngine, opened, snapshot
from backend.files.create_tables import create_shop_tables
from backend.shop.mapping.layers import load_mapping
from backend.shop.shop import Shop
from tests.conftest import execute, wait_for
from tests.live import ROOT, command
from tests.shops import AS_OF, NAMES, VARIABLES, fill, invented
from tests.snapshots import read_shop

GUIDE = (ROOT / "docs" / "integration-guide.md").read_text()
UNSET = dict.fromkeys(VARIABLES, "")
SHOP = invented(60)


async def as_printed(url: str) -> None:
    """Make the shop's three tables by the guide's own statements, and fill them."""
    for title in ("1. Customers Table", "2. Orders Table", "3. Order Line Items Table"):
        await execute(url, GUIDE.split(f"**{title}**")[1].split("```")[1].removeprefix("sql"))
    await fill(url, SHOP)


async def test_tables_without_a_schema_are_read(
    shop_engine: AsyncEngine, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    await as_printed(database_url)
    shop = Shop(load_mapping({}))
    with caplog.at_level(logging.INFO, "backend.shop.search_path"):
        columns = await read_shop(shop_engine, shop, AS_OF, now=AS_OF)
        async with snapshot(shop_engine) as connection:
            lines = await shop.line_items(connection)
    paid = [row for row in SHOP.orders if row["financial_status"] == "paid"]
    assert len(columns.created_at) == len(paid)
    assert lines is not None
    said = [record for record in caplog.records if "search path" in record.message]
    assert len(said) == (0 if database_url.startswith("sqlite") else 1)


def test_the_guide_followed_word_for_word_works(database_url: str, tmp_path: Path) -> None:
    wait_for(as_printed(database_url))
    done = command(database_url, tmp_path, "check", "--json", variables=UNSET)
    found = {one["code"]: one["sentence"] for one in json.loads(done.stdout)["findings"]}
    if not database_url.startswith("sqlite"):
        assert "search path, customers, orders, order_line_items" in found["search_path"]
    done = command(
        database_url, tmp_path, "cluster", "--json", "--as-of", "2024-06-01", variables=UNSET
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["customers"]["total"] == 60


async def test_a_table_that_is_named_is_looked_for_nowhere_else(
    shop_engine: AsyncEngine, database_url: str
) -> None:
    await as_printed(database_url)
    shop = Shop(load_mapping({"CUSTOMERS_TABLE": "elsewhere.clients"}))
    async with snapshot(shop_engine) as connection:
        with pytest.raises(InvalidMapping, match=r"elsewhere\.clients"):
            await shop.customers(connection)


async def test_a_shop_without_any_table_is_told_the_guides_names(
    shop_engine: AsyncEngine, database_url: str
) -> None:
    shop = Shop(load_mapping({}))
    async with snapshot(shop_engine) as connection:
        with pytest.raises(InvalidMapping, match=r"ecommerce\.customers"):
            await shop.customers(connection)
    await as_printed(database_url)
    async with snapshot(shop_engine) as connection:
        assert (await shop.customers(connection)).has("email")


@pytest.mark.external
async def test_the_guides_schema_comes_first_and_is_not_mixed(postgres_url: str) -> None:
    await as_printed(postgres_url)
    schema = {key: f"ecommerce.{name}" for key, name in NAMES.items() if key != "line_items"}
    async with opened(postgres_url) as engine:
        await create_shop_tables(engine, {**schema, "line_items": "elsewhere.lines"})
        shop = Shop(load_mapping({}))
        columns = await read_shop(engine, shop, AS_OF, now=AS_OF)
        async with snapshot(engine) as connection:
            assert await shop.line_items(connection) is None
    assert len(columns.customer_ids) == 0


@pytest.mark.external
def test_tables_are_not_made_a_second_time_in_the_guides_schema(
    postgres_url: str, tmp_path: Path
) -> None:
    wait_for(as_printed(postgres_url))
    done = command(postgres_url, tmp_path, "migrate", "--shop-tables", variables=UNSET)
    assert done.returncode == 0, done.stderr
    done = command(
        postgres_url, tmp_path, "cluster", "--json", "--as-of", "2024-06-01", variables=UNSET
    )
    assert json.loads(done.stdout)["customers"]["total"] == 60
