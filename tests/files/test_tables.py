"""Tables in files: workbooks, encodings, rows that are none, and columns as people call them."""

import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import xlsxwriter

from backend.core.errors import ImportRefused
from backend.files.load import read_items
from backend.files.records import Record
from backend.files.survey import Asked, survey
from backend.files.tables.open_tables import AskedOfTables
from backend.files.values import made_id

UTC = ZoneInfo("UTC")
HEADER = ("id", "customer_id", "total_price", "created_at")
SHOPIFY = (
    "Name,Email,Financial Status,Fulfillment Status,Currency,Total,Created at,Lineitem quantity,"
    "Lineitem name,Lineitem price,Lineitem requires shipping,Outstanding Balance,Refunded Amount,"
    "Id,Phone,Billing Country\n"
)


def orders_in(path: Path, asked: Asked | None = None) -> list[Mapping[str, Any]]:
    return [
        item.row
        for table in survey([path], asked or Asked(), UTC).tables
        for item in read_items(table)
        if isinstance(item, Record) and item.table == "orders"
    ]


def customers_in(*paths: Path) -> list[Mapping[str, Any]]:
    return [
        item.row
        for table in survey(paths, Asked(), UTC).tables
        for item in read_items(table)
        if isinstance(item, Record) and item.table == "customers"
    ]


def workbook(path: Path, sheets: Mapping[str, Sequence[Sequence[Any]]]) -> Path:
    with xlsxwriter.Workbook(path, {"default_date_format": "dd/mm/yyyy hh:mm"}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return path


def test_a_workbooks_sheets_are_chosen_by_header(tmp_path: Path) -> None:
    at = datetime(2024, 1, 3, 10)  # noqa: DTZ001, as in a sheet
    rows = [["Orders of 2024"], [], HEADER, [4501234567890, 7, 1.234, at], ["Total", "", 1.234, ""]]
    path = workbook(tmp_path / "o.xlsx", {"Notes": [["hello"]], "Orders": rows})
    (order,) = orders_in(path)
    assert (order["id"], order["customer_id"]) == (4501234567890, 7)
    assert (order["total_price"], order["created_at"]) == (Decimal("1.23"), at)


def test_a_sheet_can_be_named(tmp_path: Path) -> None:
    sheets = {name: [HEADER, [number, 1, 5, "2024-01-03"]] for number, name in enumerate("AB")}
    path = workbook(tmp_path / "o.xlsx", sheets)
    assert [one["id"] for one in orders_in(path)] == [0, 1]
    asked = Asked(tables=AskedOfTables(sheets=["B"]))
    assert [one["id"] for one in orders_in(path, asked)] == [1]
    with pytest.raises(ImportRefused, match="its sheets are A, B"):
        orders_in(path, Asked(tables=AskedOfTables(sheets=["C"])))


ODS = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>
<table:table table:name="Orders">{rows}</table:table>
</office:spreadsheet></office:body></office:document-content>"""
MANIFEST = """<?xml version="1.0" encoding="UTF-8"?>
<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>"""
CELL = '<table:table-cell{more} office:value-type="string"><text:p>{0}</text:p></table:table-cell>'
ROW = "<table:table-row{more}>{cells}</table:table-row>"


def open_document(path: Path, rows: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        packed.writestr("META-INF/manifest.xml", MANIFEST)
        packed.writestr("content.xml", ODS.format(rows=rows))
    return path


def test_an_open_document_is_read(tmp_path: Path) -> None:
    rows = (HEADER, ("1", "2", "12,50", "31.01.2024"))
    written = "".join(
        ROW.format(more="", cells="".join(CELL.format(one, more="") for one in row)) for row in rows
    )
    (order,) = orders_in(open_document(tmp_path / "o.ods", written))
    assert order["total_price"] == Decimal("12.50")


def test_a_workbook_that_asks_for_terabytes_is_refused(tmp_path: Path) -> None:
    cells = CELL.format("1", more=' table:number-columns-repeated="16000"')
    rows = ROW.format(more=' table:number-rows-repeated="1000000"', cells=cells)
    path = open_document(tmp_path / "bomb.ods", rows)
    assert path.stat().st_size < 2_000
    with pytest.raises(ImportRefused, match="cannot be read as a workbook"):
        orders_in(path)


def test_a_zip_of_blanks_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    quick = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
    with quick as packed, packed.open("a", "w") as part:
        for _ in range(1025):
            part.write(bytes(1 << 20))
    with pytest.raises(ImportRefused, match="is too large for a workbook"):
        orders_in(path)


def test_what_is_called_a_workbook_and_is_text_is_read_as_text(tmp_path: Path) -> None:
    path = tmp_path / "export.xls"
    path.write_text("id\tcustomer_id\ttotal_price\tcreated_at\n1\t1\t5\t2024-01-01\n")
    assert len(orders_in(path)) == 1


@pytest.mark.parametrize(
    ("codec", "mark", "named"),
    [
        ("utf-8", b"", "UTF-8"),
        ("utf-8", b"\xef\xbb\xbf", "UTF-8"),
        ("utf-16-le", b"\xff\xfe", "UTF-16"),
        ("utf-16-be", b"\xfe\xff", "UTF-16"),
        ("utf-16-le", b"", "UTF-16"),
        ("utf-16-be", b"", "UTF-16"),
        ("cp1252", b"", "cp1252"),
    ],
)
def test_encodings_are_found_out(tmp_path: Path, codec: str, mark: bytes, named: str) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes(mark + "id,email,first_name\n1,a@example.org,Zoë\n".encode(codec))
    (table,) = survey([path], Asked(), UTC).tables
    assert table.understood.encoding == named
    assert [row["first_name"] for row in customers_in(path)] == ["Zoë"]


def test_an_encoding_can_be_said(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes("id,email,first_name\n1,a@example.org,Łukasz\n".encode("cp1250"))
    (table,) = survey([path], Asked(tables=AskedOfTables("cp1250")), UTC).tables
    (record,) = read_items(table)
    assert isinstance(record, Record)
    assert record.row["first_name"] == "Łukasz"
    with pytest.raises(ImportRefused, match="which is no encoding"):
        survey([path], Asked(tables=AskedOfTables("latin-x")), UTC)


def test_rows_that_are_no_orders_are_none(tmp_path: Path) -> None:
    path = tmp_path / "o.csv"
    header = "id,customer_id,total_price,created_at,,"
    rows = "1,1,5,2024-01-01,,\n,,,,,\n2,1,6,2024-01-02\n" + header + "\n3,1,7,2024-01-03,,,,\n"
    path.write_text(f"sep=,\nMy shop\n\n{header}\n{rows}Total,,18,,,\n\n")
    assert [row["id"] for row in orders_in(path)] == [1, 2, 3]


@pytest.mark.parametrize(
    "header",
    [
        "Order ID,Order Date,Customer Email,Total,Currency",
        "Bestellnr.;Bestelldatum;E-Mail;Gesamtbetrag;Währung",
        "N° commande;Date de commande;Adresse e-mail;Montant total;Devise",
        "Nº pedido;Fecha de pedido;Correo electrónico;Importe total;Moneda",
        "Numero ordine;Data ordine;Indirizzo email;Totale ordine;Valuta",
    ],
)
def test_columns_are_known_by_what_five_languages_call_them(tmp_path: Path, header: str) -> None:
    path = tmp_path / "o.csv"
    separator = "," if "," in header else ";"
    row = separator.join(("A-7", "2024-01-31", "Ada@Example.org", "12.50", "EUR"))
    path.write_text(f"{header}\n{row}\n")
    (order,) = orders_in(path)
    assert order["id"] == made_id("order", "A-7")
    assert order["order_number"] == "A-7"
    assert (order["total_price"], order["currency"]) == (Decimal("12.50"), "EUR")
    assert order["customer_id"] == made_id("customer", "ada@example.org")


def test_columns_can_be_said(tmp_path: Path) -> None:
    path = tmp_path / "o.csv"
    path.write_text("Vorgang,Wann,Wert\n1,2024-01-31,5\n")
    asked = Asked(columns={"order_id": "Vorgang", "created_at": "Wann", "total": "Wert"})
    assert [row["total_price"] for row in orders_in(path, asked)] == [Decimal(5)]
    with pytest.raises(ImportRefused, match="no file has it"):
        orders_in(path, Asked(columns={"order_id": "Nummer"}))
    with pytest.raises(ImportRefused, match="none of ours"):
        orders_in(path, Asked(columns={"colour": "Wert"}))


def test_an_orders_total_is_that_of_its_lines_where_no_column_says_it(tmp_path: Path) -> None:
    path = tmp_path / "o.csv"
    lines = "536365,2010-12-01,85123A,6,2.55,17850\n536365,2010-12-01,71053,-1,3.39,17850\n"
    path.write_text(f"InvoiceNo,InvoiceDate,StockCode,Quantity,UnitPrice,CustomerID\n{lines}")
    (order,) = orders_in(path)
    assert (order["id"], order["total_price"]) == (536365, Decimal("11.91"))


def test_lines_below_zero_give_back_of_the_order_whose_id_they_have(tmp_path: Path) -> None:
    path = tmp_path / "o.csv"
    rows = "1,7,50,2024-01-01,\n2,7,30,2024-01-02,\n2,7,-5,2024-02-02,\n"
    path.write_text(f"id,customer_id,total_price,created_at,refund_of\n{rows}")
    found = {row["id"]: row["total_price"] for row in orders_in(path)}
    assert found == {1: Decimal(50), 2: Decimal(25)}


def test_what_excel_wrote_until_2003_is_read() -> None:
    path = Path(__file__).parent / "shop_exports" / "orders_2003.xls"
    found = [(one["id"], one["total_price"], one["created_at"]) for one in orders_in(path)]
    assert found == [
        (1001, Decimal("1234.50"), datetime(2003, 1, 31, 18, 5)),  # noqa: DTZ001, as in a sheet
        (1002, Decimal("19.99"), datetime(2003, 2, 3)),  # noqa: DTZ001
        (1003, Decimal("0.30"), datetime(2003, 2, 4, 23, 59)),  # noqa: DTZ001
    ]
    assert {one["currency"] for one in orders_in(path)} == {"EUR"}


def test_of_shopifys_total_what_is_outstanding_and_gift_cards_are_subtracted(
    tmp_path: Path,
) -> None:
    path = tmp_path / "o.csv"
    rows = (
        "#1,a@example.org,partially_paid,,EUR,100,2024-01-01,1,Cup,100,true,40,0,1,,\n"
        "#2,a@example.org,pending,,EUR,100,2024-01-01,1,Cup,100,true,100,0,2,,\n"
        "#3,a@example.org,paid,,EUR,80,2024-01-01,1,Gift Card,50,false,0,10,3,,\n"
        "#3,,,,,,,1,Gift card holder,30,true,,,,,\n"
    )
    path.write_text(SHOPIFY + rows)
    found = [row["total_price"] for row in orders_in(path)]
    assert found == [Decimal(60), Decimal(100), Decimal(20)]


def test_who_ordered_is_told_by_email_telephone_or_id_and_else_nobody(tmp_path: Path) -> None:
    path = tmp_path / "o.csv"
    rows = (
        "1,Ada@Example.org,,,2024-01-01,5\n2,guest,030 1234567,9,2024-01-01,5\n"
        "3,,+49 30 1234567,,2024-01-01,5\n4,,0000000000,9,2024-01-01,5\n5,,,0,2024-01-01,5\n"
    )
    path.write_text(
        f"order no,email,phone,user id,date,total,country\n{rows}".replace("5\n", "5,DE\n")
    )
    found = [row["customer_id"] for row in orders_in(path)]
    by_phone = made_id("customer", "+49301234567")
    assert found == [made_id("customer", "ada@example.org"), by_phone, by_phone, 9, None]


def test_shopifys_customers_are_those_of_its_orders(tmp_path: Path) -> None:
    orders, people = tmp_path / "o.csv", tmp_path / "c.csv"
    order = "#1,Ada@Example.org,paid,,EUR,10,2024-01-01,1,Cup,10,true,0,0,1,,\n"
    orders.write_text(SHOPIFY + order)
    header = "Customer ID,First Name,Last Name,Email,Phone,Total Spent,Total Orders\n"
    people.write_text(
        f"{header}'99,Ada,Example,ada@example.org,,10.00,1\n'98,Bo,,,+4930123456,0,0\n"
    )
    hint, ada, bo = customers_in(orders, people)
    assert hint["id"] == ada["id"]
    assert (ada["total_spent"], ada["orders_count"], ada["last_name"]) == (
        Decimal(10),
        1,
        "Example",
    )
    assert bo["id"] == made_id("customer", "+4930123456")


def test_a_column_that_is_read_is_there_once(tmp_path: Path) -> None:
    path = tmp_path / "o.csv"
    path.write_text(",".join((*HEADER, "total_price")) + "\n1,1,5,2024-01-01,6\n")
    with pytest.raises(ImportRefused, match="names the column total_price twice"):
        orders_in(path)
