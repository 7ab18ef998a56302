# ruff: noqa: RUF001  (other letters that look alike are part of what is searched)
"""A search by the shop's own trigram index finds what a look at everybody finds, by the index."""

import random
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest

from backend.database import compiled
from backend.database.engine import AsyncEngine, create_engine, libpq_uri, parse_url, snapshot
from backend.shop.search import search_customers
from backend.shop.search_by_index import PartReads, find_by_index
from backend.shop.shop import Shop
from backend.shop.spelling import DOT_ABOVE, RARE_SIGNS, SPACES, is_plain, spellings
from backend.shop.trigram_indexes import trigram_statement
from tests.conftest import execute
from tests.shop.loose_shop import insert, loose_shop

LETTERS = [*"abnB  ßSsKkIıiİéj%_\\'\"/-.@1", "e\u0301", "i\u0307", "東", "😀", "\t", "\u00a0"]
LETTERS += [*"ﬃẚẞ\u212a\u3000\u0149\u017f\u0307"]  # what an index of its own knows
LETTERS += [*"\u0001\u0002\u0003\u0004"]  # what pieces are parted and marked by
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
        found.append(whole[start : start + chance.randint(1, 12)])
    return [*found, *(whole[::-1] for whole in found[:10])]


@dataclass
class Indexed:
    """A shop seen by who knows of its index, and by who looked before it was there."""

    url: str
    engine: AsyncEngine
    by_index: Shop
    by_look: Shop
    reads: PartReads
    knows_rare: bool
    knows_pieces: bool

    async def found(self, shop: Shop, query: str, limit: int = LIMIT) -> list[str]:
        if shop is self.by_look:
            async with snapshot(self.engine) as connection:
                people = await search_customers(connection, shop, query, limit)
        else:
            hits = await find_by_index(self.engine, shop, self.reads, query, limit) or []
            people = [hit.customer for hit in hits]
        return [one.id.text for one in people]


async def in_small_blocks(*_of_whom: object) -> list[int]:
    return [8, 40, 100]


WITHOUT = {"all that is printed": 0, "without pieces": 1, "without rare signs": 2}


@pytest.fixture(params=[*WITHOUT])
async def indexed(
    postgres_url: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Indexed]:
    """A shop whose blocks of ids end among the people of a test."""
    monkeypatch.setattr("backend.shop.piece_indexes.bounds_now", in_small_blocks)
    made = await shop_indexed(postgres_url, WITHOUT[request.param])
    yield made
    await made.engine.dispose()


async def shop_indexed(url: str, without: int = 0) -> Indexed:
    """Make a shop and all that is printed for it but the last."""
    engine = create_engine(url)
    by_look = await loose_shop(engine, [], [])
    async with snapshot(engine) as connection:
        assert not await by_look.has_trigrams(connection)
    by_index = Shop(by_look.mapping)
    async with snapshot(engine) as connection:
        await by_index.customers(connection)
        statements = str(await trigram_statement(connection, by_index.mapping))
    printed = statements.rstrip(";").split("; ")
    made = printed[: len(printed) - without]
    await execute(url, "ALTER TABLE c ADD PRIMARY KEY (id)", *made)
    by_index.forget()
    async with snapshot(engine) as connection:
        assert await by_index.has_trigrams(connection)
    return Indexed(url, engine, by_index, by_look, PartReads(), without < 2, without < 1)


@pytest.mark.parametrize("looked_at", [1, 100])
async def test_it_finds_the_same_in_the_same_order(
    indexed: Indexed, looked_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.shop.search_by_index.LOOKED_AT_FOR_EACH", looked_at)
    people = invented(300)
    await insert(indexed.engine, "c", people)
    found = 0
    for query in [*parts_of(people, 60), *HOSTILE]:
        expected = await indexed.found(indexed.by_look, query)
        assert await indexed.found(indexed.by_index, query) == expected, query
        found += len(expected)
    assert found > 100


async def test_texts_too_long_for_pieces_are_found_all_the_same(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.shop.name_pieces.LONGEST", 9)  # of one customer's texts, some are
    monkeypatch.setattr("backend.shop.search_by_index.LOOKED_AT_FOR_EACH", 1)
    indexed = await shop_indexed(postgres_url)
    people = invented(200)
    await insert(indexed.engine, "c", people)
    for query in parts_of(people, 40):
        expected = await indexed.found(indexed.by_look, query)
        assert await indexed.found(indexed.by_index, query) == expected, query
    await indexed.engine.dispose()


@pytest.mark.parametrize("common", [2, 40, 400])
async def test_of_many_the_first_of_each_rank_are_found(indexed: Indexed, common: int) -> None:
    """However common a name is: among the first by id there are all, some or none of it."""
    people = [(n, f"p{n}@shop.test", "Zoe" if n % common == 1 else "Ann", "X") for n in range(2000)]
    whole = (2_500, "q@shop.test", "Zo", "Y")
    anywhere = (0, "a@shop.test", "Bizoe", "Z")
    await insert(indexed.engine, "c", [anywhere, *people[1:], whole])
    beginning = [str(n) for n in range(1, 2000) if n % common == 1]
    assert await indexed.found(indexed.by_index, "zo", 7) == ["2500", *beginning, "0"][:7]


async def test_the_database_goes_by_its_indexes(
    indexed: Indexed, monkeypatch: pytest.MonkeyPatch
) -> None:
    await execute(
        indexed.url,
        "INSERT INTO c SELECT n, n || '@example.org', 'Nn', n FROM generate_series(1, 20000) n",
        "INSERT INTO c VALUES (30000, 'ada@example.org', 'Ada', 'Lovelass')",
        "INSERT INTO c VALUES (30001, 'eva@example.org', 'Eva', 'Lovela\u1e9e')",
        "VACUUM ANALYZE c",  # else what is new is only listed beside the index
    )
    asked: list[tuple[str, list[Any]]] = []
    ask = compiled.ASKS["postgresql"]

    async def noting(engine: AsyncEngine, lent: Any, sql: str, arguments: list[Any]) -> Any:
        asked.append((sql, arguments))
        return await ask(engine, lent, sql, arguments)

    monkeypatch.setitem(compiled.ASKS, "postgresql", noting)
    assert await indexed.found(indexed.by_index, "velass") == ["30000", "30001"]
    *first, last = [await planned(indexed.url, *one) for one in asked]
    assert first == [] if indexed.knows_pieces else "c_pkey" in first[0]
    assert last.count("idx_c_pieces") == (4 if indexed.knows_pieces else 0)  # of each block
    assert ("idx_c_trigrams" in last) is not indexed.knows_pieces
    assert ("idx_c_rare_signs" in last) is (indexed.knows_rare and not indexed.knows_pieces)
    assert "Seq Scan on c " not in last


async def planned(url: str, statement: str, values: list[Any]) -> str:
    connection = await asyncpg.connect(libpq_uri(parse_url(url)))
    try:
        return str(await connection.fetch(f"EXPLAIN {statement}", *values))
    finally:
        await connection.close()


def test_every_rare_spelling_is_among_the_rare_signs() -> None:
    """Of plain letters: those of a rare one are looked for without that index."""
    known = spellings()
    of_plain = [
        sign
        for spelt in (known.letters, known.ligatures)
        for letter, signs in spelt.items()
        if all(map(is_plain, letter))
        for sign in "".join(signs)
    ]
    rare = [sign for sign in [*of_plain, *SPACES, DOT_ABOVE] if not is_plain(sign)]
    assert len(rare) > 50
    assert [sign for sign in rare if not re.fullmatch(RARE_SIGNS, sign)] == []
