"""What a preset chooses by what a database has, and what it says of it."""

from typing import Any

import numpy as np
import pytest

from backend.database.engine import opened
from backend.readiness import judging
from backend.run.readiness_check import judge
from backend.shop.mapping.layers import load_mapping
from backend.shop.seen import inspect_shop
from backend.shop.shop import Shop
from backend.store.migrate import migrate
from backend.wording.readiness_sentences import readiness_in_words
from tests.conftest import NewDatabase, execute, wait_for
from tests.performed import clustered, config_of
from tests.presets import all_platforms
from tests.presets.events import AS_OF, Person, expected, happened
from tests.presets.filled import filled
from tests.shops import HORIZONS
from tests.snapshots import read_shop


async def sentences(url: str, variables: dict[str, str]) -> dict[str, str]:
    """Return what a check says, by code, where it is no good news, and of the preset."""
    async with opened(url) as engine:
        inspected = await inspect_shop(engine, Shop(load_mapping(variables)), AS_OF)
    if inspected.seen is None:
        return {"missing": " ".join(str(one.problem) for one in inspected.missing)}
    judged = judge(inspected.seen, judging.judge_ours(None), AS_OF, HORIZONS)
    found = readiness_in_words(judged).findings
    return {one.code: one.sentence for one in found if one.level != "ok" or one.code == "preset"}


async def order_counts(url: str, variables: dict[str, str]) -> dict[str, int]:
    """Read how many counted orders every customer has."""
    async with opened(url) as engine:
        found = await read_shop(engine, Shop(load_mapping(variables)), AS_OF)
    counts = np.bincount(found.customer_index, minlength=len(found.customer_ids))
    return {str(one): int(count) for one, count in zip(found.customer_ids, counts, strict=True)}


@pytest.mark.external
def test_the_check_names_the_variant_and_what_is_not_there(new_postgres: NewDatabase) -> None:
    url = new_postgres()
    wait_for(filled(url, all_platforms.PLATFORMS["odoo17, till alone"]))
    said = wait_for(sentences(url, {"SHOP_PRESET": "odoo17"}))
    assert said["preset"] == (
        "The preset odoo17 is read as Point of Sale alone, without sale_order, sale_order_line, "
        "sale_order_line_invoice_rel, pos_order_line.sale_order_origin_id: there is no such table "
        "or column."
    )


@pytest.mark.external
def test_the_report_of_a_run_names_them_too(new_postgres: NewDatabase) -> None:
    url = new_postgres()
    wait_for(filled(url, all_platforms.PLATFORMS["odoo17, sales alone"]))
    report = wait_for(reported(url, {"SHOP_PRESET": "odoo17"}))
    (one,) = [found for found in report["readiness"]["findings"] if found["code"] == "preset"]
    assert one["facts"]["variant"] == "Sales alone"
    assert one["facts"]["lacking"] == ["pos_order", "pos_order_line"]
    assert report["currency"] == "EUR"


async def reported(url: str, variables: dict[str, str]) -> dict[str, Any]:
    """Do one run and return its report."""
    async with opened(url) as engine:
        await migrate(engine)
        return await clustered(engine, url, config_of(url, shop_variables=variables), as_of=AS_OF)


@pytest.mark.external
def test_a_preset_none_of_whose_variants_fits_says_what_it_needs(new_postgres: NewDatabase) -> None:
    url = new_postgres()
    wait_for(filled(url, all_platforms.PLATFORMS["saleor"]))
    said = wait_for(sentences(url, {"SHOP_PRESET": "odoo17"}))
    assert "'odoo17' fits nothing that is there" in said["missing"]
    assert "Sales alone: sale_order" in said["missing"]


@pytest.mark.external
@pytest.mark.parametrize(
    ("preset", "sentence"),
    [
        ("solidus", "'solidus' reads PostgreSQL, and this database is MySQL;"),
        ("odoo17", "'odoo17' reads PostgreSQL, and this database is MySQL;"),
    ],
)
def test_a_preset_of_another_server_says_so(
    preset: str, sentence: str, new_mysql: NewDatabase
) -> None:
    said = wait_for(sentences(new_mysql(), {"SHOP_PRESET": preset}))
    assert sentence in said["missing"]
    assert "check --detect" in said["missing"]


@pytest.mark.external
def test_statuses_are_read_where_opencart_keeps_them_unless_a_variable_says_otherwise(
    new_mysql: NewDatabase,
) -> None:
    url = new_mysql()
    wait_for(filled(url, all_platforms.PLATFORMS["opencart"]))
    said = wait_for(sentences(url, {"SHOP_PRESET": "opencart"}))
    assert said["preset"] == (
        "The preset opencart is read; which statuses are counted was read in the shop's own "
        "settings."
    )
    own = wait_for(sentences(url, {"SHOP_PRESET": "opencart", "COUNTED_STATUSES": "5"}))
    assert own["preset"] == "The preset opencart is read."
    assert "'23'" in own["unknown_status"]
    assert "Counted are 5;" in own["unknown_status"]


@pytest.mark.external
def test_statuses_that_php_wrote_are_read_too(new_mysql: NewDatabase) -> None:
    url = new_mysql()
    wait_for(filled(url, all_platforms.PLATFORMS["opencart"]))
    before = wait_for(order_counts(url, {"SHOP_PRESET": "opencart"}))
    written = 'a:3:{i:0;s:1:"2";i:1;s:1:"3";i:2;s:2:"23";}'
    wait_for(
        execute(
            url,
            f"UPDATE oc_setting SET value = '{written}' WHERE store_id = 0"
            " AND `key` = 'config_processing_status'",
        )
    )
    assert wait_for(order_counts(url, {"SHOP_PRESET": "opencart"})) == before


# A database of each preset that can hold several currencies.
SEVERAL_CURRENCIES = {
    platform.preset: name
    for name, platform in reversed(all_platforms.PLATFORMS.items())
    if "CURRENCY" in platform.settings
}


@pytest.mark.external
@pytest.mark.parametrize("name", all_platforms.alike(SEVERAL_CURRENCIES.values()))
def test_several_currencies_are_never_added_up_without_a_word(
    name: str, new_mysql: NewDatabase, new_postgres: NewDatabase
) -> None:
    platform = all_platforms.PLATFORMS[name]
    url = (new_mysql if platform.database == "mysql" else new_postgres)()
    wait_for(filled(url, platform))
    said = wait_for(sentences(url, {"SHOP_PRESET": platform.preset}))
    assert "set CURRENCY to count one" in said["mixed_currencies"]


@pytest.mark.external
def test_currencies_that_a_preset_cannot_see_are_told(new_mysql: NewDatabase) -> None:
    url = new_mysql()
    wait_for(filled(url, all_platforms.PLATFORMS["woocommerce"]))
    wait_for(execute(url, "DROP TABLE wp_postmeta"))
    said = wait_for(sentences(url, {"SHOP_PRESET": "woocommerce"}))
    assert "without wc_orders, postmeta" in said["preset"]
    assert "if the shop sells in several" in said["unseen_currencies"]


# What makes every second order one of another currency, where that is a setting of the shop.
SECOND_CURRENCY = {
    "odoo17": (
        "INSERT INTO res_company VALUES (2, 'Acme Inc.', 2, 990)",
        "UPDATE sale_order SET company_id = 2 WHERE id % 2 = 0",
    ),
    "bagisto": ("UPDATE orders SET base_currency_code = 'USD' WHERE id % 2 = 0",),
}


@pytest.mark.external
@pytest.mark.parametrize("name", SECOND_CURRENCY)
def test_companies_and_channels_of_several_currencies_are_told_apart(
    name: str, new_mysql: NewDatabase, new_postgres: NewDatabase
) -> None:
    platform = all_platforms.PLATFORMS[name]
    url = (new_mysql if platform.database == "mysql" else new_postgres)()
    wait_for(filled(url, platform))
    wait_for(execute(url, *SECOND_CURRENCY[name]))
    said = wait_for(sentences(url, {"SHOP_PRESET": name}))
    assert "eur" in said["mixed_currencies"]
    assert "usd" in said["mixed_currencies"]


@pytest.mark.external
@pytest.mark.parametrize("name", ["woocommerce_hpos", "woocommerce_posts"])
def test_a_site_of_a_network_has_its_users_in_the_networks_tables(
    name: str, new_mysql: NewDatabase
) -> None:
    """The first site's prefix is the network's; its second one's ends in a number."""
    platform = all_platforms.PLATFORMS[name]
    url = new_mysql()
    wait_for(filled(url, platform))
    alone = wait_for(order_counts(url, {"SHOP_PRESET": name}))
    kept_once = {"wp_users", "wp_usermeta"}
    tables = set(platform.write(happened(platform.holds))) - kept_once | {
        "wp_options",
        "wp_postmeta",
    }
    renamed = ", ".join(
        f"{table} TO {table.replace('wp_', 'wp_2_', 1)}" for table in sorted(tables)
    )
    wait_for(execute(url, f"RENAME TABLE {renamed}"))
    networked = wait_for(order_counts(url, {"SHOP_PRESET": name, "TABLE_PREFIX": "wp_2_"}))
    assert networked == alone


# Where ids of guests are made of e-mails: an account's table, its e-mail and its id.
ACCOUNT_TABLES = {
    "woocommerce_hpos": ("wp_users", "user_email", "ID"),
    "woocommerce_posts": ("wp_users", "user_email", "ID"),
    "magento1": ("customer_entity", "email", "entity_id"),
    "magento2": ("customer_entity", "email", "entity_id"),
    "bagisto": ("customers", "email", "id"),
    "opencart": ("oc_customer", "email", "customer_id"),
    "saleor": ("account_user", "email", "id"),
    "spree": ("spree_users", "email", "id"),
    "solidus": ("spree_users", "email", "id"),
}


@pytest.mark.external
@pytest.mark.parametrize("name", all_platforms.alike(ACCOUNT_TABLES))
def test_a_guest_joins_the_account_with_the_same_email_where_that_is_wanted(
    name: str, new_mysql: NewDatabase, new_postgres: NewDatabase
) -> None:
    platform = all_platforms.PLATFORMS[name]
    url = (new_mysql if platform.database == "mysql" else new_postgres)()
    wait_for(filled(url, platform))
    truth = {
        one.person: len(one.brought) for one in expected(happened(platform.holds), platform.holds)
    }
    account, guest = Person(1, guest=False), next(one for one in truth if one.guest)
    table, email, identity = ACCOUNT_TABLES[name]
    address = guest.email.upper()
    wait_for(execute(url, f"UPDATE {table} SET {email} = '{address}' WHERE {identity} = 1"))
    variables = {"SHOP_PRESET": name, **platform.settings}
    apart = wait_for(order_counts(url, {**variables, "MERGE_GUESTS": "false"}))
    assert apart[platform.id_of(account)] == truth[account]
    assert apart[platform.id_of(guest)] == truth[guest]
    joined = wait_for(order_counts(url, {**variables, "MERGE_GUESTS": "true"}))
    assert joined[platform.id_of(account)] == truth[account] + truth[guest]
    assert joined.keys() == apart.keys() - {platform.id_of(guest)}
