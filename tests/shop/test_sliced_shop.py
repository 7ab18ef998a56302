"""A shop that is read slice by slice is the shop: each row is in one slice, whatever its id."""

from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from backend.core.customer_id import as_text
from backend.database.engine import AsyncEngine, snapshot
from backend.run.partitions.partition import partitions_of
from backend.shop import basket_lines, orders
from backend.shop.orders import ShopColumns
from backend.shop.shop import Shop
from backend.shop.sliced_shop import SlicedShop, can_be_sliced
from tests.conftest import in_turns
from tests.shop.loose_shop import loose_shop, shop_over

AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
NUMBERS = [-5, 1, 2, 9, 10, 11, 2**40]
# Code points decide, whatever a collation holds of case, accents and blanks.
TEXTS = ["10", "9", "A", "a", "a ", "B", "é", "z", "😀", "", None, "it's %s"]
STRANGERS: dict[str, list[Any]] = {"bigint": [-9, 3, 2**50], "varchar(99)": ["0", "Z", "~", "007"]}


def row(number: int, customer: Any, created: Any, status: str) -> tuple[Any, ...]:
    return (number, customer, Decimal(10 + number), created, status)


async def shop_of(engine: AsyncEngine, ids: list[Any], id_type: str) -> Shop:
    """Make a shop in which everybody, and some who are nobody, ordered three times."""
    created = "2026-01-01 10:00:00"
    when: Any = created if engine.dialect.name == "sqlite" else datetime.fromisoformat(created)
    whose = [one for one in (*ids, *STRANGERS[id_type]) for _ in range(3)]
    text_ids = id_type != "bigint"
    rows = [
        row(number, customer, when, "refunded" if number % 7 == 0 else "paid")
        for number, customer in enumerate(whose, 1)
    ]
    rows.append(row(2, whose[1], when, "paid"))
    numbered = [(str(first), *rest) if text_ids else (first, *rest) for first, *rest in rows]
    lines = [
        (number, order_id, number % 5, 1 + number % 3, f"v{number % 2}")
        for number, order_id in enumerate((one[0] for one in numbered), 1)
    ]
    customers = [(one, None, None, None) for one in ids]
    return await loose_shop(engine, customers, numbered, lines, id_type=id_type)


async def read(engine: AsyncEngine, shop: Shop) -> tuple[ShopColumns, dict[str, Any]]:
    async with snapshot(engine) as connection:
        columns = await orders.read_orders(connection, shop, AS_OF)
        baskets = await basket_lines.read_baskets(connection, shop, columns)
    assert baskets is not None
    return columns, asdict(baskets)


def sorted_orders(columns: ShopColumns) -> list[tuple[Any, ...]]:
    found = (columns.customer_index, columns.created_at, columns.amount_micros)
    return sorted(zip(*(one.tolist() for one in found), strict=True))


@in_turns
@pytest.mark.parametrize("slices", [1, 2, 3, 100])
@pytest.mark.parametrize(("ids", "id_type"), [(NUMBERS, "bigint"), (TEXTS, "varchar(99)")])
async def test_all_slices_together_are_the_shop(
    shop_engine: AsyncEngine, ids: list[Any], id_type: str, slices: int
) -> None:
    shop = await shop_of(shop_engine, ids, id_type)
    whole, baskets = await read(shop_engine, shop)
    parts, theirs = [], []
    for one in partitions_of(whole.customer_ids, slices):
        part, its_baskets = await read(shop_engine, SlicedShop(shop.mapping, one.ids))
        parts.append(part)
        theirs.append(its_baskets)
    joined = ShopColumns.joined(parts, whole.without_id)
    assert as_text(joined.customer_ids).tolist() == as_text(whole.customer_ids).tolist()
    assert len(parts) == min(slices, len(whole.customer_ids))
    assert sorted_orders(joined) == sorted_orders(whole)
    assert (joined.left_out, joined.rejected) == (whole.left_out, whole.rejected)
    assert not joined.repeat_orders()
    for name, of_all in baskets.items():
        np.testing.assert_array_equal(np.concatenate([one[name] for one in theirs]), of_all)


@in_turns
async def test_accounts_are_merged_whichever_slices_they_are_in(shop_engine: AsyncEngine) -> None:
    when: Any = "2026-01-01 10:00:00"
    if shop_engine.dialect.name != "sqlite":
        when = datetime.fromisoformat(when)
    people = [(number, f"one{number % 3}@example.org", None, None) for number in range(1, 10)]
    rows = [row(number, 1 + number % 9, when, "paid") for number in range(1, 40)]
    merging = await loose_shop(shop_engine, people, rows, MERGE_GUESTS="true")
    async with snapshot(shop_engine) as connection:
        whole = await orders.read_orders(connection, merging, AS_OF)
        assert whole.customer_ids.tolist() == [1, 2, 3]
        parts = [
            await orders.read_orders(connection, SlicedShop(merging.mapping, one.ids), AS_OF)
            for one in partitions_of(whole.customer_ids, 3)
        ]
    assert sorted_orders(ShopColumns.joined(parts, 0)) == sorted_orders(whole)


@in_turns
async def test_numbers_that_orders_spell_as_texts_are_not_cut(shop_engine: AsyncEngine) -> None:
    shop = await shop_of(shop_engine, NUMBERS, "bigint")
    named = await shop_of_texts(shop_engine)
    async with snapshot(shop_engine) as connection:
        assert await can_be_sliced(connection, shop, "integer")
        assert not await can_be_sliced(connection, named, "integer")
        # Where a row without an id makes texts of numbers.
        assert not await can_be_sliced(connection, shop, "text")


@in_turns
async def test_texts_are_cut(shop_engine: AsyncEngine) -> None:
    shop = await shop_of(shop_engine, TEXTS, "varchar(99)")
    async with snapshot(shop_engine) as connection:
        assert await can_be_sliced(connection, shop, "text")


async def shop_of_texts(engine: AsyncEngine) -> Shop:
    """Return the same shop, whose orders name their customers otherwise than the shop does."""
    kind = {"mysql": "char(20)"}.get(engine.dialect.name, "varchar(20)")
    async with engine.begin() as connection:
        await connection.exec_driver_sql(
            f"CREATE VIEW named AS SELECT id, CAST(customer_id AS {kind}) AS customer_id, "
            "total_price, created_at, financial_status FROM o"
        )
    return shop_over("c", "named", "l", {})
