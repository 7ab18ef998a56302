"""Dates and amounts in any notation: right, or refused; never another date or amount."""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from backend.core.errors import ImportRefused
from backend.files.load import read_items
from backend.files.notation.amount_texts import DecimalMark, amount_text
from backend.files.notation.date_texts import DateOrder, date_text
from backend.files.records import Record
from backend.files.survey import Asked, survey

BERLIN = ZoneInfo("Europe/Berlin")
GERMAN = (
    *("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September"),
    *("Oktober", "November", "Dezember"),
)
FRENCH = (
    *("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre"),
    *("octobre", "novembre", "décembre"),
)
SPANISH = (
    *("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre"),
    *("octubre", "noviembre", "diciembre"),
)
ITALIAN = (
    *("gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto"),
    *("settembre", "ottobre", "novembre", "dicembre"),
)


def as_sheet_day(moment: datetime) -> str:
    return str((moment - datetime(1899, 12, 30, tzinfo=UTC)) / timedelta(days=1))


# How people write a time; each takes an aware one, and shows UTC unless it says otherwise.
DATES: Mapping[str, Callable[[datetime], str]] = {
    "iso": lambda at: at.isoformat(),
    "shopify": lambda at: at.strftime("%Y-%m-%d %H:%M:%S +0000"),
    "zulu": lambda at: at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    "day first": lambda at: at.strftime("%d/%m/%Y %H:%M:%S"),
    "month first": lambda at: at.strftime("%m/%d/%Y %H:%M:%S"),
    "year first": lambda at: at.strftime("%Y/%m/%d %H:%M:%S"),
    "dots": lambda at: at.strftime("%d.%m.%Y %H:%M:%S"),
    "dashes": lambda at: at.strftime("%d-%m-%Y %H:%M:%S"),
    "am and pm": lambda at: at.strftime("%m/%d/%Y %I:%M:%S %p"),
    "day first, am and pm": lambda at: at.strftime("%d/%m/%Y, %I:%M:%S %p"),
    "two digits": lambda at: at.strftime("%d/%m/%y %H:%M:%S"),
    "two digits, month first": lambda at: at.strftime("%m/%d/%y %H:%M:%S"),
    "two digits, year first": lambda at: at.strftime("%y/%m/%d %H:%M:%S"),
    "english": lambda at: at.strftime("%d %b %Y %H:%M:%S"),
    "american": lambda at: at.strftime("%B %d, %Y %I:%M:%S %p"),
    "mail": lambda at: at.strftime("%a, %d %b %Y %H:%M:%S +0000"),
    "browser": lambda at: at.strftime("%a %b %d %Y %H:%M:%S GMT+0000 (Coordinated)"),
    "german": lambda at: f"{at.day}. {GERMAN[at.month - 1]} {at:%Y %H:%M:%S}",
    "french": lambda at: f"{at.day} {FRENCH[at.month - 1]} {at:%Y à %H:%M:%S}",
    "spanish": lambda at: f"{at.day} de {SPANISH[at.month - 1]} de {at:%Y %H:%M:%S}",
    "italian": lambda at: f"{at.day} {ITALIAN[at.month - 1]} {at:%Y %H:%M:%S}",
    "sheet": as_sheet_day,
    "seconds": lambda at: str(int(at.timestamp())),
    "milliseconds": lambda at: str(int(at.timestamp()) * 1000),
}


def grouped(cents: int, mark: str, decimal: str, *, indian: bool = False) -> str:
    whole, rest = f"{abs(cents) // 100}", f"{abs(cents) % 100:02}"
    head, last = whole[:-3], whole[-3:]
    step = 2 if indian else 3
    parts = [head[max(end - step, 0) : end] for end in range(len(head), 0, -step)][::-1]
    sign = "-" if cents < 0 else ""
    return f"{sign}{mark.join([*parts, last])}{decimal}{rest}"


AMOUNTS: Mapping[str, Callable[[int], str]] = {
    "plain": lambda cents: f"{Decimal(cents) / 100:.2f}",
    "comma": lambda cents: f"{Decimal(cents) / 100:.2f}".replace(".", ","),
    "english": lambda cents: grouped(cents, ",", "."),
    "german": lambda cents: grouped(cents, ".", ","),
    "french": lambda cents: grouped(cents, "\u202f", ","),
    "russian": lambda cents: grouped(cents, "\u00a0", ","),
    "swiss": lambda cents: grouped(cents, "\u2019", "."),
    "indian": lambda cents: f"₹ {grouped(cents, ',', '.', indian=True)}",
    "dollars": lambda cents: f"${grouped(cents, ',', '.')}",
    "brackets": lambda cents: (
        f"({grouped(-cents, ',', '.')})" if cents < 0 else grouped(cents, ",", ".")
    ),
    "euros": lambda cents: f"{grouped(cents, '.', ',')} €",
    "whole": lambda cents: grouped(cents, ",", ".").removesuffix(".00"),
    "whole, with dots": lambda cents: grouped(cents, ".", ",").removesuffix(",00"),
}


@dataclass(frozen=True)
class Written:
    at: datetime
    cents: int


moments = some.datetimes(datetime(1990, 1, 1), datetime(2035, 12, 31)).map(  # noqa: DTZ001
    lambda at: at.replace(microsecond=0, tzinfo=UTC)
)
known = some.lists(
    some.builds(Written, moments, some.integers(-99_999_999, 99_999_999)), min_size=1, max_size=6
)


def written_file(folder: Path, orders: Sequence[Written], date: str, amount: str) -> Path:
    path = folder / "orders.csv"
    with path.open("w", newline="", encoding="utf-16" if len(orders) % 2 else "utf-8") as file:
        writer = csv.writer(file, delimiter=";,\t|"[len(orders) % 4])
        writer.writerow(["id", "customer_id", "total_price", "created_at"])
        for number, one in enumerate(orders):
            writer.writerow([number, 1, AMOUNTS[amount](one.cents), DATES[date](one.at)])
    return path


@given(known, some.sampled_from(sorted(DATES)), some.sampled_from(sorted(AMOUNTS)))
@settings(
    max_examples=300,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_known_orders_are_read_back_or_refused(
    tmp_path: Path, orders: list[Written], date: str, amount: str
) -> None:
    path = written_file(tmp_path, orders, date, amount)
    try:
        (table,) = survey([path], Asked(), ZoneInfo("UTC")).tables
    except ImportRefused:
        return
    rows = [
        item.row
        for item in read_items(table)
        if isinstance(item, Record) and item.table == "orders"
    ]
    found = {row["id"]: (row["created_at"], row["total_price"]) for row in rows}
    expected = {
        number: (one.at.replace(tzinfo=None), Decimal(one.cents) / 100)
        for number, one in enumerate(orders)
    }
    assert found == {number: expected[number] for number in found}
    assert found.keys() == expected.keys()


# Enough orders to settle any notation: a day above twelve, an amount with both marks.
TELLING = (
    Written(datetime(2031, 1, 28, 13, 5, 6, tzinfo=UTC), 123_456_789 // 10),
    Written(datetime(1999, 12, 31, 1, 2, 3, tzinfo=UTC), 1_050),
    Written(datetime(2024, 3, 4, 0, 0, 1, tzinfo=UTC), 99),
)


@pytest.mark.parametrize("date", sorted(one for one in DATES if not one.startswith("two digits")))
def test_every_way_to_write_a_date_is_read_where_the_file_tells(tmp_path: Path, date: str) -> None:
    path = written_file(tmp_path, TELLING, date, "plain")
    (table,) = survey([path], Asked(), ZoneInfo("UTC")).tables
    rows = [
        one.row for one in read_items(table) if isinstance(one, Record) and "total_price" in one.row
    ]
    assert [row["created_at"] for row in rows] == [one.at.replace(tzinfo=None) for one in TELLING]


@pytest.mark.parametrize("amount", sorted(AMOUNTS))
def test_every_way_to_write_an_amount_is_read_where_the_file_tells(
    tmp_path: Path, amount: str
) -> None:
    path = written_file(tmp_path, TELLING, "iso", amount)
    (table,) = survey([path], Asked(), ZoneInfo("UTC")).tables
    rows = [
        one.row for one in read_items(table) if isinstance(one, Record) and "total_price" in one.row
    ]
    assert [row["total_price"] for row in rows] == [Decimal(one.cents) / 100 for one in TELLING]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1234.5", "1234.50"),
        ("1,234,567.80", "1234567.80"),
        ("-12.3", "-12.30"),
        (".5", "0.5"),
        ("1e3", "1000"),
        ("$5.00", "5"),
        ("US$ 1,000.00", "1000"),
        ("(5.00)", "-5"),
        ("5.00-", "-5"),
        ("Rs. 500", "500"),
        ("CHF 1\u2019234.50", "1234.50"),
        ("12.-", "12"),
    ],
)
def test_amounts_with_a_decimal_point(text: str, value: str) -> None:
    found = amount_text(text)
    assert found is not None
    assert found.under(DecimalMark.POINT) == Decimal(value)


@pytest.mark.parametrize(
    "text",
    ["", "a lot", "NaN", "1,23,4", "12.34.5", "Infinity", "5 or 6", "$.5.0", "--5", "EUR.50"],
)
def test_what_is_no_amount_is_none(text: str) -> None:
    found = amount_text(text)
    assert found is None or not found.readings


@pytest.mark.parametrize(
    "text",
    [
        *("yesterday", "2024-13-01", "0000-00-00 00:00:00", "13:05 PM 01/02/2024", "31/02/2024"),
        *("2024-01-03 25:00", "2024-01-03 10:00 CST", "2024-01-03 10:00 IST", "Jan 3", "12:00"),
        *("2024-01-03 10:00 +15:00", "2024-01-03 10:00 Mars/Base", "123", "99999999"),
    ],
)
def test_what_is_no_date_for_sure_is_none(text: str) -> None:
    assert date_text(text, BERLIN) is None


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2024-07-03 10:00 CEST", "2024-07-03 08:00"),
        ("2024-07-03 10:00", "2024-07-03 08:00"),
        ("2024-07-03 10:00 Europe/London", "2024-07-03 09:00"),
        ("2024-07-03 10:00 GMT+2", "2024-07-03 08:00"),
        ("2024-07-03T10:00-0300", "2024-07-03 13:00"),
        ("July 3rd, 2024 at 12:15 a.m.", "2024-07-02 22:15"),
    ],
)
def test_zones_beside_a_time_hold_ahead_of_the_shops(text: str, utc: str) -> None:
    found = date_text(text, BERLIN)
    assert found is not None
    assert str(found.readings[DateOrder.YMD].in_utc(BERLIN))[:16] == utc


def test_a_word_of_the_shops_own_zone_is_read() -> None:
    found = date_text("2024-01-03 10:00 IST", ZoneInfo("Asia/Kolkata"))
    assert found is not None
    assert str(found.readings[DateOrder.YMD].in_utc(BERLIN)) == "2024-01-03 04:30:00"
