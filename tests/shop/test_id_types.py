"""An id is its text, whatever type of column holds it, and in every part that reads the shop."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from backend.core.customer_id import CustomerId
from backend.core.errors import TextNotWritable
from backend.database.engine import AsyncEngine, opened, snapshot
from backend.shop.customers import get_customer
from backend.shop.inspection import count_disagreeing
from backend.shop.mapping.layers import load_mapping
from backend.shop.orders import ShopColumns
from backend.shop.search import search_customers
from backend.shop.shop import Shop
from tests.conftest import in_turns
from tests.shop.loose_shop import insert, make_tables
from tests.snapshots import read_baskets, read_shop

AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
WHEN = datetime(2026, 1, 1, 10)  # noqa: DTZ001, as shops keep it
HUGE = 2**64 - 1
UUID = "0b0f1a52-1111-4222-8333-abcdefabcdef"


@dataclass(frozen=True, slots=True)
class Types:
    """Types of `customers.id` and `orders.customer_id`, what they hold, and whose orders count."""

    customers: str
    orders: str
    ids: tuple[Any, ...]
    ordered_by: tuple[Any, ...]
    texts: tuple[str, ...]
    owners: tuple[str, ...]


NUMBERS = Types("bigint", "bigint", (7, -7, 0), (7, -7, -7, 8), ("-7", "0", "7"), ("-7", "-7", "7"))
EVERYWHERE = {
    "integers": NUMBERS,
    "integers, text": Types(
        "bigint", "varchar(40)", (7, -7), ("7", "-7", "007", " 7", "guest", "9" * 40),
        ("-7", "7"), ("-7", "7"),
    ),
    "text, integers": Types(
        "varchar(40)", "bigint", ("7", "007", "-7"), (7, -7, 8), ("-7", "007", "7"), ("-7", "7")
    ),
    "text": Types(
        "varchar(40)", "varchar(40)", ("a", "A", "á", "b ", "b", "ß", "ss", "a\nb", '"', "'%"),
        ("A", "á", "b ", "a\nb", '"', "B"),
        ('"', "'%", "A", "a", "a\nb", "b", "b ", "ss", "ß", "á"),
        ('"', "A", "a\nb", "b ", "á"),
    ),
    "decimals, integers": Types(
        "numeric(20,2)", "bigint", (7, 8), (7, 8, 9), ("7", "8"), ("7", "8")
    ),
    "integers, floats": Types(
        "bigint", "double precision", (7, 8), (7.0, 8.0, 8.5), ("7", "8"), ("7", "8")
    ),
    "blanks": Types(
        "varchar(40)", "varchar(40)", ("", None, " ", "a"), (" ", "", None, "a"), (" ", "a"),
        (" ", "a"),
    ),
}  # fmt: skip
OF_ONE = {
    ("sqlite", "several types"): Types(
        "", "", (7, "007", "a", 8.0), (7, "7", "a", 8), ("007", "7", "8.0", "a"), ("7", "7", "a")
    ),
    ("sqlite", "text among integers"): Types(
        "integer", "integer", (7, "x", 2**63 - 1), (7, "x", "y"),
        ("7", "9223372036854775807", "x"), ("7", "x"),
    ),
    ("sqlite", "a collation without case"): Types(
        "varchar(40) collate nocase", "varchar(40) collate nocase", ("a", "A"), ("A", "A", "a"),
        ("A", "a"), ("A", "A", "a"),
    ),
    ("sqlite", "bytes"): Types(
        "blob", "blob", (b"\xff\x00", b"a"), (b"\xff\x00",), ("61", "ff00"), ("ff00",)
    ),
    ("postgresql", "uuid"): Types(
        "uuid", "varchar(40)", (UUID,), (UUID, UUID.upper()), (UUID,), (UUID,)
    ),
    ("postgresql", "padded"): Types("char(36)", "char(9)", ("a", "b"), ("a",), ("a", "b"), ("a",)),
    ("postgresql", "bytes"): Types(
        "bytea", "bytea", (b"\xff\x00", b"a"), (b"\xff\x00",), ("61", "ff00"), ("ff00",)
    ),
    ("postgresql", "a collation of its own"): Types(
        'varchar(9) collate "en-x-icu"', 'varchar(9) collate "en-x-icu"', ("b", "A", "a", "B"),
        ("B", "a"), ("A", "B", "a", "b"), ("B", "a"),
    ),
    ("postgresql", "beyond 64 bits"): Types(
        "numeric(20,0)", "numeric(20,0)", (HUGE, 7), (HUGE, 7), ("18446744073709551615", "7"),
        ("18446744073709551615", "7"),
    ),
    ("mysql", "beyond 63 bits"): Types(
        "bigint unsigned", "bigint unsigned", (HUGE, 2**63, 7), (HUGE, 2**63, 7, 2**63 + 1),
        ("18446744073709551615", "7", "9223372036854775808"),
        ("18446744073709551615", "7", "9223372036854775808"),
    ),
    ("mysql", "orders beyond 63 bits"): Types(
        "bigint", "bigint unsigned", (7, 8), (HUGE, 7), ("7", "8"), ("7",)
    ),
    ("mysql", "padded"): Types("char(36)", "char(9)", ("a", "b"), ("a",), ("a", "b"), ("a",)),
    ("mysql", "bytes"): Types(
        "binary(2)", "varbinary(2)", (b"\xff\x00", b"ab"), (b"\xff\x00",), ("6162", "ff00"),
        ("ff00",),
    ),
    ("mysql", "an old character set"): Types(
        "varchar(9) character set latin1", "varchar(9) character set latin1", ("é", "e"), ("é",),
        ("e", "é"), ("é",),
    ),
}  # fmt: skip


async def shop_of(engine: AsyncEngine, types: Types, **variables: str) -> Shop:
    await make_tables(
        engine,
        [
            f"CREATE TABLE c (id {types.customers}, email varchar(99), first_name varchar(9),"
            " last_name varchar(9), orders_count integer)",
            f"CREATE TABLE o (id bigint, customer_id {types.orders}, total_price MONEY,"
            " created_at TIME, financial_status varchar(9))",
            "CREATE TABLE l (id bigint, order_id bigint, product_id bigint, quantity integer,"
            " vendor varchar(9))",
        ],
    )
    when = WHEN.isoformat(" ") if engine.dialect.name == "sqlite" else WHEN
    people = [(id_, f"{n}@example.com", None, None, 1) for n, id_ in enumerate(types.ids)]
    await insert(engine, "c", people)
    rows = [(n, owner, 10, when, "paid") for n, owner in enumerate(types.ordered_by)]
    await insert(engine, "o", rows)
    await insert(engine, "l", [(n, n, 1, 1, "v") for n in range(len(rows))])
    tables = {"CUSTOMERS_TABLE": "c", "ORDERS_TABLE": "o", "LINE_ITEMS_TABLE": "l"}
    return Shop(load_mapping({**tables, **variables}))


def texts_of(columns: ShopColumns) -> list[str]:
    return [str(one) for one in columns.customer_ids.tolist()]


async def judge(engine: AsyncEngine, types: Types, **variables: str) -> None:
    """Read the shop by every reader there is, and ask for each id."""
    shop = await shop_of(engine, types, **variables)
    columns = await read_shop(engine, shop, AS_OF)
    texts = texts_of(columns)
    assert sorted(texts) == sorted(types.texts)
    assert columns.without_id == len(types.ids) - len(types.texts)
    assert sorted(texts[place] for place in columns.customer_index) == sorted(types.owners)
    baskets = await read_baskets(engine, shop, columns)
    assert baskets is not None
    lines = dict(zip(texts, np.nan_to_num(baskets.lines).tolist(), strict=True))
    assert lines == {one: types.owners.count(one) for one in texts}
    async with snapshot(engine) as connection:
        compared, disagreeing = await count_disagreeing(connection, shop, columns)
        found = await search_customers(connection, shop, "example.com", 100)
        for one in texts:
            customer = await get_customer(connection, shop, CustomerId(one))
            assert customer is not None
            assert customer.id == CustomerId(one)
    for nobody in ("9", "a ", "😀", "Ł", str(HUGE + 1), f"0{texts[0]}", f"{texts[0]}\n"):
        with suppress(TextNotWritable):
            async with snapshot(engine) as connection:
                assert await get_customer(connection, shop, CustomerId(nobody)) is None
    assert compared == len(texts)
    assert disagreeing == sum(types.owners.count(one) != 1 for one in texts)
    assert sorted(str(person.id) for person in found) == sorted(texts)


@in_turns
@pytest.mark.parametrize("merge_guests", ["false", "true"])
@pytest.mark.parametrize("name", EVERYWHERE)
async def test_an_id_is_its_text_whatever_type_holds_it(
    shop_engine: AsyncEngine, name: str, merge_guests: str
) -> None:
    await judge(shop_engine, EVERYWHERE[name], MERGE_GUESTS=merge_guests)


@pytest.mark.parametrize("merge_guests", ["false", "true"])
@pytest.mark.parametrize(
    ("dialect", "name"),
    [
        pytest.param(*key, marks=() if key[0] == "sqlite" else pytest.mark.external)
        for key in OF_ONE
    ],
)
async def test_what_one_database_alone_can_hold_is_read_too(
    dialect: str, name: str, merge_guests: str, request: pytest.FixtureRequest
) -> None:
    makers = {"sqlite": "new_sqlite", "postgresql": "new_postgres", "mysql": "new_mysql"}
    async with opened(request.getfixturevalue(makers[dialect])()) as engine:
        await judge(engine, OF_ONE[dialect, name], MERGE_GUESTS=merge_guests)


async def test_more_spellings_than_letters_are_told_apart(shop_engine: AsyncEngine) -> None:
    """A collation without case takes all sixteen for equal."""
    ids = tuple(
        "".join(letter.upper() if n >> place & 1 else letter for place, letter in enumerate("abcd"))
        for n in range(16)
    )
    types = Types("varchar(9)", "varchar(9)", ids, ids, tuple(sorted(ids)), ids)
    await judge(shop_engine, types)


@in_turns
@pytest.mark.parametrize("missing", [None, ""])
async def test_a_guest_without_an_id_is_nobodys_account(
    shop_engine: AsyncEngine, missing: str | None
) -> None:
    types = Types("varchar(9)", "varchar(9)", (missing, "b", "a"), ("b", "a"), ("a",), ("a", "a"))
    shop = await shop_of(shop_engine, types, MERGE_GUESTS="true")
    async with shop_engine.begin() as connection:
        await connection.execute(text("UPDATE c SET email = 'one@example.com'"))
    columns = await read_shop(shop_engine, shop, AS_OF)
    assert texts_of(columns) == ["a"]
    assert columns.customer_index.tolist() == [0, 0]
    assert columns.without_id == 1


@in_turns
@pytest.mark.parametrize(("length", "kept"), [(255, 1), (256, 0)])
async def test_an_id_longer_than_our_table_holds_is_left_out_and_counted(
    shop_engine: AsyncEngine, length: int, kept: int
) -> None:
    ids = ("é" * length, "b")
    types = Types("varchar(300)", "varchar(300)", ids, ids, ids, ids)
    columns = await read_shop(shop_engine, await shop_of(shop_engine, types), AS_OF)
    assert len(columns.customer_ids) == len(columns.customer_index) == 1 + kept
    assert columns.without_id == 1 - kept
    assert columns.rejected == ({} if kept else {"unknown_customer": 1})


@pytest.mark.parametrize("number", [2**63, 2**64 - 1])
async def test_order_ids_beyond_63_bits_are_told_apart(mysql_url: str, number: int) -> None:
    async with opened(mysql_url) as engine:
        shop = await shop_of(engine, NUMBERS)
        async with engine.begin() as connection:
            await connection.execute(text("ALTER TABLE o MODIFY id bigint unsigned"))
            for owner in (7, 0):  # the same order twice: the earliest counts
                values = {"id": number, "owner": owner, "at": WHEN.replace(hour=9 + (owner == 0))}
                await connection.execute(
                    text("INSERT INTO o VALUES (:id, :owner, 10, :at, 'paid')"), values
                )
        columns = await read_shop(engine, shop, AS_OF)
    assert texts_of(columns)[columns.customer_index[-1]] == "7"
    assert columns.rejected == {"unknown_customer": 1, "duplicate_order_id": 1}
