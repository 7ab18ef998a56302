"""The `[files]` table of a mapping file: what the columns of a shop's files are called."""

from pathlib import Path

from tests.conftest import NewDatabase, wait_for
from tests.files.test_files_as_people_have_them import orders_of
from tests.live import command

MAPPING = """
customers = { table = "customers" }
orders = { table = "orders" }
line_items = { table = "order_line_items" }

[files]
order_id = "Vorgang"
total_price = "Endpreis"
Datum = "Tag"
"""
ORDERS = "Vorgang;Endpreis;Tag;E-Mail\n17;12,50;31.01.2024;a@example.org\n"


def prepared(folder: Path) -> dict[str, str]:
    (folder / "shop.toml").write_text(MAPPING)
    (folder / "orders.csv").write_text(ORDERS)
    return {"SHOP_MAPPING": "shop.toml"}


def test_files_are_loaded_by_the_columns_that_the_mapping_file_names(
    new_database: NewDatabase, tmp_path: Path
) -> None:
    url, variables = new_database(), prepared(tmp_path)
    shown = command(url, tmp_path, "check", "files", "orders.csv", variables=variables)
    assert "order_id = vorgang" in shown.stdout, shown.stderr
    done = command(url, tmp_path, "import", "orders.csv", variables=variables)
    assert done.returncode == 0, done.stderr
    (order,) = wait_for(orders_of(url))
    assert (order["id"], float(order["total_price"])) == (17, 12.5)
    assert str(order["created_at"])[:10] == "2024-01-31"


def test_a_file_without_these_columns_is_read_all_the_same(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    url, variables = new_sqlite(), prepared(tmp_path)
    (tmp_path / "guide.csv").write_text("id,customer_id,total_price,created_at\n1,1,5,2024-01-01\n")
    done = command(url, tmp_path, "import", "guide.csv", variables=variables)
    assert done.returncode == 0, done.stderr
    asked = ("--columns", "currency=Geld")
    refused = command(url, tmp_path, "import", "guide.csv", *asked, variables=variables)
    assert refused.returncode == 2
    assert "'geld' for currency, and no file has it" in refused.stderr


def test_columns_of_the_call_hold_ahead_of_those_of_the_mapping_file(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    url, variables = new_sqlite(), prepared(tmp_path)
    (tmp_path / "orders.csv").write_text(
        ORDERS.replace("E-Mail", "Netto").replace("a@example.org", "9,99")
    )
    asked = ("--columns", "total_price=Netto")
    done = command(url, tmp_path, "import", "orders.csv", *asked, variables=variables)
    assert done.returncode == 0, done.stderr
    (order,) = wait_for(orders_of(url))
    assert float(order["total_price"]) == 9.99


def test_a_name_that_is_none_of_ours_is_told_where_it_stands(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    variables = prepared(tmp_path)
    (tmp_path / "shop.toml").write_text(MAPPING.replace("Datum", "colour"))
    done = command(new_sqlite(), tmp_path, "import", "orders.csv", variables=variables)
    assert done.returncode == 2
    assert "[files] names colour, which is none of ours" in done.stderr
