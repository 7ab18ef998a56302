"""Types that DuckDB and Parquet have and others call otherwise: ids, amounts and times of each."""

from datetime import UTC, datetime

import duckdb
import pytest

from backend.core.customer_id import CustomerId
from backend.core.glossary import Reason
from backend.database.engine import opened, snapshot
from backend.shop.customers import get_customers
from backend.shop.mapping.layers import load_mapping
from backend.shop.orders import ShopColumns, read_orders
from backend.shop.orders_of_some import OrderReads, read_orders_of
from backend.shop.shop import Shop
from tests.shops import AS_OF

ORDERS = """
    CREATE TABLE orders_{at} AS SELECT {id} AS id, {id} AS customer_id, {amount} AS total_price,
        {time} AS created_at, {status} AS financial_status
"""
USUAL = {
    "id": "CAST(7 AS BIGINT)",
    "amount": "CAST(12.5 AS DECIMAL(10, 2))",
    "time": "TIMESTAMP '2024-03-01 10:00:00'",
    "status": "'paid'",
}
IDS = {
    "CAST(7 AS UTINYINT)": "7",
    "CAST(18446744073709551615 AS UBIGINT)": "18446744073709551615",
    "CAST(98765432109876543210987 AS HUGEINT)": "98765432109876543210987",
    "CAST('7f000001-0000-0000-0000-00000000000a' AS UUID)": "7f000001-0000-0000-0000-00000000000a",
    "CAST('\\xAB' AS BLOB)": "ab",
    "CAST(7 AS DOUBLE)": "7",
    "CAST(7 AS DECIMAL(18, 3))": "7",
    "CAST('b' AS ENUM('a', 'b'))": "b",
    "'cus_Ä 1'": "cus_Ä 1",
}
AMOUNTS = {
    "CAST(12.5 AS DOUBLE)": 12_500_000,
    "CAST(12.5 AS FLOAT)": 12_500_000,
    "CAST(12 AS TINYINT)": 12_000_000,
    "CAST(3000000 AS INTEGER)": 3_000_000_000_000,
    "CAST(9000000000 AS BIGINT)": 9_000_000_000_000_000,
    "CAST(12 AS HUGEINT)": 12_000_000,
    "CAST(0.1234567 AS DECIMAL(38, 10))": 123_457,
    "' 12.50 '": 12_500_000,
    "'12.5 EUR'": None,
    "CAST('NaN' AS DOUBLE)": None,
    "CAST('inf' AS DOUBLE)": None,
    "CAST(1e30 AS DOUBLE)": None,
    "CAST(99999999999999999999999999999999999999 AS DECIMAL(38, 0))": None,
}
AT = datetime(2024, 3, 1, 10, tzinfo=UTC)
TIMES = {
    "TIMESTAMPTZ '2024-03-01 12:00:00+02'": AT,
    "TIMESTAMP_S '2024-03-01 10:00:00'": AT,
    "TIMESTAMP_MS '2024-03-01 10:00:00'": AT,
    "TIMESTAMP_NS '2024-03-01 10:00:00'": AT,
    "DATE '2024-03-01'": AT.replace(hour=0),
    "'2024-03-01T12:00:00+02:00'": AT,
    "'2024-03-01 10:00'": AT,
    "CAST(1709287200 AS BIGINT)": AT,
    "TIMESTAMP 'infinity'": None,
    "TIMESTAMP '-infinity'": None,
    "TIMESTAMP '0001-01-01 (BC) 00:00:00'": None,
    "'yesterday'": None,
}


REFUNDED = "CAST('refunded' AS ENUM('paid', 'refunded'))"
CASES = [
    *(("id", written) for written in IDS),
    *(("amount", written) for written in AMOUNTS),
    *(("time", written) for written in TIMES),
    ("status", REFUNDED),
]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Tell a shop of one order for each case, all in one file."""
    file = tmp_path_factory.mktemp("kinds") / "w.duckdb"
    with duckdb.connect(file) as database:
        for at, (column, written) in enumerate(CASES):
            told = USUAL | {column: written}
            database.execute(ORDERS.format(at=at, **told))
            database.execute(f"CREATE TABLE customers_{at} AS SELECT id FROM orders_{at}")
    return f"duckdb:///{file}"


async def read(url: str, column: str, written: str) -> tuple[ShopColumns, int]:
    """Return what a run reads of one of them, and how many orders a profile does."""
    at = CASES.index((column, written))
    tables = {"CUSTOMERS_TABLE": f"customers_{at}", "ORDERS_TABLE": f"orders_{at}"}
    shop = Shop(load_mapping({**tables, "LINE_ITEMS_TABLE": ""}))
    async with opened(url) as engine:
        async with snapshot(engine) as connection:
            columns = await read_orders(connection, shop, AS_OF)
            (customer,) = map(CustomerId, map(str, columns.customer_ids))
            assert customer in await get_customers(connection, shop, [customer])
        some = await read_orders_of(engine, shop, [customer], OrderReads())
    return columns, len(some.before(AS_OF).order_ids)


@pytest.mark.parametrize(("written", "text"), IDS.items())
async def test_ids_of_every_type_are_their_text(url: str, written: str, text: str) -> None:
    columns, of_some = await read(url, "id", written)
    assert [str(one) for one in columns.customer_ids] == [text]
    assert (len(columns.created_at), of_some) == (1, 1)


@pytest.mark.parametrize(("written", "micros"), AMOUNTS.items())
async def test_amounts_of_every_type_are_whole_millionths(
    url: str, written: str, micros: int | None
) -> None:
    columns, of_some = await read(url, "amount", written)
    expected = [] if micros is None else [micros]
    assert columns.amount_micros.tolist() == expected
    assert of_some == len(expected)


@pytest.mark.parametrize(("written", "at"), TIMES.items())
async def test_times_of_every_type_are_instants(
    url: str, written: str, at: datetime | None
) -> None:
    columns, of_some = await read(url, "time", written)
    expected = [] if at is None else [at.replace(tzinfo=None)]
    assert columns.created_at.tolist() == expected
    assert of_some == len(expected)


async def test_a_status_may_be_a_type_of_the_shops_own(url: str) -> None:
    columns, _ = await read(url, "status", REFUNDED)
    assert columns.rejected == {Reason.REFUNDED: 1}
