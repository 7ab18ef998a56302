"""Trigram indexes on the shop's own table: told how to make them, used where they are."""

import pytest
from sqlalchemy import text

from backend.database.engine import AsyncEngine, create_engine, snapshot
from backend.shop.search import search_customers
from backend.shop.search_by_index import PartReads, find_by_index
from backend.shop.shop import Shop
from backend.shop.trigram_indexes import trigram_statement
from tests.conftest import execute
from tests.shop.loose_shop import loose_shop
from tests.shop.test_customers import PEOPLE

QUERIES = ["john", "JOHN", "hn smi", "shop.test", "o'neil", "%", "_", "\\", "  john   smith ", "é"]


async def found(engine: AsyncEngine, shop: Shop) -> list[list[str]]:
    async with snapshot(engine) as connection:
        if not await shop.has_trigrams(connection):
            several = [await search_customers(connection, shop, one, 10) for one in QUERIES]
        else:
            reads = PartReads()
            hits = [await find_by_index(engine, shop, reads, one, 10) or [] for one in QUERIES]
            several = [[one.customer for one in some] for some in hits]
    return [[one.id.text for one in people] for people in several]


async def statement_of(engine: AsyncEngine, shop: Shop) -> str | None:
    async with snapshot(engine) as connection:
        await shop.customers(connection)
        return await trigram_statement(connection, shop.mapping)


async def test_the_statement_makes_an_index_that_finds_the_same(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    shop = await loose_shop(engine, PEOPLE, [])
    before = await found(engine, shop)
    statement = str(await statement_of(engine, shop))
    assert "ON c USING gin (email gin_trgm_ops, first_name gin_trgm_ops" in statement
    await execute(postgres_url, *statement.rstrip(";").split("; "))
    shop.forget()
    assert await statement_of(engine, shop) is None
    async with snapshot(engine) as connection:
        assert await shop.has_trigrams(connection)
    assert await found(engine, shop) == before
    await engine.dispose()


@pytest.mark.parametrize("variables", [{"MERGE_GUESTS": "true"}, {"CUSTOMERS_TABLE": "seen"}])
async def test_no_statement_is_made_where_no_index_would_help(
    postgres_url: str, variables: dict[str, str]
) -> None:
    engine = create_engine(postgres_url)
    shop = await loose_shop(engine, PEOPLE, [], **variables)
    async with engine.begin() as connection:
        await connection.execute(text("CREATE VIEW seen AS SELECT * FROM c"))
    assert await statement_of(engine, shop) is None
    await engine.dispose()


async def test_a_column_with_a_collation_of_its_own_is_no_obstacle(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    shop = await loose_shop(engine, PEOPLE, [])
    await execute(postgres_url, 'ALTER TABLE c ALTER email TYPE varchar(99) COLLATE "C"')
    assert "email" in str(await statement_of(engine, shop))
    await engine.dispose()
