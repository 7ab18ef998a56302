# ruff: noqa: RUF001  (other letters that look alike are part of what is searched)
"""A search by the shop's own trigram index finds what a look at everybody finds, by the index."""

import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import event

from backend.database.engine import AsyncEngine, create_engine, snapshot
from backend.shop.search import search_customers
from backend.shop.shop import Shop
from tests.conftest import execute
from tests.shop.loose_shop import insert, loose_shop

LETTERS = [*"abnB  ßSsKkIıiİéj%_\\'\"/-.@1", "e\u0301", "i\u0307", "東", "😀", "ﬃ", "\t", "\u00a0"]
HOSTILE = [
    "%",
    "_",
    "\\",
    "'",
    '"',
    "/",
    "%%%",
    "' OR 1=1 --",
    "a" * 200,
    "😀",
    "e\u0301",
    "\u0301",
]
HOSTILE += [
    "ß" * 200,
    "a b " * 50,
    "i\u0307" * 100,
    "ß",
    "SS",
    "ẞ",
    "İ",
    "I",
    "ı",
    "i\u0307",
    "",
    " ",
    "\t",
    "(",
    "[a",
    "a\0b",
    "k",
]
LIMIT = 5


def invented(count: int) -> list[tuple[Any, ...]]:
    """People of few letters and with blanks anywhere, of whom some share a name or a part."""
    chance = random.Random(4)

    def name() -> str | None:
        return "".join(chance.choices(LETTERS, k=chance.randint(0, 6))) or None

    return [(n, name(), name(), name()) for n in range(count)]


def parts_of(people: Sequence[tuple[Any, ...]], count: int) -> list[str]:
    chance, found = random.Random(6), []
    for _ in range(count):
        _, email, first, last = chance.choice(people)
        whole = chance.choice((email or "", f"{first or ''} {last or ''}".strip(" ")))
        start = chance.randint(0, len(whole))
        found.append(whole[start : start + chance.randint(1, 5)])
    return [*found, *(whole[::-1] for whole in found[:10])]


@dataclass
class Indexed:
    """A shop seen by who knows of its index, and by who looked before it was there."""

    url: str
    engine: AsyncEngine
    by_index: Shop
    by_look: Shop

    async def found(self, shop: Shop, query: str, limit: int = LIMIT) -> list[str]:
        async with snapshot(self.engine) as connection:
            people = await search_customers(connection, shop, query, limit)
        return [one.id.text for one in people]


@pytest.fixture
async def indexed(postgres_url: str) -> AsyncIterator[Indexed]:
    engine = create_engine(postgres_url)
    by_look = await loose_shop(engine, [], [])
    async with snapshot(engine) as connection:
        assert not await by_look.has_trigrams(connection)
    by_index = Shop(by_look.mapping)
    columns = ", ".join(f"{one} gin_trgm_ops" for one in ("email", "first_name", "last_name"))
    await execute(
        postgres_url,
        "ALTER TABLE c ADD PRIMARY KEY (id)",
        "CREATE EXTENSION pg_trgm",
        f"CREATE INDEX c_trigrams ON c USING gin ({columns})",
    )
    async with snapshot(engine) as connection:
        assert await by_index.has_trigrams(connection)
    yield Indexed(postgres_url, engine, by_index, by_look)
    await engine.dispose()


@pytest.mark.parametrize("looked_at", [1, 100])
async def test_it_finds_the_same_in_the_same_order(
    indexed: Indexed, looked_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.shop.search.LOOKED_AT_FOR_EACH", looked_at)
    people = invented(300)
    await insert(indexed.engine, "c", people)
    found = 0
    for query in [*parts_of(people, 60), *HOSTILE]:
        expected = await indexed.found(indexed.by_look, query)
        assert await indexed.found(indexed.by_index, query) == expected, query
        found += len(expected)
    assert found > 100


@pytest.mark.parametrize("common", [2, 40, 400])
async def test_of_many_the_first_of_each_rank_are_found(indexed: Indexed, common: int) -> None:
    """However common a name is: among the first by id there are all, some or none of it."""
    people = [(n, f"p{n}@shop.test", "Zoe" if n % common == 1 else "Ann", "X") for n in range(2000)]
    whole = (2_500, "q@shop.test", "Zo", "Y")
    anywhere = (0, "a@shop.test", "Bizoe", "Z")
    await insert(indexed.engine, "c", [anywhere, *people[1:], whole])
    beginning = [str(n) for n in range(1, 2000) if n % common == 1]
    assert await indexed.found(indexed.by_index, "zo", 7) == ["2500", *beginning, "0"][:7]


async def test_the_database_goes_by_its_indexes(indexed: Indexed) -> None:
    await execute(
        indexed.url,
        "INSERT INTO c SELECT n, n || '@example.org', 'Nn', n FROM generate_series(1, 20000) n",
        "INSERT INTO c VALUES (30000, 'ada@example.org', 'Ada', 'Lovelace')",
        "VACUUM ANALYZE c",  # else what is new is only listed beside the index
    )
    asked: list[tuple[str, Any]] = []

    @event.listens_for(indexed.engine.sync_engine, "before_cursor_execute")
    def note(_c: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        asked.append((statement, values))

    assert await indexed.found(indexed.by_index, "velac") == ["30000"]
    plans = [await planned(indexed.engine, *one) for one in [*asked] if "ORDER BY" in one[0]]
    assert "c_pkey" in plans[0]
    assert "c_trigrams" in plans[-1]


async def planned(engine: AsyncEngine, statement: str, values: Any) -> str:
    async with engine.begin() as connection:
        return str((await connection.exec_driver_sql(f"EXPLAIN {statement}", values)).all())
