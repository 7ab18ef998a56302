"""Files that once gave another date, amount or customer without a word (shop_exports/README.md)."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from backend.core.errors import AmbiguousFile, ImportRefused
from backend.database.engine import create_engine, opened, snapshot, transaction
from backend.files.currencies import read_rates
from backend.files.notation.amount_texts import DecimalMark
from backend.files.notation.date_texts import DateOrder
from backend.files.survey import Asked
from backend.results.loaded_files import Identity
from backend.shop.mapping.layers import load_mapping
from backend.shop.orders import read_orders
from backend.shop.shop import Shop
from tests.conftest import NewDatabase
from tests.files.loading import UTC, loaded
from tests.live import command
from tests.shops import NAMES

EXPORTS = Path(__file__).parent / "shop_exports"
FAR = datetime(2030, 1, 1, tzinfo=UTC)
HEADER = "id,customer_id,total_price,created_at,financial_status"


async def orders_of(url: str) -> list[dict[str, Any]]:
    engine = create_engine(url)
    statement = text(
        "SELECT id, customer_id, order_number, total_price, created_at, financial_status,"
        " fulfillment_status, currency, utc_from_zone FROM orders ORDER BY order_number, id"
    ).columns()
    async with transaction(engine) as connection:
        rows = [dict(row) for row in (await connection.execute(statement)).mappings()]
    await engine.dispose()
    return rows


def days(rows: Sequence[dict[str, Any]]) -> list[str]:
    return [str(row["created_at"])[:16] for row in rows]


def totals(rows: Sequence[dict[str, Any]]) -> list[Decimal]:
    return [Decimal(str(row["total_price"])) for row in rows]


async def test_one_day_above_twelve_settles_the_order_of_all_dates(
    database_url: str, tmp_path: Path
) -> None:
    await loaded(database_url, [EXPORTS / "dmy.csv"], tmp_path)
    found = days(await orders_of(database_url))
    assert found == ["2024-01-03 10:00", "2024-02-12 10:00", "2024-02-25 10:00"]


async def test_a_month_in_front_is_read_where_the_day_cannot_be(
    database_url: str, tmp_path: Path
) -> None:
    await loaded(database_url, [EXPORTS / "us_date_only.csv"], tmp_path)
    assert days(await orders_of(database_url)) == ["2024-01-31 00:00"]


async def test_a_dot_before_three_digits_groups_in_a_currency_without_coins(
    database_url: str, tmp_path: Path
) -> None:
    await loaded(database_url, [EXPORTS / "thousand_dots.csv"], tmp_path)
    assert totals(await orders_of(database_url)) == [Decimal(29_990)]


async def test_two_currencies_are_refused_with_their_counts(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    for name, words in (
        ("plain_currency", r"JPY \(1 lines\), USD \(1 lines\)"),
        ("first_currency", r"EUR \(4 lines\), USD"),
    ):
        with pytest.raises(ImportRefused, match=words):
            await loaded(new_sqlite(), [EXPORTS / f"{name}.csv"], tmp_path)


async def test_a_currency_can_be_chosen(database_url: str, tmp_path: Path) -> None:
    asked = Asked(currency="eur")
    summary = await loaded(database_url, [EXPORTS / "first_currency.csv"], tmp_path, asked)
    found = await orders_of(database_url)
    assert [row["order_number"] for row in found] == ["#2", "#3", "#4", "#5"]
    assert {row["currency"] for row in found} == {"EUR"}
    (file,) = summary.files
    assert (file.read, file.loaded) == (4, 4)
    assert [(one.count, one.kind) for one in file.left_out] == [(1, "in USD, and EUR is loaded")]


SIGNS = "order id,date,total\n1,2024-01-31,$5.00\n2,2024-01-31,€7.00\n3,2024-01-31,£9.00\n"


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        (Asked(currency="EUR"), {"2": 7}),
        (Asked(currency="CAD"), {"1": 5}),
        (Asked(rates=read_rates("EUR=1,GBP=1.2,$=0.5", None)), {"1": 2.5, "2": 7, "3": 10.8}),
    ],
)
async def test_a_sign_beside_an_amount_is_its_currency(
    new_sqlite: NewDatabase, tmp_path: Path, asked: Asked, kept: dict[str, float]
) -> None:
    url, path = new_sqlite(), tmp_path / "signs.csv"
    path.write_text(SIGNS)
    with pytest.raises(ImportRefused, match=r"\$ \(1 lines\), EUR \(1 lines\), GBP"):
        await loaded(url, [path], tmp_path)
    await loaded(url, [path], tmp_path, asked)
    found = {row["order_number"]: float(row["total_price"]) for row in await orders_of(url)}
    assert found == kept


async def test_currencies_can_be_converted_by_rates_or_by_those_of_the_day(
    database_url: str, tmp_path: Path
) -> None:
    paths = [EXPORTS / "plain_currency.csv", EXPORTS / "customers.csv"]
    await loaded(database_url, paths, tmp_path, Asked(rates=read_rates("USD=1,JPY=0.01", None)))
    assert totals(await orders_of(database_url)) == [Decimal(50), Decimal(75)]
    by_day = tmp_path / "rates.csv"
    by_day.write_text("date,currency,rate\n2026-01-01,JPY,0.02\n2026-03-02,JPY,0.03\n")
    await loaded(database_url, paths, tmp_path, Asked(rates=read_rates(str(by_day), "usd")))
    assert totals(await orders_of(database_url)) == [Decimal(50), Decimal(225)]


async def test_a_currency_without_a_rate_is_refused(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    asked = Asked(rates=read_rates("USD=1,EUR=1.08", None))
    with pytest.raises(ImportRefused, match=r"has no rate for JPY \(1 lines\)"):
        await loaded(new_sqlite(), [EXPORTS / "plain_currency.csv"], tmp_path, asked)


async def test_refunds_are_subtracted_in_every_format(database_url: str, tmp_path: Path) -> None:
    await loaded(database_url, [EXPORTS / "plain_refund.csv"], tmp_path)
    await loaded(database_url, [EXPORTS / "woo_refund_items.csv"], tmp_path)
    found = await orders_of(database_url)
    assert {row["id"]: row["total_price"] for row in found} == {1: 30, 101: 105, 102: 35}
    assert found[1]["customer_id"] == found[2]["customer_id"]  # one e-mail


async def test_orders_paid_on_delivery_are_of_whom_the_telephone_tells(
    database_url: str, tmp_path: Path
) -> None:
    summary = await loaded(database_url, [EXPORTS / "cod_phone_only.csv"], tmp_path)
    found = await orders_of(database_url)
    assert totals(found) == [Decimal(990)] * 3
    assert len({row["customer_id"] for row in found}) == 3
    (file,) = summary.files
    assert file.identities == {Identity.PHONE: 3}
    assert file.open_although_fulfilled == 3
    counted = {"COUNTED_STATUSES": "paid,pending"}
    assert await counted_times(database_url, counted) == [
        "2026-03-01T04:00",
        "2026-03-02T04:00",
        "2026-03-03T04:00",
    ]


async def test_a_line_that_is_quoted_as_a_whole_is_opened(
    database_url: str, tmp_path: Path
) -> None:
    await loaded(database_url, [EXPORTS / "whole_line_quoted.csv"], tmp_path)
    (order,) = await orders_of(database_url)
    assert (order["order_number"], order["total_price"]) == ("#1", 10)


async def counted_times(url: str, variables: dict[str, str]) -> list[str]:
    """Return when each counted order was, as a run reads it."""
    shop = Shop(load_mapping({**NAMED, **variables}))
    async with opened(url) as engine, snapshot(engine) as connection:
        columns = await read_orders(connection, shop, FAR)
    return sorted(str(one)[:16] for one in columns.created_at)


NAMED = {
    "CUSTOMERS_TABLE": NAMES["customers"],
    "ORDERS_TABLE": NAMES["orders"],
    "LINE_ITEMS_TABLE": NAMES["line_items"],
}


async def test_a_later_zone_of_the_shop_moves_no_time(database_url: str, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(f"{HEADER}\n1,1,5,2024-07-01 01:00:00,paid\n2,1,5,2024-07-01T01:00Z,paid\n")
    await loaded(database_url, [path], tmp_path, zone=ZoneInfo("Europe/Berlin"))
    zones = [row["utc_from_zone"] for row in await orders_of(database_url)]
    assert zones == ["Europe/Berlin", "+00:00"]
    expected = ["2024-06-30T23:00", "2024-07-01T01:00"]
    for zone in ("Europe/Berlin", "America/New_York"):
        assert await counted_times(database_url, {"SHOP_TIME_ZONE": zone}) == expected


async def test_rows_from_before_stay_in_the_shops_zone(database_url: str, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(f"{HEADER}\n1,1,5,2024-07-01 01:00:00,paid\n2,1,5,2024-07-02 01:00:00,paid\n")
    await loaded(database_url, [path], tmp_path)
    engine = create_engine(database_url)
    async with transaction(engine) as connection:
        await connection.execute(text("UPDATE orders SET utc_from_zone = NULL WHERE id = 2"))
    await engine.dispose()
    found = await counted_times(database_url, {"SHOP_TIME_ZONE": "Europe/Berlin"})
    assert found == ["2024-07-01T01:00", "2024-07-01T23:00"]


async def test_what_stays_ambiguous_is_refused_with_both_readings_and_the_option(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(f"{HEADER}\n" + "".join(f"{n},1,5,0{n}/05/2024,paid\n" for n in range(1, 6)))
    with pytest.raises(AmbiguousFile) as refusal:
        await loaded(new_sqlite(), [path], tmp_path)
    assert refusal.value.option == "--dates"
    assert [place.line for place in refusal.value.places] == [2, 3, 4]
    assert (
        "line 2, created_at: 01/05/2024 is 2024-05-01 00:00:00 with --dates dmy, "
        "2024-01-05 00:00:00 with --dates mdy"
    ) in str(refusal.value)
    url = new_sqlite()
    await loaded(url, [path], tmp_path, Asked(dates=DateOrder.MDY))
    assert days(await orders_of(url))[0] == "2024-01-05 00:00"


async def test_amounts_that_stay_ambiguous_are_refused_likewise(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(f'{HEADER}\n1,1,"1,234",2024-01-01,paid\n')
    with pytest.raises(AmbiguousFile, match=r"1,234 is 1234\S* with --decimal \., 1\.234 with"):
        await loaded(new_sqlite(), [path], tmp_path)
    url = new_sqlite()
    await loaded(url, [path], tmp_path, Asked(decimal=DecimalMark.COMMA))
    assert totals(await orders_of(url)) == [Decimal("1.23")]


async def test_less_than_95_percent_loads_nothing_unless_that_is_accepted(
    new_database: NewDatabase, tmp_path: Path
) -> None:
    url = new_database()
    good = "".join(f"{n},1,5,2024-01-01,paid\n" for n in range(1, 19))
    path = tmp_path / "orders.csv"
    path.write_text(f"{HEADER}\n{good}19,1,a lot,2024-01-01,paid\n")
    done = command(url, tmp_path, "import", "orders.csv")
    assert done.returncode == 1
    assert "18 of 19 in orders.csv make sense" in done.stderr
    assert await orders_of(url) == []
    accepted = command(url, tmp_path, "import", "orders.csv", "--accept-partial")
    assert accepted.returncode == 0, accepted.stderr
    assert "1, total_price: expected an amount such as 12.34 (line 20: total_price is 'a lot'" in (
        accepted.stdout
    )
    assert len(await orders_of(url)) == 18


async def test_check_files_shows_what_is_understood_and_loads_nothing(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    url = new_sqlite()
    path = tmp_path / "bestellungen.csv"
    rows = "".join(f'A-{n};1{n}.02.2024;"1.0{n}0,50";Käthe;k{n}@example.org\n' for n in range(1, 8))
    path.write_bytes(f"Bestellnr;Datum;Betrag;Vorname;E-Mail\n{rows}".encode("cp1252"))
    done = command(url, tmp_path, "check", "files", "bestellungen.csv")
    assert done.returncode == 0, done.stderr
    shown = done.stdout
    assert "text in cp1252 (line 2: Käthe), with semicolons" in shown
    assert "amounts have a decimal comma" in shown
    assert "order_id = bestellnr" in shown
    assert shown.count("total_price 10") == 5
    assert not (tmp_path / "rejected.csv").exists()
