"""Refreshing the copy of names: only who changed is looked at, and what is cut short goes on."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pytest
from sqlalchemy import func, select, text, update

from backend.core.customer_id import CustomerId, CustomerIds
from backend.database.engine import AsyncEngine, opened, parse_url, transaction
from backend.run.copied_names import read_sought
from backend.shop.shop import Shop
from backend.shop.spelling import folded
from backend.store.all_tables import intelligence
from backend.store.migrate import migrate
from backend.store.search_copy import copy_known, proposed, read_search_copy
from backend.store.search_emptied import empty_search_copy
from backend.store.search_refresh import SoughtBatch, SoughtTexts, Take, refresh_search_copy
from backend.store.tables import search_digests, search_texts
from backend.store.tombstones import bury
from tests.conftest import execute, takes_its_turn
from tests.databases import read_only_url
from tests.run.test_copied_names import MARKER, NOW
from tests.shop.loose_shop import loose_shop, shop_over

PEOPLE = [
    (1, "ada@example.org", "Ada", "Lovelace"),
    (2, "bob@example.org", "Bob", None),
    (3, None, None, None),
    (4, 'q"u,o\nte@example.org', "", "Weiß"),
]
IDS = [1, 2, 3, 4]


@dataclass
class Refreshing:
    """A shop whose names are copied, and of whom the last refresh looked at the texts."""

    engine: AsyncEngine
    shop: Shop
    looked_at: list[str] = field(default_factory=list)

    async def refresh(self, ids: Sequence[int] = IDS) -> list[str]:
        self.looked_at.clear()
        known = CustomerIds(np.array(ids, dtype=np.int64))
        await refresh_search_copy(self.engine, self.read, known, MARKER, now=NOW)
        return sorted(self.looked_at)

    async def read(self, take: Take) -> None:
        async def noting(batch: SoughtBatch) -> None:
            await take(replace(batch, sought=partial(self.noted, batch)))

        await read_sought(self.engine, self.shop, noting)

    def noted(self, batch: SoughtBatch, place: int) -> SoughtTexts:
        found = batch.sought(place)
        self.looked_at.append(found.customer_id.text)
        return found

    async def change(self, statement: str) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(text(statement))

    async def texts(self) -> set[tuple[str, str]]:
        columns = search_texts.c.customer_id, search_texts.c.folded
        async with transaction(self.engine) as connection:
            rows = await connection.execute(select(*columns))
            return {(row.customer_id, row.folded) for row in rows}


def texts_of(*people: tuple[int, str | None, str | None, str | None]) -> set[tuple[str, str]]:
    """Return what the copy has of people, without any code of ours but the rule of folding."""
    texts = ((str(n), one, first, last) for n, one, first, last in people)
    every = (
        (number, folded(one))
        for number, email, first, last in texts
        for one in (email or "", first or "", last or "", f"{first or ''} {last or ''}")
    )
    return {(number, one) for number, one in every if one}


@pytest.fixture
async def copied(shop_engine: AsyncEngine) -> Refreshing:
    shop = await loose_shop(shop_engine, PEOPLE, [])
    await migrate(shop_engine)
    found = Refreshing(shop_engine, shop)
    assert await found.refresh() == ["1", "2", "3", "4"]
    assert await found.texts() == texts_of(*PEOPLE)
    return found


async def test_nobody_who_did_not_change_is_looked_at(copied: Refreshing) -> None:
    assert await copied.refresh() == []
    await copied.change("UPDATE c SET last_name = 'Byron' WHERE id = 1")
    await copied.change("UPDATE c SET email = 'c@example.org' WHERE id = 3")
    assert await copied.refresh() == ["1", "3"]
    now = [(1, "ada@example.org", "Ada", "Byron"), (3, "c@example.org", None, None)]
    assert await copied.texts() == texts_of(*now, PEOPLE[1], PEOPLE[3])
    assert await copied.refresh() == []


@takes_its_turn
async def test_a_text_that_moves_to_another_column_is_a_change(copied: Refreshing) -> None:
    await copied.change("UPDATE c SET first_name = NULL, last_name = 'Bob' WHERE id = 2")
    assert await copied.refresh() == ["2"]


@takes_its_turn
async def test_who_left_goes_and_who_is_back_is_copied(copied: Refreshing) -> None:
    assert await copied.refresh([1, 3]) == []
    assert await copied.texts() == texts_of(PEOPLE[0])
    assert await copied.refresh() == ["2", "4"]
    assert await copied.texts() == texts_of(*PEOPLE)


async def test_what_was_copied_without_a_digest_is_compared_once(copied: Refreshing) -> None:
    async with transaction(copied.engine) as connection:
        await connection.execute(update(search_digests).values(digest=0))
    assert await copied.refresh() == ["1", "2", "3", "4"]
    assert await copied.refresh() == []
    assert await copied.texts() == texts_of(*PEOPLE)


@takes_its_turn
async def test_of_who_is_in_the_shop_twice_the_last_stays(shop_engine: AsyncEngine) -> None:
    await loose_shop(shop_engine, PEOPLE[:1], [])
    await migrate(shop_engine)
    twice = Refreshing(shop_engine, shop_over("twice", "o", None, {}))
    await twice.change("CREATE VIEW twice AS SELECT * FROM c UNION ALL SELECT 1, 'b@q', 'B', 'C'")
    for _ in range(2):
        await twice.refresh([1])
        assert await twice.texts() == texts_of((1, "b@q", "B", "C"))


@takes_its_turn
async def test_a_refresh_that_is_cut_short_leaves_nothing_half(
    copied: Refreshing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.store.search_refresh.CUSTOMERS_PER_PAGE", 1)
    await empty_search_copy(copied.engine)
    assert await copied.texts() == set()
    cut = Cut(copied.engine, copied.shop, at="3")
    with pytest.raises(asyncio.CancelledError):
        await cut.refresh()
    async with transaction(copied.engine) as connection:
        assert await read_search_copy(connection) is None  # so that nobody goes by it
        digests = select(func.count()).select_from(search_digests)
        assert (
            await connection.scalar(digests) == len({one for one, _ in await copied.texts()}) == 2
        )
    assert await copied.refresh() == ["3", "4"]
    assert await copied.texts() == texts_of(*PEOPLE)


@dataclass
class Cut(Refreshing):
    """Is killed when it comes to somebody."""

    at: str = ""

    def noted(self, batch: SoughtBatch, place: int) -> SoughtTexts:
        found = super().noted(batch, place)
        if found.customer_id.text == self.at:
            raise asyncio.CancelledError
        return found


@dataclass
class Erasing(Refreshing):
    """Somebody is erased once the refresh has read the shop, and before it writes."""

    async def read(self, take: Take) -> None:
        async def erasing(batch: SoughtBatch) -> None:
            async with transaction(self.engine) as connection:
                await bury(connection, MARKER, [CustomerId("1")], NOW)
            await take(batch)

        await read_sought(self.engine, self.shop, erasing)


async def test_who_is_erased_while_a_refresh_reads_is_not_copied(copied: Refreshing) -> None:
    await empty_search_copy(copied.engine)
    await Erasing(copied.engine, copied.shop).refresh()
    assert await copied.texts() == texts_of(*PEOPLE[1:])


@pytest.mark.external
async def test_who_may_not_index_the_copy_searches_by_a_table_of_ours(
    postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(postgres_url) as engine:
        shop = await loose_shop(engine, PEOPLE, [])
        await migrate(engine)
    reader = await read_only_url(postgres_url)
    user = parse_url(reader).username
    grants = [f"GRANT INSERT, UPDATE, DELETE ON {table} TO {user}" for table in intelligence.tables]
    await execute(postgres_url, *grants, f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {user}")
    async with opened(reader) as engine:
        await Refreshing(engine, shop).refresh()
        copy = await copy_known(engine)
        assert copy is not None
        assert copy.index_kind == "grams"
        found = await proposed(engine, copy, "ovelac", 5, looked_at=0) or []
        assert [one.text for one in found] == ["1"]
    assert "the service's own" in caplog.records[-1].__dict__["better"]
