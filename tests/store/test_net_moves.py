"""Net moves: from where customers were before some runs to where they are after them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert

from backend import store
from backend.core.glossary import Cause
from backend.database.engine import AsyncEngine, create_engine, transaction
from backend.store.net_moves import NOWHERE, NetMoveFilter
from backend.store.tables import segment_changes
from tests.conftest import NewDatabase, in_turns
from tests.databases import migrated

NOW = datetime(2024, 6, 1, tzinfo=UTC)
BEHAVIOUR, MODEL = Cause.BEHAVIOUR, Cause.MODEL
MOVES = (
    # by two runs in between, and one before and one after that nobody asks for
    (1, "a", "b", "one", MODEL),
    (1, "b", "c", "two", BEHAVIOUR),
    (1, "c", "d", "three", MODEL),
    (2, "a", "b", "two", MODEL),
    (2, "b", "a", "three", BEHAVIOUR),
    (3, None, "a", "two", BEHAVIOUR),
    (3, "a", "b", "three", MODEL),
    (4, "a", "b", "two", MODEL),
    (4, "b", "c", "three", MODEL),
    (5, "a", None, "three", BEHAVIOUR),
    (6, None, "a", "two", BEHAVIOUR),
    (6, "a", None, "three", BEHAVIOUR),
    (7, "a", "b", "four", BEHAVIOUR),
)
NET = {
    1: ("b", "d", BEHAVIOUR),
    3: (None, "b", BEHAVIOUR),
    4: ("a", "c", MODEL),
    5: ("a", None, BEHAVIOUR),
}


@pytest.fixture
async def engine(new_database: NewDatabase) -> AsyncIterator[AsyncEngine]:
    made = create_engine(new_database(migrated))
    columns = ("customer_id", "from_segment_id", "to_segment_id", "run_id", "cause")
    rows = [{**dict(zip(columns, row, strict=True)), "changed_at": NOW} for row in MOVES]
    async with transaction(made) as connection:
        await connection.execute(insert(segment_changes), rows)
    yield made
    await made.dispose()


@in_turns
@pytest.mark.parametrize(
    ("asked", "customers"),
    [
        ({}, {1, 3, 4, 5}),
        ({"cause": MODEL}, {4}),
        ({"from_segment_id": "a"}, {4, 5}),
        ({"from_segment_id": NOWHERE}, {3}),
        ({"to_segment_id": NOWHERE}, {5}),
        ({"from_segment_id": "b", "to_segment_id": "d"}, {1}),
        ({"from_segment_id": "b", "to_segment_id": "c"}, set()),
    ],
)
async def test_everybody_counts_once_from_where_they_were_to_where_they_are(
    engine: AsyncEngine, asked: dict[str, str], customers: set[int]
) -> None:
    sought = NetMoveFilter(run_ids=["two", "three"], **asked)  # type: ignore[arg-type]
    async with transaction(engine) as connection:
        moved = await store.read_net_moves(connection, sought, limit=10)
        counted = await store.count_net_moves(connection, sought)
    told = {
        int(one.customer_id): (one.from_segment_id, one.to_segment_id, one.cause) for one in moved
    }
    assert told == {one: NET[one] for one in customers}
    assert [one.id for one in moved] == sorted((one.id for one in moved), reverse=True)
    by_way = {(one.from_segment_id, one.to_segment_id, one.cause): one.customers for one in counted}
    assert by_way == dict.fromkeys(told.values(), 1)


async def test_one_run_alone_is_as_it_found_them(engine: AsyncEngine) -> None:
    async with transaction(engine) as connection:
        counted = await store.count_net_moves(connection, NetMoveFilter(run_ids=["two"]))
    by_way = [(one.from_segment_id, one.to_segment_id, one.cause) for one in counted]
    assert by_way[0] in {("a", "b", MODEL), (None, "a", BEHAVIOUR)}
    assert {way: one.customers for way, one in zip(by_way, counted, strict=True)} == {
        ("a", "b", MODEL): 2,
        (None, "a", BEHAVIOUR): 2,
        ("b", "c", BEHAVIOUR): 1,
    }
