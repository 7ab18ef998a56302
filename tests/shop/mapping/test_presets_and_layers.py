"""Which of variables, a preset and a file has the last word, and what is said of the others."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend.core.errors import InvalidMapping
from backend.database.engine import opened
from backend.shop.mapping import layers
from backend.shop.mapping.layers import load_mapping, preset_names
from backend.shop.shop import Shop
from tests.conftest import NewDatabase, execute
from tests.live import ROOT
from tests.snapshots import read_shop


def test_an_unknown_preset_is_named_with_the_ones_that_there_are() -> None:
    with pytest.raises(InvalidMapping) as caught:
        load_mapping({"SHOP_PRESET": "woocomerce"})
    message = str(caught.value)
    assert "'woocomerce' does not exist (did you mean woocommerce?)" in message
    assert all(name in message for name in preset_names())
    assert message.count(".") == 1


def test_variables_override_what_a_preset_suggests() -> None:
    mapping = load_mapping(
        {
            "SHOP_PRESET": "prestashop",
            "TABLE_PREFIX": "shop7_",
            "COUNTED_STATUSES": "paid,pending",
            "SHOP_TIME_ZONE": "Europe/Paris",
            "MERGE_GUESTS": "false",
        }
    )
    assert mapping.prefix == "shop7_"
    assert mapping.statuses.counted == ("paid", "pending")
    assert mapping.statuses.refunded == ("refunded",)
    assert mapping.time_zone == "Europe/Paris"
    assert not mapping.merge_guests
    assert mapping.notes == ()


def test_a_filter_or_scale_without_a_table_is_meant_for_the_presets_table() -> None:
    mapping = load_mapping(
        {"SHOP_PRESET": "sylius", "MONEY_SCALE": "1", "ORDERS_FILTER": "currency = 'JPY'"}
    )
    assert mapping.orders.query is not None
    assert mapping.orders.scale == 1
    assert mapping.orders.filter == "currency = 'JPY'"
    assert mapping.notes == ()
    assert load_mapping({"SHOP_PRESET": "sylius"}).orders.scale == 100


def test_a_preset_overrides_a_variables_table_with_its_filter_and_says_so() -> None:
    mapping = load_mapping(
        {"SHOP_PRESET": "sylius", "ORDERS_TABLE": "sales", "ORDERS_FILTER": "id > 5"}
    )
    assert mapping.orders.table is None
    assert mapping.orders.filter is None
    assert mapping.orders.scale == 100
    assert mapping.notes == (
        "The variable for orders.filter is overridden by the preset or the mapping file.",
        "The variable for orders.table is overridden by the preset or the mapping file.",
    )


def test_a_zone_that_the_platform_fixes_overrides_the_variable_and_says_so() -> None:
    mapping = load_mapping({"SHOP_PRESET": "woocommerce", "SHOP_TIME_ZONE": "Asia/Tokyo"})
    assert mapping.time_zone == "UTC"
    assert mapping.notes == (
        "The variable for time_zone is overridden by the preset or the mapping file.",
    )


def test_a_file_names_a_preset_and_overrides_it(tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.write_text(
        'preset = "spree"\nmerge_guests = true\n[orders]\ntable = "my_orders"\n'
        "[statuses]\ncounted = ['paid']\n"
    )
    mapping = load_mapping({"SHOP_MAPPING": str(file), "COUNTED_STATUSES": "credit_owed"})
    assert mapping.preset == "spree"
    assert mapping.merge_guests
    assert mapping.orders.table == "my_orders"
    assert mapping.customers.query is not None
    assert mapping.statuses.counted == ("paid",)
    assert mapping.statuses.cancelled == ("voided", "void", "failed")
    assert mapping.notes == (
        "The variable for statuses.counted is overridden by the preset or the mapping file.",
    )


def test_a_files_preset_overrides_the_variables_and_says_so(tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.write_text('preset = "spree"\n')
    mapping = load_mapping({"SHOP_MAPPING": str(file), "SHOP_PRESET": "sylius"})
    assert mapping.preset == "spree"
    assert "spree_orders" in str(mapping.orders.query)
    assert mapping.notes == (
        "The variable for preset is overridden by the preset or the mapping file.",
    )


def test_a_status_that_is_counted_and_left_out_at_once_is_named() -> None:
    mapping = load_mapping({"COUNTED_STATUSES": "paid, Refunded"})
    assert mapping.notes == (
        "The status 'refunded' is both counted and refunded: it does not count.",
    )


def test_a_file_sets_all_that_variables_set(tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.write_text(
        """
        schema = "shop"
        prefix = "wp_"
        time_zone = "Europe/Berlin"
        merge_guests = true
        line_items = ""
        [customers]
        table = "customer"
        columns = { email = "mail" }
        filter = "deleted = 0"
        [orders]
        query = "SELECT * FROM {order}"
        scale = 100
        [statuses]
        counted = ["done"]
        cancelled = []
        refunded = ["back"]
        [currency]
        only = "EUR"
        rate = "divide"
        """
    )
    from_file = load_mapping({"SHOP_MAPPING": str(file)})
    from_variables = load_mapping(
        {
            "TABLE_SCHEMA": "shop",
            "TABLE_PREFIX": "wp_",
            "SHOP_TIME_ZONE": "Europe/Berlin",
            "MERGE_GUESTS": "true",
            "CUSTOMERS_TABLE": "customer",
            "CUSTOMERS_COLUMNS": "email=mail",
            "CUSTOMERS_FILTER": "deleted = 0",
            "ORDERS_TABLE": "SELECT * FROM {order}",
            "MONEY_SCALE": "100",
            "COUNTED_STATUSES": "done",
            "CANCELLED_STATUSES": ",",
            "REFUNDED_STATUSES": "back",
            "CURRENCY": "EUR",
            "CURRENCY_RATE": "divide",
        }
    )
    assert from_file.line_items is None
    assert from_file.customers == from_variables.customers.model_copy(update={"scale": 1})
    for setting in set(from_file.model_dump()) - {
        "customers",
        "line_items",
        "line_items_may_be_missing",
        "unnamed",  # the file says that there are no lines, the variables say nothing of them
    }:
        assert getattr(from_file, setting) == getattr(from_variables, setting)


def test_columns_that_a_presets_query_leaves_no_room_for_are_named() -> None:
    mapping = load_mapping({"SHOP_PRESET": "saleor", "ORDERS_COLUMNS": "order_number=id"})
    assert mapping.notes == (
        "The variable for orders.columns is overridden by the preset or the mapping file.",
    )


def printed_in_the_documentation() -> tuple[str, str]:
    """Return the mapping file and the preset that docs/presets.md prints."""
    page = (ROOT / "docs" / "presets.md").read_text()
    file, preset = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    return file, preset


def test_the_mapping_file_of_the_documentation_works(tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.write_text(printed_in_the_documentation()[0])
    mapping = load_mapping({"SHOP_MAPPING": str(file)})
    assert mapping.preset == "woocommerce_hpos"
    assert mapping.merge_guests
    assert mapping.statuses.counted == ("wc-processing", "wc-completed", "wc-on-hold")
    assert mapping.statuses.cancelled == ("wc-cancelled", "wc-failed")
    assert mapping.notes == ()


async def test_another_platform_is_one_file(
    new_sqlite: NewDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "myplatform.toml").write_text(printed_in_the_documentation()[1])
    monkeypatch.setattr(layers, "PRESET_FOLDER", tmp_path)
    url = new_sqlite()
    await execute(
        url,
        "CREATE TABLE my_customer (id text, mail text)",
        'CREATE TABLE "my_order" (id integer, customer_id text, total integer, placed_at text,'
        " state text, is_cart integer)",
        "CREATE TABLE my_order_line (id integer, order_id integer, quantity integer)",
        "INSERT INTO my_customer VALUES ('c1', 'ada@example.com')",
        "INSERT INTO my_order VALUES (1, 'c1', 1999, '2024-01-02', 'paid', 0),"
        " (2, 'c1', 500, '2024-01-02', 'paid', 1), (3, 'c1', 500, '2024-01-02', 'voided', 0)",
    )
    shop = Shop(load_mapping({"SHOP_PRESET": "myplatform", "TABLE_PREFIX": "my_"}))
    async with opened(url) as engine:
        found = await read_shop(engine, shop, datetime(2024, 2, 1, tzinfo=UTC))
    assert found.customer_ids.tolist() == ["c1"]
    assert found.amount_micros.tolist() == [19_990_000]
    assert found.rejected == {"cancelled": 1}


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_is_a_valid_mapping_of_three_tables(name: str) -> None:
    mapping = load_mapping({"SHOP_PRESET": name})
    assert mapping.preset == name
    assert mapping.line_items is not None
    assert mapping.statuses.counted
    assert mapping.notes == ()


@pytest.mark.parametrize(
    ("variables", "may_be_missing"),
    [
        ({}, True),
        ({"MONEY_SCALE": "100"}, True),
        ({"LINE_ITEMS_TABLE": "lines"}, False),
        ({"LINE_ITEMS_COLUMNS": "quantity=count"}, False),
        ({"SHOP_PRESET": "sylius"}, False),
    ],
)
def test_order_lines_that_nobody_named_may_be_missing(
    variables: dict[str, str], may_be_missing: bool
) -> None:
    assert load_mapping(variables).line_items_may_be_missing is may_be_missing
