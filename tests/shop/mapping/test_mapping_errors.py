"""A mapping that is wrong is told in one sentence: what, where, and what is expected."""

from pathlib import Path

import pytest

from backend.core.errors import InvalidMapping
from backend.shop.mapping.layers import load_mapping

SETTINGS = "customers, orders, line_items, statuses, currency, prefix, schema, time_zone"


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        (
            "unknown = 1",
            f"unknown is not known; there are {SETTINGS}, merge_guests, preset, files.",
        ),
        ("[order]", "order is not known (is orders meant?); there are customers, orders"),
        (
            "[orders]\ntabel = 'x'",
            "orders.tabel is not known (is table meant?); there are table, query, columns, filter",
        ),
        (
            "[statuses]\npaid = []",
            "statuses.paid is not known; there are counted, cancelled, refunded, open.",
        ),
        ("[currency]\ncode = 'EUR'", "currency.code is not known; there are only, rate"),
        ("notes = ['x']", "notes is not known"),
        ("line_items_may_be_missing = true", "line_items_may_be_missing is not known"),
        ("orders = 'sales'", "orders holds 'sales'; expected settings of their own"),
        ("line_items = false", "line_items holds False; expected settings of their own"),
        ("[orders]\ntable = 5", "orders.table holds 5; expected table or schema.table."),
        ("[orders]\nscale = 0", "orders.scale holds 0; expected a whole number from 1 to"),
        ("[orders]\nfilter = 5", "orders.filter holds 5; expected a condition in SQL."),
        ("[orders]\nfilter = 'a; b'", "orders.filter holds a semicolon"),
        ("[orders]\ncolumns = 'a=b'", "orders.columns holds 'a=b'; expected our column names"),
        (
            "[orders]\ncolumns = { total = 'x' }",
            "orders.columns name total, which is none of ours; there are id, customer_id",
        ),
        ("[orders]\ncolumns = { id = 'a\"b' }", "orders.columns holds 'a\"b', which is not"),
        ("[orders]\ntable = 'a'\nquery = 'SELECT 1'", "orders needs either a table or a query."),
        ("time_zone = 'Mars'", "time_zone holds 'Mars', which is not a time zone such as"),
        ("merge_guests = 'maybe'", "merge_guests holds 'maybe'; expected true or false."),
        ("statuses = ['paid']", "statuses holds ['paid']; expected lists named counted"),
        ("[statuses]\ncounted = 'paid'", "statuses.counted holds 'paid'; expected a list of"),
        ("[statuses]\ncounted = [1]", "statuses.counted.0 holds 1; expected a list of statuses"),
        ("[currency]\nrate = 'times'", "currency.rate holds 'times'; expected divide or multiply."),
        ("currency = 'EUR'", "currency holds 'EUR'; expected settings named only or rate."),
        ("prefix = 'a b;'", "prefix holds 'a b;', which is not the name"),
        ("schema = 'a.b'", "schema holds 'a.b', which is not the name"),
        ("preset = 5", "preset holds 5; expected a preset's name."),
        ("preset = 'sylus'", "preset 'sylus' does not exist (did you mean sylius?)"),
        ("x = ", "shop.toml is not TOML: Invalid value"),
    ],
)
def test_a_file_that_is_wrong_is_told_where(toml: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.write_text(toml)
    with pytest.raises(InvalidMapping) as caught:
        load_mapping({"SHOP_MAPPING": str(file)})
    assert said in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidMapping, match=r"nowhere\.toml cannot be read \(No such file"):
        load_mapping({"SHOP_MAPPING": str(tmp_path / "nowhere.toml")})


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("ORDERS_TABLE", "SELECT 1; DROP TABLE o", "ORDERS_TABLE holds a semicolon"),
        ("ORDERS_TABLE", "o; DROP TABLE o", "ORDERS_TABLE holds 'o; DROP TABLE o', which is not"),
        ("ORDERS_FILTER", "1 = 1) OR (1 = 1", "ORDERS_FILTER closes a parenthesis that it did"),
        ("ORDERS_COLUMNS", "id", "ORDERS_COLUMNS holds 'id'; expected ours=theirs, each once."),
        ("ORDERS_COLUMNS", "id=a,id=b", "ORDERS_COLUMNS holds 'id=b'; expected ours=theirs"),
        ("MONEY_SCALE", "many", "MONEY_SCALE holds 'many'; expected a whole number from 1 to"),
        ("CURRENCY_RATE", "times", "CURRENCY_RATE holds 'times'; expected divide or multiply."),
        ("MERGE_GUESTS", "maybe", "MERGE_GUESTS holds 'maybe'; expected true or false."),
        ("SHOP_TIME_ZONE", "Mars", "SHOP_TIME_ZONE holds 'Mars', which is not a time zone"),
        ("TABLE_PREFIX", "wp;", "TABLE_PREFIX holds 'wp;', which is not the name"),
        ("TABLE_SCHEMA", "a.b", "TABLE_SCHEMA holds 'a.b', which is not the name"),
    ],
)
def test_a_variable_that_is_wrong_is_named(variable: str, value: str, said: str) -> None:
    with pytest.raises(InvalidMapping) as caught:
        load_mapping({variable: value})
    assert said in str(caught.value)


def test_a_fault_of_the_file_is_not_put_down_to_a_variable_that_it_overrides(
    tmp_path: Path,
) -> None:
    file = tmp_path / "shop.toml"
    file.write_text("[orders]\ntable = 'a;b'\n")
    with pytest.raises(InvalidMapping, match=r"orders\.table holds 'a;b'"):
        load_mapping({"SHOP_MAPPING": str(file), "ORDERS_TABLE": "sales"})
