from collections.abc import Sequence
from typing import Any

import pytest

from backend.core.customer_id import CustomerId
from backend.database.engine import AsyncEngine
from backend.shop.customers import Customer, get_customer
from backend.shop.search import MAX_FOUND, search_customers
from backend.shop.shop import Shop
from tests.conftest import in_turns
from tests.shop.loose_shop import loose_shop

PEOPLE = [
    (1, "john@shop.test", "John", "Smith"),
    (2, "mary@john.test", "Mary", "Long"),
    (3, "x@shop.test", "Johnny", "O'Neil"),
    (4, "50%off_now@shop.test", "É", None),
    (5, None, None, None),
    (6, "back\\slash@shop.test", "Ann", "John"),
]


async def found(engine: AsyncEngine, shop: Shop, query: str, limit: int = 10) -> Sequence[Any]:
    async with engine.connect() as connection:
        return [person.id.text for person in await search_customers(connection, shop, query, limit)]


async def known(engine: AsyncEngine, shop: Shop, written: str) -> Customer | None:
    asked = CustomerId.parse(written)
    if asked is None:
        return None
    async with engine.connect() as connection:
        return await get_customer(connection, shop, asked)


def person(customer_id: str, *words: str | None) -> Customer:
    return Customer(CustomerId(customer_id), *words)


@in_turns
@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("john", [1, 6, 3, 2]),
        ("JOHN", [1, 6, 3, 2]),
        ("john smith", [1]),
        ("hn smi", [1]),
        ("shop.test", [1, 3, 4, 6]),
        ("o'neil", [3]),
        ("%", [4]),
        ("_", [4]),
        ("f_n", [4]),
        ("h_p", []),
        ("\\", [6]),
        ("/", []),
        ("'; DROP TABLE c; --", []),
        ("  john   smith ", [1]),
        ("", []),
        ("   ", []),
        ("\0", []),
    ],
)
async def test_search_finds_any_part_in_any_case_best_first(
    shop_engine: AsyncEngine, query: str, ids: list[int]
) -> None:
    shop = await loose_shop(shop_engine, PEOPLE, [])
    assert await found(shop_engine, shop, query) == [str(one) for one in ids]


async def test_an_accent_finds_its_own_letter_first(shop_engine: AsyncEngine) -> None:
    """MariaDB's default collation goes on to find the letter without it."""
    shop = await loose_shop(shop_engine, PEOPLE, [])
    assert (await found(shop_engine, shop, "é"))[0] == "4"


async def test_search_keeps_the_limit_and_its_order(shop_engine: AsyncEngine) -> None:
    shop = await loose_shop(shop_engine, PEOPLE, [])
    assert await found(shop_engine, shop, "john", limit=2) == ["1", "6"]


@in_turns
@pytest.mark.parametrize("limit", [0, MAX_FOUND + 1, -1])
async def test_search_refuses_a_limit_out_of_range(shop_engine: AsyncEngine, limit: int) -> None:
    shop = await loose_shop(shop_engine, PEOPLE, [])
    with pytest.raises(ValueError, match="limit"):
        await found(shop_engine, shop, "john", limit)


@in_turns
@pytest.mark.parametrize("unknown", ["7", "abc", "01", "+1", "1.0", "9" * 30, "", "\u0661", "\0"])
async def test_an_unknown_id_is_nobody(shop_engine: AsyncEngine, unknown: str) -> None:
    shop = await loose_shop(shop_engine, PEOPLE, [])
    assert await known(shop_engine, shop, unknown) is None


async def test_a_customer_is_found_by_an_integer_id(shop_engine: AsyncEngine) -> None:
    shop = await loose_shop(shop_engine, PEOPLE, [])
    assert await known(shop_engine, shop, "1") == person("1", "john@shop.test", "John", "Smith")


async def test_text_ids_are_found_exactly(shop_engine: AsyncEngine) -> None:
    people = [("cus_A", "a@x", "A", None), ("cus_a", "b@x", "B", None)]
    shop = await loose_shop(shop_engine, people, [], id_type="varchar(40)")
    assert await known(shop_engine, shop, "cus_a") == person("cus_a", "b@x", "B", None)
    assert await known(shop_engine, shop, "cus_A") == person("cus_A", "a@x", "A", None)
    for unknown in ("CUS_A", "cus_a ", "\0"):
        assert await known(shop_engine, shop, unknown) is None
    assert await found(shop_engine, shop, "A@X") == ["cus_A"]


async def test_a_merged_guests_id_finds_the_customer_it_is_part_of(
    shop_engine: AsyncEngine,
) -> None:
    people = [(1, "a@x", "A", None), (2, "A@x", "B", None), (3, "c@x", "C", None)]
    shop = await loose_shop(shop_engine, people, [], MERGE_GUESTS="true")
    assert await known(shop_engine, shop, "2") == person("1", "a@x", "A", None)
    assert await found(shop_engine, shop, "x") == ["1", "3"]
