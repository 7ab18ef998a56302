"""What is served is added up once, and says the same as counting after whatever is corrected."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from backend import store
from backend.core.customer_id import CustomerId
from backend.database.engine import AsyncEngine, opened, transaction
from backend.results.customer_filter import CustomerFilter
from backend.results.move import MoveCount
from backend.results.served_sums import ServedSums
from backend.store import runs, stored
from backend.store.departures import tell_erased
from backend.store.kept_sums import read_sums
from backend.store.lists import Totals
from backend.store.moves import MoveFilter
from backend.store.segment_history import HistoryFilter
from backend.store.tables import customer_intelligence, segment_changes
from backend.store.tables import runs as runs_table
from tests.api.test_fresh import clustered_yesterday
from tests.conftest import NewDatabase, takes_its_turn
from tests.performed import perform_once, shop_about_to_move
from tests.run.test_rescorer import Place
from tests.shops import AS_OF

COLUMNS, MOVED = customer_intelligence.c, segment_changes.c


async def moved_shop(url: str) -> None:
    """Prepare a shop that two runs have seen."""
    await shop_about_to_move(url)
    await perform_once(url, as_of=AS_OF)


@pytest.fixture
async def engine(new_database: NewDatabase) -> AsyncIterator[AsyncEngine]:
    """Open a shop that two runs have seen; between them some customers moved."""
    async with opened(new_database(moved_shop)) as engine:
        yield engine


async def lists_of(engine: AsyncEngine) -> list[CustomerFilter]:
    async with transaction(engine) as connection:
        segments = (await store.read_segments(connection)).segments
        history = await store.read_history(connection, HistoryFilter(), limit=1)
    since, ids = history[0].published_at, [one.id for one in segments]
    groups = tuple(one.id for one in segments if one.is_group)
    return [
        CustomerFilter(),
        *(CustomerFilter(segment=(one,)) for one in ids),
        CustomerFilter(segment=tuple(ids[:3])),
        CustomerFilter(group=groups[:1]),
        CustomerFilter(group=groups, segment=tuple(ids[:4]), moved_since=since),
        CustomerFilter(moved_since=since),
    ]


async def told(engine: AsyncEngine) -> tuple[list[Totals], list[MoveCount]]:
    """Return what lists add up to, and who moved with the run that is served."""
    lists = await lists_of(engine)
    async with transaction(engine) as connection:
        published = await runs.published(connection)
        assert published is not None
        totals = [await store.read_totals(connection, one) for one in lists]
        moves = await store.count_moves(connection, MoveFilter(run_id=published.run_id))
    return totals, sorted(moves, key=repr)


async def kept(engine: AsyncEngine) -> ServedSums | None:
    async with transaction(engine) as connection:
        return await read_sums(connection)


async def forget(engine: AsyncEngine) -> None:
    """Leave what is served as a version did that kept no sums."""
    async with transaction(engine) as connection:
        await connection.execute(update(runs_table).values(sums=None))


async def assert_as_counted(engine: AsyncEngine) -> None:
    assert await kept(engine) is not None
    before = await told(engine)
    await forget(engine)
    assert before == await told(engine)


async def test_what_is_kept_with_a_run_says_what_counting_does(engine: AsyncEngine) -> None:
    totals, moves = await told(engine)
    assert sum(one.customers for one in moves) > 0
    assert 0 < totals[-1].total < totals[0].total
    async with transaction(engine) as connection:
        by_hand = select(func.count(), func.sum(COLUMNS.predicted_value), func.sum(COLUMNS.ltv))
        everybody = (await connection.execute(by_hand.select_from(customer_intelligence))).one()
        went = select(MOVED.to_segment_id).where(MOVED.run_id == (await published_in(connection)))
        to = Counter(await connection.scalars(went))
    sums = [round(Decimal(str(one)), 2) for one in everybody[1:]]
    assert [totals[0].total, totals[0].sums["predicted_value"], totals[0].sums["ltv"]] == [
        everybody[0],
        *sums,
    ]
    counted: Counter[Any] = Counter()
    for one in moves:
        counted[one.to_segment_id] += one.customers
    assert counted == to
    await assert_as_counted(engine)


async def published_in(connection: Any) -> str:
    published = await runs.published(connection)
    assert published is not None
    return published.run_id


@takes_its_turn
async def test_it_is_looked_up_and_not_counted(engine: AsyncEngine) -> None:
    before = await told(engine)
    async with transaction(engine) as connection:
        await connection.execute(delete(customer_intelligence))
        await connection.execute(delete(segment_changes))
    assert await told(engine) == before


async def test_who_is_erased_is_taken_out_of_it(engine: AsyncEngine) -> None:
    (before, *_), _ = await told(engine)
    async with transaction(engine) as connection:
        moved = select(MOVED.customer_id).where(MOVED.run_id == await published_in(connection))
        ids = [CustomerId(str(one)) for one in (await connection.scalars(moved.limit(2))).all()]
        ids.append(CustomerId("1"))
        await tell_erased(connection, ids, datetime.now(UTC))
    # Told to be gone already, while the rows wait to be deleted.
    (waiting, *_), _ = await told(engine)
    async with transaction(engine) as connection:
        await store.erase_rows(connection, ids)
    (after, *_), _ = await told(engine)
    assert waiting == after
    assert after.total == before.total - len({*ids})
    await assert_as_counted(engine)


@takes_its_turn
async def test_who_is_scored_between_runs_is_put_right_in_it(new_database: NewDatabase) -> None:
    url = new_database(clustered_yesterday)
    async with opened(url) as engine:
        place = Place(url, engine)
        (before, *_), moves = await told(engine)
        for number, customer in enumerate((4, 9, 14, 4)):
            await place.ordered(customer, "950.00", 900_001 + number)
        await place.look()
        (after, *_), moved = await told(engine)
        assert after.sums["frequency"] == before.sums["frequency"] + 4
        assert sum(one.customers for one in moved) > sum(one.customers for one in moves)
        await assert_as_counted(engine)


@takes_its_turn
async def test_only_the_run_that_is_served_keeps_it(engine: AsyncEngine) -> None:
    async with transaction(engine) as connection:
        rows = await connection.execute(select(runs_table.c.published, runs_table.c.sums))
        has_sums = {(one.published, one.sums is not None) for one in rows}
    assert has_sums == {(1, True), (None, False)}


@takes_its_turn
async def test_it_comes_back_as_it_was_stored(engine: AsyncEngine) -> None:
    sums = await kept(engine)
    assert sums is not None
    assert stored.SUMS.read(stored.SUMS.write(sums)) == sums
