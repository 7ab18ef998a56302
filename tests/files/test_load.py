"""Files into the guide's tables: every format, every database, twice, broken, and killed."""

import asyncio
import csv
import json
import os
import select as readable
import signal
import subprocess
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from backend.core.errors import ImportRefused
from backend.database.engine import create_engine, transaction
from backend.files.guide_tables import shop_tables
from backend.files.survey import Asked
from backend.files.values import FIRST_MADE_ID, made_id
from backend.results.loaded_files import ImportSummary
from tests import forked
from tests.conftest import NewDatabase, execute, in_turns, on_one_kind, takes_its_turn
from tests.files.loading import loaded
from tests.forked import quick_python
from tests.live import ROOT, command, environment
from tests.shops import NAMES
from tests.waiting import PATIENCE_SECONDS, wait_until

BERLIN = ZoneInfo("Europe/Berlin")
SHOPIFY = """\
Name,Email,Financial Status,Paid at,Fulfillment Status,Currency,Total,Created at,Cancelled at,\
Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Billing Name,Refunded Amount,Vendor,Id
#1001,Ada@Example.com,paid,,fulfilled,EUR,30.00,2024-01-02 10:00:00 +0000,,2,"Tee, red",10.00,T1,\
Ada Example,0.00,Acme,5001
#1001,,,,,,,,,1,"A mug
with two lines",10.00,M1,,,Acme,
#1002,ada@example.com,partially_refunded,,,EUR,50.00,2024-02-02 23:30:00 +0000,,1,Cap,50.00,C1,\
Ada Example,20.00,,5002
#1003,,paid,,,EUR,9.99,2024-03-03 08:00:00 +0000,,1,Cap,9.99,C1,,0.00,,5003
#1004,ben@example.com,paid,,,EUR,70.00,2024-03-04 08:00:00 +0000,2024-03-05 08:00:00 +0000,1,Cap,\
70.00,C1,Ben Example Senior,0.00,,5004
#1005,cara@example.com,paid,,,EUR,a lot,2024-03-04 08:00:00 +0000,,1,Cap,70.00,C1,Cara,0.00,,5005
"""
WOO = """\
order_id,order_number,date,status,order_total,refunded_total,order_currency,customer_id,billing_email,\
billing_first_name,billing_last_name,line_items
71,71,2024-01-02 10:00:00,completed,30.00,,EUR,9,ada@example.com,Ada,Example,\
"name:Tee|product_id:4|sku:T|quantity:2|total:20.00;name:Mug|product_id:5|sku:M|quantity:1|total:10.00"
72,72,2024-02-02 10:00:00,processing,50.00,-20.00,EUR,0,Guest@Example.com,Gus,Guest,\
name:Cap|sku:C|quantity:1|total:50.00
73,73,2024-02-03 10:00:00,wc-refunded,50.00,,EUR,0,guest@example.com,Gus,Guest,
74,74,2024-02-04,cancelled,5.00,,EUR,,,,,
"""
WOO_BY_ITEM = """\
order_id,order_date,status,order_total,billing_email,item_id,item_product_id,item_name,item_quantity,item_total
81,01/31/2024 18:00:00,completed,30.00,ada@example.com,1,4,Tee,2,20.00
81,01/31/2024 18:00:00,completed,30.00,ada@example.com,2,5,Mug,1,10.00
"""
CUSTOMERS = (
    "\ufeffid,email,first_name,last_name,created_at\n1,ADA@example.com,Ada,Example,2024-01-01\n"
)
ORDERS = """\
id,customer_id,order_number,total_price,created_at,financial_status
1,1,#1,12.34,2024-01-02T10:00:00+00:00,paid
2,1,#2,"1,234.50",2024-01-03 10:00:00,paid
3,x,#3,5.00,2024-01-03 10:00:00,paid
4,1,#4,5.00,yesterday,paid
5,1,#5
6,,#6,5.00,2024-01-03 10:00:00,
"""
LINES = "id,order_id,product_id,product_title,quantity,price,vendor\n1,1,7,Tee,2,6.17,Acme\n"


def written(folder: Path, **files: str | bytes) -> list[Path]:
    paths = []
    for name, text in files.items():
        path = folder / f"{name}.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        paths.append(path)
    return paths


async def imported(
    url: str,
    paths: Sequence[Path],
    folder: Path,
    asked: Asked | None = None,
    *,
    accept_partial: bool = True,
) -> ImportSummary:
    return await loaded(url, paths, folder, asked, BERLIN, accept_partial=accept_partial)


def lines_refused(result: ImportSummary) -> int:
    return sum(one.count for file in result.files for one in (*file.refused, *file.parts_refused))


async def contents(url: str) -> dict[str, list[dict[str, Any]]]:
    tables = shop_tables(**NAMES).tables
    engine = create_engine(url)
    found = {}
    async with transaction(engine) as connection:
        for name, table in tables.items():
            rows = await connection.execute(select(table).order_by(table.c.id))
            found[name] = [dict(row) for row in rows.mappings()]
    await engine.dispose()
    return found


def refused(folder: Path) -> list[tuple[str, str, str]]:
    with (folder / "rejected.csv").open() as file:
        return [(row["file"], row["line"], row["reason"]) for row in csv.DictReader(file)]


@takes_its_turn
async def test_shopifys_export(database_url: str, tmp_path: Path) -> None:
    result = await imported(database_url, written(tmp_path, orders_export=SHOPIFY), tmp_path)
    found = await contents(database_url)
    ada, ben = (made_id("customer", f"{name}@example.com") for name in ("ada", "ben"))
    assert result.rows == {"customers": 2, "orders": 4, "line_items": 5}
    orders = {row["id"]: row for row in found["orders"]}
    assert {number: row["total_price"] for number, row in orders.items()} == {
        5001: Decimal("30.00"),
        5002: Decimal("30.00"),  # 20.00 of 50.00 were refunded
        5003: Decimal("9.99"),
        5004: Decimal("70.00"),
    }
    assert [orders[number]["customer_id"] for number in (5001, 5002, 5003, 5004)] == [
        ada,
        ada,
        None,
        ben,
    ]
    assert orders[5004]["financial_status"] == "voided"
    # In UTC, whatever zone the shop is in.
    assert orders[5002]["created_at"] == datetime(2024, 2, 2, 23, 30)  # noqa: DTZ001
    people = {
        row["id"]: (row["email"], row["first_name"], row["last_name"]) for row in found["customers"]
    }
    assert people[ada] == ("ada@example.com", "Ada", "Example")
    assert people[ben] == ("ben@example.com", "Ben", "Example Senior")
    lines = [row for row in found["order_line_items"] if row["order_id"] == 5001]
    assert {(row["product_title"], row["quantity"]) for row in lines} == {
        ("Tee, red", 2),
        ("A mug\nwith two lines", 1),
    }
    assert refused(tmp_path) == [
        ("orders_export.csv", "8", "Total is 'a lot', expected an amount such as 12.34")
    ]


@takes_its_turn
async def test_woocommerces_export_by_order_and_by_item(database_url: str, tmp_path: Path) -> None:
    await imported(database_url, written(tmp_path, by_order=WOO, by_item=WOO_BY_ITEM), tmp_path)
    found = await contents(database_url)
    guest = made_id("customer", "guest@example.com")
    ada = made_id("customer", "ada@example.com")  # known by e-mail, with an account or without
    assert {row["id"] for row in found["customers"]} == {guest, ada}
    assert [
        (row["id"], row["customer_id"], row["total_price"], row["financial_status"])
        for row in found["orders"]
    ] == [
        (71, ada, Decimal("30.00"), "paid"),
        (72, guest, Decimal("30.00"), "paid"),
        (73, guest, Decimal("50.00"), "refunded"),
        (74, None, Decimal("5.00"), "voided"),
        (81, ada, Decimal("30.00"), "paid"),
    ]
    assert {
        (row["order_id"], row["product_title"], row["quantity"], row["price"])
        for row in found["order_line_items"]
    } == {
        (71, "Tee", 2, Decimal("10.00")),
        (71, "Mug", 1, Decimal("10.00")),
        (72, "Cap", 1, Decimal("50.00")),
        (81, "Tee", 2, Decimal("10.00")),
        (81, "Mug", 1, Decimal("10.00")),
    }


@takes_its_turn
async def test_the_guides_columns_and_what_is_refused_of_them(
    database_url: str, tmp_path: Path
) -> None:
    paths = written(tmp_path, c=CUSTOMERS, o=ORDERS, l=LINES)
    result = await imported(database_url, paths, tmp_path)
    found = await contents(database_url)
    assert result.rows == {"customers": 2, "orders": 4, "line_items": 1}
    assert [row["email"] for row in found["customers"]] == ["ada@example.com", None]
    assert [(row["customer_id"], row["total_price"]) for row in found["orders"]] == [
        ("1", Decimal("12.34")),
        ("1", Decimal("1234.50")),
        ("x", Decimal("5.00")),  # a text is an id too, and the tables were made for it
        (None, Decimal("5.00")),
    ]
    assert [row["created_at"].hour for row in found["orders"]] == [10, 9, 9, 9]  # UTC
    assert refused(tmp_path) == [
        ("o.csv", "5", "created_at is 'yesterday', expected a date such as 2024-01-31 12:00:00"),
        ("o.csv", "6", "total_price is empty"),
    ]
    assert lines_refused(result) == 2


@in_turns
@pytest.mark.parametrize("written_id", ["-7", "7.5", "\u0667", "9223372036854775808", "007"])
async def test_an_id_that_is_no_number_stays_the_text_that_it_is(
    database_url: str, tmp_path: Path, written_id: str
) -> None:
    people = f"id,email\n{written_id},ada@example.com\n7,bo@example.com\n9.0,cy@example.com\n"
    await imported(database_url, written(tmp_path, people=people), tmp_path)
    ids = {row["id"] for row in (await contents(database_url))["customers"]}
    assert ids == {written_id, "7", "9"}


@pytest.mark.parametrize("written_id", ["9" * 4301, "4.5E+12"])
async def test_an_id_that_is_none_is_refused_and_the_rest_is_loaded(
    new_sqlite: NewDatabase, tmp_path: Path, written_id: str
) -> None:
    url = new_sqlite()
    people = f"id,email\n{written_id},ada@example.com\n9.0,cy@example.com\n"
    await imported(url, written(tmp_path, people=people), tmp_path)
    assert [row["id"] for row in (await contents(url))["customers"]] == [9]
    ((_, line, reason),) = refused(tmp_path)
    assert line == "2"
    assert "expected an id" in reason


async def test_parquet_gives_the_same_as_csv(new_sqlite: NewDatabase, tmp_path: Path) -> None:
    created = [datetime(2024, 1, 2, 10), datetime(2024, 1, 3)]  # noqa: DTZ001
    columns: dict[str, list[Any]] = {
        "id": [1, 2],
        "customer_id": [1, None],
        "total_price": [12.34, 5.0],
        "created_at": created,
    }
    pq.write_table(pa.table(columns), tmp_path / "orders.parquet")
    text = (
        "id,customer_id,total_price,created_at\n1,1,12.34,2024-01-02 10:00:00\n2,,5.0,2024-01-03\n"
    )
    from_csv, from_parquet = new_sqlite(), new_sqlite()
    await imported(from_csv, written(tmp_path, orders=text), tmp_path)
    await imported(from_parquet, [tmp_path / "orders.parquet"], tmp_path)
    assert await contents(from_csv) == await contents(from_parquet)
    assert len((await contents(from_csv))["orders"]) == 2


async def test_a_second_import_changes_nothing_whatever_the_order_of_files(
    database_url: str, tmp_path: Path
) -> None:
    paths = written(tmp_path, a=SHOPIFY, b=WOO, c=CUSTOMERS, o=ORDERS, l=LINES)
    await imported(database_url, paths, tmp_path)
    once = await contents(database_url)
    again = await imported(database_url, paths, tmp_path)
    assert again.rows["customers"] == len(once["customers"])
    assert await contents(database_url) == once
    await imported(database_url, paths[::-1], tmp_path)
    assert await contents(database_url) == once
    ids = {row["id"] for row in once["customers"]}
    assert {one for one in ids if len(one) < len(str(FIRST_MADE_ID))} == {"1", "x"}


@takes_its_turn
async def test_characters_that_are_no_text_cost_nobody(database_url: str, tmp_path: Path) -> None:
    broken = b"id,email\n1,ada@example.com\n2,b\xff@example.com\n3,c\x00@example.com\n4,guest\n"
    result = await imported(database_url, written(tmp_path, people=broken), tmp_path)
    emails = [row["email"] for row in (await contents(database_url))["customers"]]
    assert emails == ["ada@example.com", "b\u00ff@example.com", "c@example.com", None]
    assert lines_refused(result) == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id;emails\n1;a@example.com\n", "it lacks email; is emails meant?"),
        ("id,emails\n", "for the guide's customers it lacks email; is emails meant?"),
        (
            "id,customer_id,total_prices,created_at\n",
            "for the guide's orders it lacks total_price; is total_prices meant?",
        ),
    ],
)
async def test_a_header_that_is_not_known_is_one_sentence(
    new_sqlite: NewDatabase, tmp_path: Path, text: str, words: str
) -> None:
    url = new_sqlite()
    good = written(tmp_path, good=CUSTOMERS)
    with pytest.raises(ImportRefused, match="no known format") as refusal:
        await imported(url, [*good, *written(tmp_path, bad=text)], tmp_path)
    assert words in str(refusal.value)
    assert str(refusal.value).startswith("bad.csv ")
    await imported(url, good, tmp_path)
    assert len((await contents(url))["customers"]) == 1  # and it has left nothing in the way


async def test_the_command_says_what_it_did(new_sqlite: NewDatabase, tmp_path: Path) -> None:
    url = new_sqlite()
    written(tmp_path, orders=SHOPIFY)
    done = command(url, tmp_path, "import", "orders.csv", "--accept-partial")
    assert done.returncode == 0, done.stderr
    assert "4 orders are there now" in done.stdout
    assert "read 5, loaded 4, replaced 0, refused 1" in done.stdout
    assert "All refused lines: rejected.csv" in done.stdout
    unwritable = command(url, tmp_path, "import", "orders.csv", "--rejects", "no/where.csv")
    assert unwritable.returncode == 2
    assert "no/where.csv cannot be written" in unwritable.stderr
    missing = command(url, tmp_path, "import", "nowhere.csv")
    assert missing.returncode == 2
    assert "nowhere.csv cannot be read" in missing.stderr


async def test_excels_ways_are_understood(new_sqlite: NewDatabase, tmp_path: Path) -> None:
    url = new_sqlite()
    semicolons = (
        "\ufeffid;customer_id;total_price;created_at\r\n1;1;12,34;31.01.2024\r\n"
        "2;1;1.234,50;31.01.2024 12:30\r\n3;1;-5;2024-01-02\r\n"
    )
    tabs = "id\torder_id\tproduct_title\n1\t1\tTee, red; large\n"
    bars = "id|email\r1|ada@example.com\r"  # old Macs end lines so
    result = await imported(url, written(tmp_path, o=semicolons, l=tabs, c=bars), tmp_path)
    assert result.rows == {"customers": 1, "orders": 3, "line_items": 1}
    assert lines_refused(result) == 0
    found = await contents(url)
    assert [row["total_price"] for row in found["orders"]] == [
        Decimal("12.34"),
        Decimal("1234.50"),
        Decimal("-5.00"),
    ]
    assert found["orders"][1]["created_at"] == datetime(2024, 1, 31, 11, 30)  # noqa: DTZ001
    assert found["order_line_items"][0]["product_title"] == "Tee, red; large"


async def test_a_quote_that_never_closes_is_told_with_the_lines_it_costs(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    url = new_sqlite()
    lines = "".join(f"{number},p{number}@example.com,P\n" for number in range(3, 8_001))
    text = f'id,email,first_name\n1,a@example.com,"An\nn"\n2,b@example.com,"Bo\n{lines}'
    result = await imported(url, written(tmp_path, people=text), tmp_path)
    ((_, line, reason),) = refused(tmp_path)
    assert line == "4"
    assert "field limit" in reason
    assert lines_refused(result) + result.rows["customers"] == 8_000


@takes_its_turn
async def test_a_new_export_of_an_edited_order_leaves_none_of_its_old_lines(
    database_url: str, tmp_path: Path
) -> None:
    lines = SHOPIFY.splitlines(keepends=True)
    await imported(database_url, written(tmp_path, before=SHOPIFY, l=LINES), tmp_path)
    await imported(database_url, written(tmp_path, after="".join(lines[:2])), tmp_path)
    found = (await contents(database_url))["order_line_items"]
    titles = {(row["order_id"], row["product_title"]) for row in found}
    assert {title for order, title in titles if order == 5001} == {"Tee, red"}
    assert {(1, "Tee"), (5002, "Cap"), (5003, "Cap")} <= titles


@takes_its_turn
async def test_counts_that_fit_no_column_are_refused_and_the_rest_is_loaded(
    database_url: str, tmp_path: Path
) -> None:
    text = f"id,order_id,quantity,product_title\n1,1,99999999999,\n2,1,1,{'x' * 400}\n"
    result = await imported(database_url, written(tmp_path, lines=text), tmp_path)
    assert refused(tmp_path) == [
        ("lines.csv", "2", "quantity is '99999999999', expected a whole number")
    ]
    assert result.rows["line_items"] == 1


@in_turns
@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (
            "CREATE TABLE orders (id integer primary key)",
            "The table orders has no column customer_id",
        ),
        ("CREATE VIEW order_line_items AS SELECT 1 AS id", "The table order_line_items is a view"),
    ],
)
async def test_tables_that_are_not_the_guides_are_left_alone(
    database_url: str, tmp_path: Path, statement: str, words: str
) -> None:
    await execute(database_url, statement)
    with pytest.raises(ImportRefused, match=words):
        await imported(database_url, written(tmp_path, c=CUSTOMERS), tmp_path)


async def test_files_that_are_no_text_are_refused_at_once(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    with pytest.raises(ImportRefused, match=r"people\.csv is empty"):
        await imported(new_sqlite(), written(tmp_path, people=" \n"), tmp_path)
    with pytest.raises(ImportRefused, match=r"twice\.csv names the column id twice"):
        await imported(new_sqlite(), written(tmp_path, twice="id,email,id\n1,a@x,2\n"), tmp_path)
    (tmp_path / "no.parquet").write_bytes(b"no")
    with pytest.raises(ImportRefused, match=r"no\.parquet is no Parquet file"):
        await imported(new_sqlite(), [tmp_path / "no.parquet"], tmp_path)


@on_one_kind
def test_the_command_loads_what_a_run_then_reads(new_database: NewDatabase, tmp_path: Path) -> None:
    url = new_database()
    row = "#{0},p{1}@example.com,paid,202{2}-0{3}-02 10:00:00 +0000,9.50,1,Tee,{0}\n"
    orders = "".join(row.format(n, n % 40, n % 4, 1 + n % 9) for n in range(1, 400))
    header = "Name,Email,Financial Status,Created at,Total,Lineitem quantity,Lineitem name,Id\n"
    written(tmp_path, orders=header + orders)
    variables = {"TABLE_PREFIX": "copied_"}
    done = command(url, tmp_path, "import", "orders.csv", variables=variables)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == ["import"]  # a terminal would see it move
    run = command(url, tmp_path, "cluster", "--as-of", "2024-01-01", "--json", variables=variables)
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert report["customers"]["total"] == 40
    assert report["orders"]["counted"] == 399


def big_file(path: Path, rows: int, bad_after: int | None = None) -> None:
    """Write orders of a few customers; from some line on all may be bad."""
    good = rows if bad_after is None else bad_after
    with path.open("w") as file:
        file.write("id,customer_id,order_number,total_price,created_at,financial_status\n")
        for number in range(1, rows + 1):
            total = "12.34" if number <= good else "a lot"
            file.write(f"{number},{number % 999},#{number},{total},2024-01-02 10:00:00,paid\n")


def killed_half_way(url: str, folder: Path) -> int:
    """Import a file whose last lines are refused, and kill it there: nobody reads what it tells."""
    os.mkfifo(folder / "rejected.csv")
    refused = os.open(folder / "rejected.csv", os.O_RDONLY | os.O_NONBLOCK)
    process = forked.start(
        "backend",
        ("import", "big.csv"),
        folder=folder,
        variables=environment(url),
        stdout=folder / "said",
        stderr=folder / "said",
    )
    wait_until(lambda: bool(readable.select([refused], [], [], 0)[0]) or process.poll() is not None)
    process.kill()
    os.close(refused)
    return process.wait(PATIENCE_SECONDS)


async def test_nothing_is_half_loaded_when_it_is_killed(database_url: str, tmp_path: Path) -> None:
    await imported(database_url, written(tmp_path, c=CUSTOMERS), tmp_path)
    before = await contents(database_url)
    big_file(tmp_path / "big.csv", 14_000, bad_after=10_000)  # more than a pipe holds are refused
    assert await asyncio.to_thread(killed_half_way, database_url, tmp_path) == -signal.SIGKILL
    assert await contents(database_url) == before


MEASURED = """
import asyncio, resource, sys
from pathlib import Path
from zoneinfo import ZoneInfo
from backend.database.engine import create_engine
from backend.files.load import import_files

async def main():
    engine = create_engine(sys.argv[1])
    names = {"customers": "customers", "orders": "orders", "line_items": "order_line_items"}
    await import_files(engine, names, [Path(sys.argv[2])], zone=ZoneInfo("UTC"), rejects=Path("r"))
    await engine.dispose()

asyncio.run(main())
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def peak_mebibytes(url: str, path: Path) -> int:
    done = subprocess.run(
        (quick_python(), "-c", MEASURED, url, str(path)),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


def test_memory_does_not_grow_with_the_file(new_sqlite: NewDatabase, tmp_path: Path) -> None:
    big_file(tmp_path / "small.csv", 5_000)
    big_file(tmp_path / "large.csv", 50_000)  # 2.5 MiB, some 37 MiB as rows
    small = peak_mebibytes(new_sqlite(), tmp_path / "small.csv")
    large = peak_mebibytes(new_sqlite(), tmp_path / "large.csv")
    assert large - small < 12


async def test_a_parquet_file_that_is_damaged_inside_is_named(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    ids = [str(number) for number in range(50_000)]
    path = tmp_path / "customers.parquet"
    pq.write_table(pa.table({"id": ids, "email": [f"{one}@example.com" for one in ids]}), path)
    damaged = bytearray(path.read_bytes())
    damaged[1000 : len(damaged) // 2] = b"?" * (len(damaged) // 2 - 1000)
    path.write_bytes(damaged)
    with pytest.raises(ImportRefused, match=r"customers\.parquet is damaged") as caught:
        await imported(new_sqlite(), [path], tmp_path)
    assert "@example.com" not in str(caught.value)
