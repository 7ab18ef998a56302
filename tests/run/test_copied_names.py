# ruff: noqa: RUF001  (other letters that look alike are part of what is searched)
"""The copy of names finds whom a look at every customer finds; what is expected is plain Python."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from backend import store
from backend.core.customer_id import CustomerId, CustomerIds
from backend.core.secret_keys import Marker, Use
from backend.database.engine import AsyncEngine, create_engine, snapshot, transaction
from backend.run.copied_names import read_sought
from backend.shop.customers import get_customers
from backend.shop.search import matching, search_customers
from backend.shop.shop import Shop
from backend.shop.spelling import folded
from backend.store.migrate import migrate
from backend.store.search_blocks import best_in_blocks, pieces_sought
from backend.store.search_copy import (
    copy_known,
    found_anywhere,
    proposed,
    read_search_copy,
    values_of,
)
from backend.store.search_emptied import empty_search_copy
from backend.store.search_refresh import refresh_search_copy
from backend.store.tables import search_grams, search_texts
from backend.store.tombstones import bury
from tests.shop.loose_shop import insert, loose_shop

NOW = datetime(2024, 6, 1, tzinfo=UTC)
MARKER = Marker.of(["a secret"], Use.TOMBSTONE)
LETTERS = [*"abnB ßςΣσİIıié%_\\'\"/-.@1", "e\u0301", "e\u0308", "東", "京", "😀", "Ł", "ﬃ", "ＡＢ"]
NAMES = st.lists(st.sampled_from(LETTERS), min_size=1, max_size=5).map("".join)
LIMIT = 7
People = Sequence[tuple[int, str | None, str | None, str | None]]


def invented(count: int) -> People:
    """People of few letters, so that many share a part, and some share a whole name."""
    chance = random.Random(3)

    def name() -> str | None:
        return "".join(chance.choices(LETTERS, k=chance.randint(1, 6))).strip() or None

    return [(number - 5, name(), name(), name()) for number in range(count)]


PEOPLE = invented(160)


def texts_of(person: Sequence[object]) -> list[str]:
    email, first, last = (str(one or "") for one in person[1:])
    return [folded(one) for one in (email, first, last, f"{first} {last}")]


def ranked(query: str, limit: int) -> list[str]:
    """Return the ids that a search finds, by the one rule of `folded`."""
    wanted, found = folded(query), []
    for person in PEOPLE:
        texts = texts_of(person)
        if wanted and any(wanted in one for one in texts):
            rank = 0 if wanted in texts else 2 - any(one.startswith(wanted) for one in texts)
            found.append((rank, person[0]))
    return [str(number) for _, number in sorted(found)][:limit]


@dataclass(frozen=True)
class Copied:
    """A shop whose names are copied."""

    engine: AsyncEngine
    shop: Shop
    runner: asyncio.Runner | None = None

    async def scanned(self, query: str, limit: int = LIMIT) -> list[str]:
        async with snapshot(self.engine) as connection:
            found = await search_customers(connection, self.shop, query, limit)
        return [one.id.text for one in found]

    async def by_copy(self, query: str, limit: int = LIMIT, looked_at: int = 1000) -> list[str]:
        if not (sought := folded(query)):
            return []
        copy = await copy_known(self.engine)
        assert copy is not None
        ids = await proposed(self.engine, copy, sought, limit, looked_at=looked_at) or []
        async with snapshot(self.engine) as connection:
            known = await get_customers(connection, self.shop, ids)
        return [one.id.text for one in matching(known.values(), query)][:limit]

    async def refresh(self, ids: Sequence[int]) -> None:
        known = CustomerIds(np.array(sorted(ids), dtype=np.int64))
        read = partial(read_sought, self.engine, self.shop)
        await refresh_search_copy(self.engine, read, known, MARKER, now=NOW)

    async def texts(self) -> dict[str, int]:
        """Return all texts of the copy, and the number of each one's row."""
        columns = search_texts.c.folded, search_texts.c.id
        async with transaction(self.engine) as connection:
            return dict((await connection.execute(select(*columns))).all())

    async def by_index(self, sought: str) -> list[str]:
        """Return whom the index alone proposes."""
        async with transaction(self.engine) as connection:
            copy = await read_search_copy(connection)
            assert copy is not None
            if copy.bounds is not None:
                return [one.text for one in await proposed(self.engine, copy, sought, LIMIT) or []]
            values = values_of(sought, LIMIT)
            rows = await connection.execute(found_anywhere(copy.index_kind, len(sought)), values)
            return [row.customer_id for row in rows]


async def in_small_blocks(*_of_whom: object) -> list[int]:
    return [0, 9, 50, 100]


@pytest.fixture(scope="module")
def copied(module_database_url: str) -> Iterator[Copied]:
    with asyncio.Runner() as runner:
        engine = create_engine(module_database_url)

        async def made() -> Copied:
            shop = await loose_shop(engine, PEOPLE, [])
            await migrate(engine)
            found = Copied(engine, shop, runner)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("backend.store.search_blocks.bounds_now", in_small_blocks)
                await found.refresh([person[0] for person in PEOPLE])
            return found

        yield runner.run(made())
        runner.run(engine.dispose())


@pytest.mark.parametrize("examples", [20, pytest.param(200, marks=pytest.mark.long)])
def test_every_way_finds_the_same_in_the_same_order(copied: Copied, examples: int) -> None:
    assert copied.runner is not None
    run = copied.runner.run

    @settings(max_examples=examples, derandomize=True)
    @given(query=NAMES)
    def finds_the_same(query: str) -> None:
        expected = ranked(query, LIMIT)
        assert run(copied.by_copy(query)) == expected
        assert run(copied.by_copy(query, looked_at=1)) == expected  # so that indexes find the rest
        assert run(copied.scanned(query)) == expected

    finds_the_same()


@pytest.fixture
async def changing(shop_engine: AsyncEngine) -> Copied:
    """Three people whose names are copied, in a shop that a test changes."""
    people = [(1, "ada@example.org", "Ada", "Lovelace"), (2, "bob@example.org", "Bob", None)]
    shop = await loose_shop(shop_engine, [*people, (3, None, None, None)], [])
    await migrate(shop_engine)
    found = Copied(shop_engine, shop)
    await found.refresh([1, 2, 3])
    return found


async def changed(engine: AsyncEngine, statement: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(statement))


async def test_a_new_name_is_copied_and_the_old_one_goes(changing: Copied) -> None:
    await changed(changing.engine, "UPDATE c SET last_name = 'Byron' WHERE id = 1")
    assert await changing.by_copy("lovelace") == []  # proposed, but the shop says otherwise now
    before = await changing.texts()
    await changing.refresh([1, 2, 3])
    assert await changing.by_copy("byr") == ["1"]
    assert await changing.by_copy("lovelace") == []
    after = await changing.texts()
    kept = {"ada@example.org", "ada", "bob@example.org", "bob"}
    assert before.keys() & after.keys() == kept
    assert all(before[one] == after[one] for one in kept)  # what did not change was not written


async def test_who_left_the_shop_vanishes(changing: Copied) -> None:
    await changed(changing.engine, "DELETE FROM c WHERE id = 2")
    await changing.refresh([1, 3])
    assert "bob" not in await changing.texts()
    assert await changing.by_copy("bob") == []


async def test_who_is_erased_goes_at_once_and_is_not_copied_again(changing: Copied) -> None:
    ada = CustomerId("1")
    async with transaction(changing.engine) as connection:
        await bury(connection, MARKER, [ada], NOW)
        assert await store.holds_any(connection, [ada])
        await store.erase_rows(connection, [ada])
    assert set(await changing.texts()) == {"bob@example.org", "bob"}
    assert await changing.by_index("lovel") == []
    await changing.refresh([1, 2, 3])
    assert set(await changing.texts()) == {"bob@example.org", "bob"}


async def test_the_copy_is_emptied_with_its_index(changing: Copied) -> None:
    await empty_search_copy(changing.engine)
    assert await changing.texts() == {}
    async with transaction(changing.engine) as connection:
        assert await read_search_copy(connection) is None
        assert await connection.scalar(select(func.count()).select_from(search_grams)) == 0
    await empty_search_copy(changing.engine)
    await changing.refresh([1, 2, 3])
    assert await changing.by_copy("lovel") == ["1"]


async def test_ids_that_become_text_are_copied_anew(changing: Copied) -> None:
    known = CustomerIds(np.array(["1", "2", "x"], dtype=object))
    read = partial(read_sought, changing.engine, changing.shop)
    await refresh_search_copy(changing.engine, read, known, MARKER, now=NOW)
    async with transaction(changing.engine) as connection:
        numbers = set(await connection.scalars(select(search_texts.c.customer_number)))
    assert numbers == {None}
    assert await changing.by_copy("lovel") == ["1"]


# Of so few texts PostgreSQL looks at each unless it is told not to.
PREPARED = {
    "postgresql": ("ANALYZE intelligence_search_texts", "SET LOCAL enable_seqscan = off"),
    "sqlite": ("ANALYZE",),
    "mysql": ("ANALYZE TABLE intelligence_search_texts, intelligence_search_grams",),
}
PLANS = {
    "postgresql": ("EXPLAIN ", "idx_intelligence_search_texts_pieces"),
    "sqlite": ("EXPLAIN QUERY PLAN ", "intelligence_search_fts"),
    "mysql": ("EXPLAIN ", "intelligence_search_grams"),
}


async def test_any_part_of_a_name_is_found_by_an_index(changing: Copied) -> None:
    people = [(n, f"p{n}@example.org", "Nn", f"{n:06d}") for n in range(10, 3010)]
    await insert(changing.engine, "c", people)
    await changing.refresh([1, 2, 3, *range(10, 3010)])
    explain, index = PLANS[changing.engine.dialect.name]
    async with transaction(changing.engine) as connection:
        copy = await read_search_copy(connection)
        assert copy is not None
        for preparing in PREPARED[changing.engine.dialect.name]:
            await connection.execute(text(preparing))
        statement, values = found_anywhere(copy.index_kind, 6), values_of("lovela", 10)
        if copy.bounds is not None:
            statement = best_in_blocks(copy.bounds)
            values |= {**pieces_sought("lovela"), "wanted": 10}
        compiled = statement.params(values).compile(
            dialect=connection.dialect, compile_kwargs={"literal_binds": True}
        )
        plan = await connection.exec_driver_sql(f"{explain}{compiled}".replace("%", "%%"))
        assert index in str(plan.all())
