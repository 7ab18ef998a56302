"""A shop whose tables change while a process remembers them: nobody has to start it again."""

import asyncio
from functools import partial

import pytest
from sqlalchemy.exc import DBAPIError

from backend.core.customer_id import CustomerId
from backend.core.errors import DatabaseUnavailable, InvalidMapping
from backend.database.engine import AsyncConnection, AsyncEngine, opened
from backend.shop import asking
from backend.shop.asking import asked, customers_as_remembered
from backend.shop.customers import Customer, get_customer
from backend.shop.mapping.layers import load_mapping
from backend.shop.search import search_customers
from backend.shop.shop import Shop
from tests.conftest import NewDatabase
from tests.shop.loose_shop import insert, loose_shop, make_tables
from tests.shops import VARIABLES

ADA = (1, "ada@example.com", "Ada", "One")


async def profile(engine: AsyncEngine, shop: Shop, written: str) -> Customer | None:
    question = partial(get_customer, shop=shop, customer_id=CustomerId(written))
    return await asked(engine, shop, question)


async def found(engine: AsyncEngine, shop: Shop, query: str) -> list[str]:
    question = partial(search_customers, shop=shop, query=query, limit=10)
    return [str(person.id) for person in await asked(engine, shop, question)]


async def test_an_optional_column_may_be_dropped(shop_engine: AsyncEngine) -> None:
    shop = await loose_shop(shop_engine, [ADA], [])
    assert await found(shop_engine, shop, "ada") == ["1"]
    await make_tables(shop_engine, ["ALTER TABLE c DROP COLUMN last_name"])
    known = await profile(shop_engine, shop, "1")
    assert known == Customer(CustomerId("1"), "ada@example.com", "Ada", None)
    await make_tables(shop_engine, ["ALTER TABLE c DROP COLUMN email"])
    assert await found(shop_engine, shop, "ada") == ["1"]


async def test_a_column_that_is_needed_and_gone_is_named(shop_engine: AsyncEngine) -> None:
    shop = await loose_shop(shop_engine, [ADA], [])
    assert await profile(shop_engine, shop, "1")
    await make_tables(shop_engine, ["ALTER TABLE c RENAME COLUMN id TO number"])
    with pytest.raises(InvalidMapping, match=r"customers\.id"):
        await profile(shop_engine, shop, "1")
    await make_tables(shop_engine, ["ALTER TABLE c RENAME COLUMN number TO id"])
    assert await profile(shop_engine, shop, "1")


async def test_a_table_may_be_empty_at_first(shop_engine: AsyncEngine) -> None:
    shop = await loose_shop(shop_engine, [], [])
    assert await profile(shop_engine, shop, "1") is None
    assert await found(shop_engine, shop, "ada") == []
    await insert(shop_engine, "c", [ADA, (-7, None, "Bo", None)])
    known = await profile(shop_engine, shop, "1")
    assert known == Customer(CustomerId("1"), "ada@example.com", "Ada", "One")
    assert await profile(shop_engine, shop, "-7")
    assert await profile(shop_engine, shop, "01") is None
    assert await found(shop_engine, shop, "ada") == ["1"]


async def test_ids_may_become_texts(shop_engine: AsyncEngine) -> None:
    shop = await loose_shop(shop_engine, [ADA], [])
    assert await profile(shop_engine, shop, "1")
    if shop_engine.dialect.name != "sqlite":  # whose columns hold what they are given
        kind = "TYPE" if shop_engine.dialect.name == "postgresql" else ""
        verb = "ALTER COLUMN id" if kind else "MODIFY id"
        await make_tables(shop_engine, [f"ALTER TABLE c {verb} {kind} varchar(20)"])
    await make_tables(shop_engine, ["INSERT INTO c VALUES ('cus_A', NULL, 'Cy', NULL)"])
    shop.forget_what_is_older(float("inf"))
    assert await profile(shop_engine, shop, "cus_A")
    assert await profile(shop_engine, shop, "1")


async def test_a_column_that_is_added_is_seen_when_the_shape_is_old(
    shop_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = await loose_shop(shop_engine, [ADA], [])
    await make_tables(shop_engine, ["ALTER TABLE c DROP COLUMN email"])
    assert await found(shop_engine, shop, "example") == []
    await make_tables(
        shop_engine,
        ["ALTER TABLE c ADD COLUMN email varchar(99)", "UPDATE c SET email = 'a@example.com'"],
    )
    monkeypatch.setattr("backend.shop.asking.SHAPE_SECONDS", 0.0)
    assert await found(shop_engine, shop, "example") == ["1"]


async def test_it_is_not_asked_for_ever(shop_engine: AsyncEngine) -> None:
    shop, asks = await loose_shop(shop_engine, [ADA], []), 0

    async def ask(connection: AsyncConnection) -> None:
        nonlocal asks
        asks += 1
        await connection.exec_driver_sql("SELECT absent FROM c")

    with pytest.raises(DBAPIError):
        await asked(shop_engine, shop, ask)
    assert asks == 3


async def test_of_many_who_ask_a_shop_that_is_away_one_looks(
    new_sqlite: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, answer = list[None](), asyncio.Event()

    async def away(*_: object) -> None:
        looks.append(None)
        await answer.wait()
        raise DatabaseUnavailable("shop")

    monkeypatch.setattr(asking, "_asked", away)
    async with opened(new_sqlite()) as engine:
        shop = Shop(load_mapping(VARIABLES))
        asks = [asyncio.create_task(customers_as_remembered(engine, shop)) for _ in range(20)]
        while not looks:  # noqa: ASYNC110, it tells no event
            await asyncio.sleep(0)
        answer.set()
        told = await asyncio.gather(*asks, return_exceptions=True)
    assert {type(one) for one in told} == {DatabaseUnavailable}
    assert len(looks) == 1
