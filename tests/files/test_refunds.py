"""Refunds that name their order are subtracted once, whichever comes first, however often."""

from decimal import Decimal
from itertools import permutations
from pathlib import Path

import pytest

from backend.core.errors import ImportRefused
from tests.conftest import NewDatabase
from tests.files.loading import loaded
from tests.files.test_files_as_people_have_them import orders_of

HEADER = "id,customer_id,total_price,created_at,financial_status,refund_of\n"
ORDERS = "1,7,50,2024-01-01,paid,\n2,8,30,2024-01-02,paid,\n3,8,19.99,2024-01-03,paid,\n"
JANUARY = "91,7,-20,2024-01-20,,1\n"
FEBRUARY = "92,7,-5.50,2024-02-20,,1\n93,8,-10,2024-02-21,,2\n"
LEFT = {1: Decimal("24.50"), 2: Decimal(20), 3: Decimal("19.99")}


def file_of(folder: Path, name: str, rows: str) -> Path:
    path = folder / f"{name}.csv"
    path.write_text(HEADER + rows)
    return path


async def left(url: str) -> dict[int, Decimal]:
    """Return what each order has brought; a refund is none."""
    rows = await orders_of(url)
    found = {row["id"]: Decimal(str(row["total_price"])) for row in rows}
    assert all(row["financial_status"] == "refunded" for row in rows if row["id"] > 90)
    return {key: round(total, 2) for key, total in found.items() if key < 90}


async def test_refunds_of_another_file_of_the_call_are_subtracted(
    new_database: NewDatabase, tmp_path: Path
) -> None:
    url = new_database()
    files = [("refunds", JANUARY + FEBRUARY), ("orders", ORDERS)]
    paths = [file_of(tmp_path, name, rows) for name, rows in files]
    for _ in range(2):
        await loaded(url, paths, tmp_path)
        assert await left(url) == LEFT


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
async def test_refunds_are_subtracted_whichever_is_loaded_first_and_however_often(
    new_sqlite: NewDatabase, tmp_path: Path, order: tuple[int, ...]
) -> None:
    url = new_sqlite()
    contents = [("orders", ORDERS), ("january", JANUARY), ("february", FEBRUARY)]
    paths = [file_of(tmp_path, name, rows) for name, rows in contents]
    for place in (*order, *order[::-1]):
        await loaded(url, [paths[place]], tmp_path)
    assert await left(url) == LEFT


async def test_refunds_of_an_earlier_load_are_subtracted_once(
    new_database: NewDatabase, tmp_path: Path
) -> None:
    url = new_database()
    await loaded(url, [file_of(tmp_path, "orders", ORDERS)], tmp_path)
    for _ in range(2):
        await loaded(url, [file_of(tmp_path, "refunds", JANUARY + FEBRUARY)], tmp_path)
        assert await left(url) == LEFT
    await loaded(url, [file_of(tmp_path, "orders", ORDERS)], tmp_path)
    assert await left(url) == LEFT


async def test_a_corrected_refund_takes_the_place_of_what_it_was(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    url = new_sqlite()
    await loaded(url, [file_of(tmp_path, "orders", ORDERS + JANUARY)], tmp_path)
    await loaded(url, [file_of(tmp_path, "again", "91,7,-25,2024-01-20,,1\n")], tmp_path)
    assert (await left(url))[1] == Decimal(25)


async def test_orders_and_refunds_may_have_numbers_that_are_text(
    new_database: NewDatabase, tmp_path: Path
) -> None:
    url, path = new_database(), tmp_path / "r.csv"
    rows = "A-1,7,50,2024-01-01,paid,\nR-1,7,-20,2024-01-20,,A-1\n"
    path.write_text(HEADER + rows)
    await loaded(url, [path], tmp_path)
    await loaded(url, [path], tmp_path)
    found = {row["order_number"]: row["total_price"] for row in await orders_of(url)}
    assert (float(found["A-1"]), float(found["R-1"])) == (30, -20)


async def test_a_line_below_zero_with_its_orders_id_may_be_in_another_file(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    url = new_sqlite()
    orders = file_of(tmp_path, "orders", ORDERS)
    refund = file_of(tmp_path, "refund", "1,7,-20,2024-01-20,,\n")
    await loaded(url, [refund, orders], tmp_path)
    assert (await left(url))[1] == Decimal(30)
    with pytest.raises(ImportRefused, match="is below zero, and was loaded before"):
        await loaded(url, [refund], tmp_path)
    assert (await left(url))[1] == Decimal(30)
