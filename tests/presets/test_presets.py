"""Every preset reads its platform: who exists, what counts, what it is worth, to the cent."""

import re
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from backend.data.engine import create_engine
from backend.data.sources.loading import PRESET_FOLDER, preset_names
from tests.conftest import NewDatabase, wait_for
from tests.live import ROOT, Live, serving
from tests.presets import on_mysql, on_postgres
from tests.presets.invented import (
    AS_OF,
    InventedShop,
    Platform,
    Tables,
    invented_shop,
    number_is_idle,
)

FIXTURES = Path(__file__).parent / "fixtures"
PLATFORMS = {**on_mysql.PLATFORMS, **on_postgres.PLATFORMS}
# Odoo's customers are partners with an order.
WITHOUT_IDLE = {"odoo17"}


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


@pytest.mark.external
@pytest.mark.parametrize("name", preset_names())
def test_a_preset_reads_its_platform(
    name: str, new_mysql: NewDatabase, new_postgres: NewDatabase, tmp_path: Path
) -> None:
    fixture = FIXTURES / f"{name}.sql"
    assert fixture.exists(), f"preset {name} needs its tables in tests/presets/fixtures/{name}.sql"
    assert name in PLATFORMS, f"preset {name} needs a Platform in tests/presets/on_….py"
    platform = PLATFORMS[name]
    url = new_mysql() if platform.database == "mysql" else new_postgres()
    shop = invented_shop(platform)
    wait_for(load(url, fixture.read_text(), platform.write(shop)))
    # The names of the guide's tables, which other tests set, must not reach a preset's shop.
    nothing = dict.fromkeys(("CUSTOMERS_TABLE", "ORDERS_TABLE", "LINE_ITEMS_TABLE"), "")
    with serving(url, tmp_path, variables={**nothing, "SHOP_PRESET": name}) as live:
        status = live.cluster(as_of=AS_OF.isoformat())
        assert status["state"] == "succeeded", status
        lines = live.get(status["report_url"], "admin-key").json()
        assert_customers_are_right(live, name, platform, shop)
        assert lines["customers"]["total"] == len(expected(name, shop))


def expected(name: str, shop: InventedShop) -> list[int]:
    return [
        person.number
        for person in shop.people
        if name not in WITHOUT_IDLE or not number_is_idle(person)
    ]


def assert_customers_are_right(
    live: Live, name: str, platform: Platform, shop: InventedShop
) -> None:
    known = set(expected(name, shop))
    for person in shop.people:
        answer = live.get(f"/api/mcp/customers/{platform.id_of(person)}")
        if person.number not in known:
            assert answer.status_code == 404
            continue
        assert answer.status_code == 200, (person, answer.text)
        profile = answer.json()
        count, value = shop.truth(person)
        assert profile["email"].lower() == person.email
        assert profile["total_orders"] == count, (person, profile)
        shown = None if count == 0 else Decimal(str(profile["historical_value"]))
        assert shown == (value if count else None), (person, shop.orders_of(person))


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_says_what_it_rests_on(name: str) -> None:
    about = tomllib.loads((PRESET_FOLDER / f"{name}.toml").read_text())["about"]
    assert set(about) == {"platform", "versions", "database", "source", "facts", "unverified"}
    assert all(isinstance(fact, str) for fact in [*about["facts"], *about["unverified"]])


def test_the_documentation_lists_every_preset() -> None:
    page = (ROOT / "docs" / "presets.md").read_text()
    for name in preset_names():
        assert f"| `{name}` |" in page
