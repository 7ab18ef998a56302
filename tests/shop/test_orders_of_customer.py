"""One customer's orders, on every database: who they are of, when they were, why they count not."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from backend.core.customer_id import CustomerId
from backend.core.glossary import Reason
from backend.database.engine import AsyncEngine, snapshot
from backend.shop.orders_of_customer import CustomerOrder, orders_of
from backend.shop.shop import Shop
from tests.conftest import in_turns
from tests.shop.loose_shop import insert, loose_shop, make_tables, shop_over
from tests.shop.test_orders import at


async def read(
    engine: AsyncEngine, shop: Shop, customer_ids: Sequence[Any], limit: int = 10
) -> list[CustomerOrder]:
    ids = [CustomerId(str(one)) for one in customer_ids]
    async with snapshot(engine) as connection:
        return await orders_of(connection, shop, ids, limit)


def rows(engine: AsyncEngine, *orders: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    return [
        (order_id, customer, total and Decimal(total), at(engine, created), status)
        for order_id, customer, total, created, status in orders
    ]


async def test_the_latest_orders_come_first_counted_or_not(shop_engine: AsyncEngine) -> None:
    orders = rows(
        shop_engine,
        (1, 7, "10.50", "2026-01-01 10:00:00", "paid"),
        (2, 8, "11", "2026-01-02 10:00:00", "paid"),
        (3, 7, "12", "2026-07-03 10:00:00.250000", "cancelled"),
        (4, 7, "-1", "2026-01-04 10:00:00", "paid"),
        (5, 9, "5", "2026-01-05 10:00:00", "paid"),
    )
    shop = await loose_shop(shop_engine, [], orders, SHOP_TIME_ZONE="Europe/Berlin")
    found = await read(shop_engine, shop, [7, 9])
    assert [one.order_id for one in found] == ["3", "5", "4", "1"]
    assert [one.amount for one in found] == [12, 5, -1, Decimal("10.5")]
    assert [[*one.reasons] for one in found] == [
        [Reason.CANCELLED, Reason.NOT_COUNTED_STATUS],
        [],
        [Reason.NOT_POSITIVE],
        [],
    ]
    assert found[0].created_at == datetime(2026, 7, 3, 8, 0, 0, 250_000, tzinfo=UTC)
    assert found[3].created_at == datetime(2026, 1, 1, 9, tzinfo=UTC)
    assert found[:2] == await read(shop_engine, shop, [7, 9], limit=2)


async def test_what_is_no_date_and_no_amount_is_told_as_unknown(shop_engine: AsyncEngine) -> None:
    shop = await loose_shop(shop_engine, [], rows(shop_engine, (1, 7, None, None, "paid")))
    (found,) = await read(shop_engine, shop, [7])
    assert (found.created_at, found.amount) == (None, None)
    assert {*found.reasons} == {Reason.NULL_DATE, Reason.NULL_AMOUNT}


@in_turns
@pytest.mark.parametrize("nobody", ["8", "007", "seven", str(2**63), "7 "])
async def test_who_has_no_order_has_none(shop_engine: AsyncEngine, nobody: str) -> None:
    orders = rows(shop_engine, (1, 7, "1", "2026-01-01 10:00:00", "paid"))
    shop = await loose_shop(shop_engine, [], orders)
    assert await read(shop_engine, shop, [nobody]) == []


async def test_texts_that_a_collation_takes_for_one_are_two_customers(
    shop_engine: AsyncEngine,
) -> None:
    orders = rows(
        shop_engine,
        ("a", "Ada", "1", "2026-01-01 10:00:00", "paid"),
        ("b", "ada", "2", "2026-01-02 10:00:00", "paid"),
    )
    shop = await loose_shop(shop_engine, [], orders, id_type="varchar(40)")
    assert [one.order_id for one in await read(shop_engine, shop, ["Ada"])] == ["a"]
    assert [one.order_id for one in await read(shop_engine, shop, ["ada"])] == ["b"]


async def test_whole_numbers_are_seconds_since_1970(shop_engine: AsyncEngine) -> None:
    columns = "total_price MONEY, created_at bigint, financial_status varchar(50)"
    people = "id bigint, email varchar(99), first_name varchar(99), last_name varchar(99)"
    await make_tables(
        shop_engine,
        [
            f"CREATE TABLE c ({people})",
            f"CREATE TABLE o (id bigint, customer_id bigint, {columns})",
        ],
    )
    await insert(shop_engine, "o", [(1, 7, Decimal(3), 1_767_225_600, "paid")])
    (found,) = await read(shop_engine, shop_over("c", "o", None, {}), [7])
    assert found.created_at == datetime(2026, 1, 1, tzinfo=UTC)
