"""A whole e-mail, and a whole id, are found by the indexes that the shop has."""

from typing import Any

import pytest
from sqlalchemy import Select, text

from backend.core.customer_id import CustomerId
from backend.database.engine import AsyncConnection, AsyncEngine, opened, snapshot
from backend.shop.customers import asked_id, one_customer
from backend.shop.shop import Shop
from backend.shop.whole_emails import ASKED, MOST, EmailReads, customers_with_email, with_email
from tests.conftest import execute
from tests.shop.loose_shop import insert, loose_shop

PEOPLE = [(1, "Ada@Shop.test", "Ada", "L"), (2, "ada@shop.test", "Ada", "K"), (3, None, "B", None)]
OTHERS = [(n, f"p{n}@shop.test", "P", "Q") for n in range(10, 3010)]
EXPLAIN = {"sqlite": "EXPLAIN QUERY PLAN "}
ANALYSE = {"mysql": "ANALYZE TABLE c"}


async def indexed_shop(engine: AsyncEngine, *indexed: str) -> Shop:
    shop = await loose_shop(engine, PEOPLE, [])
    await insert(engine, "c", OTHERS)
    for place, one in enumerate(indexed):
        await execute(
            engine.url.render_as_string(hide_password=False),
            f"CREATE INDEX shops_own_{place} ON c ({one})",
            ANALYSE.get(engine.dialect.name, "ANALYZE"),
        )
    return shop


async def plan(connection: AsyncConnection, statement: Select[Any], values: Any) -> str:
    compiled = statement.params(values).compile(
        dialect=connection.dialect, compile_kwargs={"literal_binds": True}
    )
    explain = EXPLAIN.get(connection.dialect.name, "EXPLAIN ")
    rows = await connection.exec_driver_sql(f"{explain}{compiled}".replace("%", "%%"))
    return str(rows.all())


async def plan_of_email(engine: AsyncEngine, shop: Shop, email: str) -> str:
    values = {MOST: 10, **{ASKED.format(place): email for place in range(3)}}
    async with snapshot(engine) as connection:
        return await plan(connection, await with_email(connection, shop), values)


async def ids(engine: AsyncEngine, shop: Shop, email: str) -> list[str]:
    found = await customers_with_email(engine, shop, EmailReads(), email, 10)
    return [one.id.text for one in found]


async def test_an_index_on_emails_answers(database_url: str) -> None:
    async with opened(database_url) as engine:
        shop = await indexed_shop(engine, "email")
        assert "shops_own_0" in await plan_of_email(engine, shop, "p77@shop.test")
        assert await ids(engine, shop, "P77@shop.test") == ["77"]


@pytest.mark.parametrize("indexed", [("lower(email)",), ("email", "lower(email)")])
async def test_an_index_on_lowered_emails_finds_them_in_any_case(
    postgres_url: str, indexed: tuple[str, ...]
) -> None:
    async with opened(postgres_url) as engine:
        shop = await indexed_shop(engine, *indexed)
        used = f"shops_own_{len(indexed) - 1}"
        assert used in await plan_of_email(engine, shop, "p77@shop.test")
        assert await ids(engine, shop, "ADA@shop.test") == ["1", "2"]


async def test_without_such_an_index_case_is_as_it_is_written_or_lower(postgres_url: str) -> None:
    async with opened(postgres_url) as engine:
        shop = await indexed_shop(engine, "email")
        assert await ids(engine, shop, "ADA@shop.test") == ["2"]
        assert await ids(engine, shop, "Ada@Shop.test") == ["1", "2"]


async def test_an_index_made_later_is_seen(postgres_url: str) -> None:
    async with opened(postgres_url) as engine:
        shop, reads = await indexed_shop(engine), EmailReads()
        before = await customers_with_email(engine, shop, reads, "ADA@shop.test", 10)
        async with engine.begin() as connection:
            await connection.execute(text("CREATE INDEX ON c (lower(email))"))
        shop.forget()
        after = await customers_with_email(engine, shop, reads, "ADA@shop.test", 10)
        assert [len(before), len(after)] == [1, 2]


async def test_an_index_on_ids_answers(database_url: str) -> None:
    async with opened(database_url) as engine:
        shop = await indexed_shop(engine, "id")
        async with snapshot(engine) as connection:
            customers, dialect = await shop.customers(connection), connection.dialect.name
            statement = one_customer(customers, dialect)
            values = asked_id(CustomerId("77"), dialect)
            assert "shops_own_0" in await plan(connection, statement, values)
