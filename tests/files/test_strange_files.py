"""Files as nasty as people have them: what each holds was reckoned by hand."""

from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from backend.core.errors import ImportRefused
from backend.files.load import read_items
from backend.files.records import Record
from backend.files.survey import Asked, survey
from backend.results.loaded_files import Identity


@dataclass(frozen=True, slots=True)
class Strange:
    """A file, and its orders: number, total, and when each was in UTC."""

    text: str
    orders: tuple[tuple[str, str, str], ...]
    encoding: str = "utf-8"
    zone: str = "UTC"


SHOPIFY = (
    "Name,Email,Financial Status,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,"
    "Lineitem requires shipping,Refunded Amount,Outstanding Balance,Cancelled at\n"
)
FILES = {
    "a mark, semicolons, a comma, years of two digits, a sum at the end": Strange(
        "\ufeffBestellnummer;Bestelldatum;Gesamtbetrag;Währung;E-Mail-Adresse\r\n"
        "B-1;31.01.24 18:05;1.234,56 €;EUR;Käthe@Example.org\r\nB-2;01.02.24;99,-;EUR;\r\n"
        "B-3;02.02.2024;0,99;EUR;k@example.org\r\n\r\nSumme;;1.334,55;;\r\n",
        (
            ("B-1", "1234.56", "2024-01-31 18:05"),
            ("B-2", "99.00", "2024-02-01 00:00"),
            ("B-3", "0.99", "2024-02-02 00:00"),
        ),
    ),
    "UTF-16, tabs, rupees in lakhs, noon and midnight": Strange(
        "Order ID\tOrder Date\tOrder Total\tCustomer Email\n"
        "1\t31-Jan-2024 05:06 PM\t₹1,23,456.00\ta@example.org\n"
        "2\t1-Feb-2024 12:00 AM\t₹12,34,567.50\tb@example.org\n"
        "3\t1-Feb-2024 12:30 PM\t₹999\tb@example.org\n",
        (
            ("1", "123456.00", "2024-01-31 11:36"),
            ("2", "1234567.50", "2024-01-31 18:30"),
            ("3", "999.00", "2024-02-01 07:00"),
        ),
        encoding="utf-16",
        zone="Asia/Kolkata",
    ),
    "whole lines in quotes, with quotes and semicolons in them": Strange(
        '"Order ID;""Order Date"";Total;""Customer Name"""\r\n'
        '"1;""2024-01-31"";5,50;""Meier; Karl"""\r\n"2;""2024-02-01"";1.005,50;""Ä ""x"""\r\n',
        (("1", "5.50", "2024-01-31 00:00"), ("2", "1005.50", "2024-02-01 00:00")),
        encoding="cp1252",
    ),
    "dates in two notations that do not contradict each other": Strange(
        "id,customer_id,total_price,created_at\n1,1,5,2024-01-31\n2,1,5,31/01/2024\n"
        "3,1,5,02/03/2024\n",
        (
            ("1", "5.00", "2024-01-31 00:00"),
            ("2", "5.00", "2024-01-31 00:00"),
            ("3", "5.00", "2024-03-02 00:00"),
        ),
    ),
    "a title, bars, blanks that group, the header again": Strange(
        "Report of 2024|||\nOrder Number|Date|Total|Name\n1001|31/01/2024|1 234,50|José\n"
        "1002|01/02/2024|12,00|Ana\n\nOrder Number|Date|Total|Name\n"
        "1003|02/02/2024|1 000 000,00|Ana\nTotal||1 001 246,50|\n",
        (
            ("1001", "1234.50", "2024-01-31 00:00"),
            ("1002", "12.00", "2024-02-01 00:00"),
            ("1003", "1000000.00", "2024-02-02 00:00"),
        ),
        encoding="cp1252",
    ),
    "francs with two kinds of apostrophes and dashes": Strange(
        "order id;date;total;email\n1;31.01.2024;CHF 1'234.50;a@example.org\n"
        "2;01.02.2024;CHF 1\u2019000.-;a@example.org\n3;01.02.2024;CHF 12.\u2013;a@example.org\n",
        (
            ("1", "1234.50", "2024-01-31 00:00"),
            ("2", "1000.00", "2024-02-01 00:00"),
            ("3", "12.00", "2024-02-01 00:00"),
        ),
    ),
    "yen, whose comma groups": Strange(
        'order id,date,total,currency\n1,2024/01/31 13:05,"29,990",JPY\n'
        "2,2024/02/01 00:05,980,JPY\n",
        (("1", "29990.00", "2024-01-31 04:05"), ("2", "980.00", "2024-01-31 15:05")),
        zone="Asia/Tokyo",
    ),
    "Spanish months": Strange(
        "Nº Pedido;Fecha;Importe total;Nombre\n1;31 de enero de 2024;1.234,5;Íñigo\n"
        "2;1 feb 2024 13:05;12,5;Ana\n",
        (("1", "1234.50", "2024-01-31 00:00"), ("2", "12.50", "2024-02-01 13:05")),
    ),
    "narrow blanks that do not break": Strange(
        "N° commande;Date;Montant TTC;Courriel\n"
        "1;31/01/2024 18:05;1\u202f234,50\u00a0€;a@example.org\n2;01/02/2024;9,99 €;\n",
        (("1", "1234.50", "2024-01-31 18:05"), ("2", "9.99", "2024-02-01 00:00")),
    ),
    "a refund with a minus of typographers": Strange(
        "order id,date,total\n1,2024-01-31,50.00\n1,2024-02-01,\u221220.00\n",
        (("1", "30.00", "2024-01-31 00:00"),),
    ),
    "wide and Arabic digits": Strange(
        "order id,date,total\n1,2024-01-31,\uff15\uff10.\uff10\uff10\n2,2024-01-31,\u0665\u0660\n",
        (("1", "50.00", "2024-01-31 00:00"), ("2", "50.00", "2024-01-31 00:00")),
    ),
    "gift cards, refunds and what is outstanding": Strange(
        f"{SHOPIFY}#1,,paid,100,2024-01-31 10:00:00 +0100,1,Cup,50,true,20.00,,\n"
        "#1,,,,,1,Gift Card,50,false,,,\n"
        "#2,a@x.org,partially_refunded,30,2024-02-01 10:00:00 +0100,1,Cup,30,true,-10.00,,\n"
        "#3,,partially_paid,30,2024-02-01 10:00:00 +0100,1,Cup,30,true,0,12.50,\n",
        (
            ("#1", "30.00", "2024-01-31 09:00"),
            ("#2", "20.00", "2024-02-01 09:00"),
            ("#3", "17.50", "2024-02-01 09:00"),
        ),
    ),
}


def orders_in(path: Path, zone: str = "UTC") -> list[Record]:
    return [
        item
        for table in survey([path], Asked(), ZoneInfo(zone)).tables
        for item in read_items(table)
        if isinstance(item, Record) and item.table == "orders"
    ]


@pytest.mark.parametrize("name", FILES)
def test_a_strange_file_is_read_to_the_cent_and_the_minute(name: str, tmp_path: Path) -> None:
    file, path = FILES[name], tmp_path / "strange.csv"
    path.write_bytes(file.text.encode(file.encoding))
    found = [
        (one.row["order_number"], str(one.row["total_price"]), str(one.row["created_at"])[:16])
        for one in orders_in(path, file.zone)
    ]
    assert tuple(found) == file.orders


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,customer_id,total_price,created_at\n1,1,5,01/31/2024\n2,1,5,31/01/2024\n", "--dates"),
        ("Bestellnr;Datum;Betrag;Waehrung\n1;31.01.2024;1.250;EUR\n", "--decimal"),
        ("order id,date,total,currency\n1,2024-01-31,29.990,KWD\n", "--decimal"),
        ("order id,date,total,total\n1,2024-01-31,5,6\n", "names the column total twice"),
        ("order id,date,total\n1,2024-01-31,$5\n2,2024-01-31,€5\n", "--currency"),
    ],
)
def test_what_could_be_two_things_is_refused_with_what_decides(
    text: str, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "strange.csv"
    path.write_text(text)
    with pytest.raises(ImportRefused, match=words):
        orders_in(path)


def test_one_telephone_in_every_spelling_is_one_customer(tmp_path: Path) -> None:
    path = tmp_path / "phones.csv"
    spellings = [
        "(030) 1234567",
        "+49301234567",
        "0049 30 123 45 67",
        "030/1234567",
        "'+49301234567",
    ]
    none = ["4.93012E+11", "n/a", "0000000"]
    rows = "".join(f"{n},2024-01-31,5,{one},DE\n" for n, one in enumerate([*spellings, *none]))
    path.write_text(f"order no,date,total,phone,country\n{rows}")
    found = orders_in(path)
    known = [one for one in found if one.by is Identity.PHONE]
    assert [one.row["order_number"] for one in known] == ["0", "1", "2", "3", "4"]
    assert len({one.row["customer_id"] for one in known}) == 1
    assert {one.row["customer_id"] for one in found[5:]} == {None}


def test_a_bare_name_is_a_persons_but_beside_a_platforms_own_id(tmp_path: Path) -> None:
    path = tmp_path / "o.csv"
    path.write_text("order no,name,email,total,date\n7,Ada Byron,a@example.org,5,2024-01-31\n")
    (table,) = survey([path], Asked(), ZoneInfo("UTC")).tables
    customer, order = [one.row for one in read_items(table) if isinstance(one, Record)]
    assert (order["order_number"], customer["first_name"]) == ("7", "Ada")
    path.write_text("id,customer_id,name,total_price,created_at\n7,3,#1001,5,2024-01-31\n")
    assert [one.row["order_number"] for one in orders_in(path)] == ["#1001"]
