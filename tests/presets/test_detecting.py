"""`check --detect` names the preset that fits a database, and no other."""

import json
from pathlib import Path

import pytest

from backend.database.engine import opened
from backend.results.detection import Detection, FittingPreset
from backend.shop.detecting import detect
from backend.wording.detection_sentences import detection_in_words
from tests.conftest import NewDatabase, execute, wait_for
from tests.live import command
from tests.presets import all_platforms
from tests.presets.events import expected, happened
from tests.presets.filled import filled


async def looked_at(url: str) -> Detection:
    async with opened(url) as engine:
        return await detect(engine)


@pytest.mark.external
@pytest.mark.parametrize("name", all_platforms.alike(all_platforms.PLATFORMS))
def test_the_right_preset_and_no_other_is_named(
    name: str, new_mysql: NewDatabase, new_postgres: NewDatabase
) -> None:
    platform = all_platforms.PLATFORMS[name]
    url = (new_mysql if platform.database == "mysql" else new_postgres)()
    wait_for(filled(url, platform))
    (one,) = wait_for(looked_at(url)).fitting
    assert (one.preset, one.variant) == (platform.preset, platform.variant)
    currency = {"CURRENCY": "EUR"} if len(one.currencies) > 1 else {}
    prefix = {key: platform.settings[key] for key in platform.settings if key == "TABLE_PREFIX"}
    assert one.settings == {"SHOP_PRESET": platform.preset, **prefix, **currency}
    people = expected(happened(platform.holds), platform.holds)
    assert one.customers >= len(people)
    assert one.orders >= sum(len(each.brought) for each in people)


@pytest.mark.external
def test_prefix_and_schema_are_found(new_mysql: NewDatabase, new_postgres: NewDatabase) -> None:
    url = new_mysql()
    wait_for(filled(url, all_platforms.PLATFORMS["opencart"]))
    tables = ("customer", "order", "order_product", "product", "manufacturer", "setting")
    renamed = ", ".join(f"oc_{table} TO shop7_{table}" for table in tables)
    wait_for(execute(url, f"RENAME TABLE {renamed}"))
    (one,) = wait_for(looked_at(url)).fitting
    assert one.settings == {"SHOP_PRESET": "opencart", "TABLE_PREFIX": "shop7_"}
    assert "shop7_setting" in one.tables
    url = new_postgres()
    wait_for(filled(url, all_platforms.PLATFORMS["saleor"]))
    moved = [
        f"ALTER TABLE {table} SET SCHEMA saleor"
        for table in ("account_user", "order_order", "order_orderline", "product_productvariant")
    ]
    wait_for(execute(url, "CREATE SCHEMA saleor", *moved))
    (one,) = wait_for(looked_at(url)).fitting
    assert one.settings["TABLE_SCHEMA"] == "saleor"


@pytest.mark.external
def test_the_command_prints_the_variables(new_mysql: NewDatabase, tmp_path: Path) -> None:
    url = new_mysql()
    wait_for(filled(url, all_platforms.PLATFORMS["opencart"]))
    done = command(url, tmp_path, "check", "--detect")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout.splitlines()[-1] == "SHOP_PRESET=opencart"
    assert "# OpenCart: " in done.stdout
    done = command(url, tmp_path, "check", "--detect", "--json")
    (one,) = json.loads(done.stdout)["fitting"]
    assert one["settings"] == {"SHOP_PRESET": "opencart"}


@pytest.mark.external
def test_a_database_without_a_shop_fits_no_preset(postgres_url: str) -> None:
    found = wait_for(looked_at(postgres_url))
    assert found.fitting == ()
    assert "No preset fits" in " ".join(detection_in_words(found))


def test_the_lines_can_be_put_into_an_env_file() -> None:
    one = FittingPreset(
        preset="sylius",
        platform="Sylius",
        variant=None,
        settings={"SHOP_PRESET": "sylius", "CURRENCY": "EUR"},
        tables=("sylius_customer", "sylius_order"),
        customers=60,
        orders=1200,
        currencies={"EUR": 1000, "USD": 200},
        zone_is_asked=True,
    )
    assert list(detection_in_words(Detection((one,)))) == [
        "",
        "# Sylius: 60 customers and 1,200 orders in sylius_customer, sylius_order.",
        "# Orders are in several currencies, EUR (1,000), USD (200): one of them counts.",
        "# Its times name no zone: SHOP_TIME_ZONE is to be set, such as Europe/Berlin.",
        "SHOP_PRESET=sylius",
        "CURRENCY=EUR",
    ]
