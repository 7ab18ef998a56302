"""Moves as data: whoever replays them knows who is where, whatever happened to the shop."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, insert, select

from backend import store
from backend.core.customer_id import CustomerId
from backend.database.engine import AsyncConnection, AsyncEngine, create_engine, opened, transaction
from backend.files.guide_tables import shop_tables
from backend.store.migrate import migrate
from backend.store.tables import segment_changes
from tests.conftest import execute, on_one_kind
from tests.performed import clustered, config_of
from tests.shops import AS_OF, NAMES, VARIABLES, fill, invented

SHOP = invented(70)
CUSTOMERS, ORDERS, _ = shop_tables(**NAMES).tables.values()
Members = dict[int, str]


@dataclass(frozen=True, slots=True)
class Night:
    """What happened since the last run, and what this one is asked for."""

    appear: Set[int]
    vanish: Set[int]
    order: Set[int]
    erased: Set[int]
    days: int
    refit: str
    max_k: int | None


@dataclass(frozen=True, slots=True)
class Lived:
    """Who was where after each run, the moves of each run, and who was erased ahead of it."""

    members: list[Members]
    moves: list[list[Any]]
    erased: list[Set[int]]


NOTHING = Night(
    appear=set(), vanish=set(), order=set(), erased=set(), days=0, refit="auto", max_k=None
)
some = st.frozensets(st.integers(1, 80), max_size=5)
some_nights = st.lists(
    st.builds(
        Night,
        appear=some,
        vanish=some,
        order=some,
        erased=some,
        days=st.integers(0, 40),
        refit=st.sampled_from(["auto", "now", "force"]),
        max_k=st.sampled_from([None, 1, 2, 5]),
    ),
    min_size=2,
    max_size=4,
)


@pytest.mark.parametrize("examples", [2, pytest.param(24, marks=pytest.mark.long)])
def test_a_replay_from_any_run_is_exact_whatever_happens_to_the_shop(examples: int) -> None:
    # Each is several runs: a smaller one that fails too is not worth minutes of search.
    phases = [Phase.explicit, Phase.reuse, Phase.generate]
    settings(max_examples=examples, phases=phases)(given(some_nights)(is_replayed))()


def is_replayed(nights: list[Night]) -> None:
    lived = asyncio.run(lived_through(nights))
    for start in range(len(nights)):
        replayed: dict[int, str | None] = {**lived.members[start]}
        for later in range(start + 1, len(nights)):
            # Who is erased is forgotten by whoever replays, as they are by us.
            forgotten = frozenset().union(*lived.erased[start + 1 :])
            for move in lived.moves[later]:
                if move.customer_id not in forgotten:
                    assert replayed.get(move.customer_id) == move.from_segment_id
                    replayed[move.customer_id] = move.to_segment_id
            there = {one: at for one, at in replayed.items() if at and one not in forgotten}
            assert there == {
                one: at for one, at in lived.members[later].items() if one not in forgotten
            }


async def lived_through(nights: list[Night]) -> Lived:
    """Run every night, and read all moves at the end, as they are kept then."""
    members, run_ids = [], []
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/shop.db"
        async with opened(url) as engine:
            await migrate(engine)
            await fill(url, SHOP)
            as_of = AS_OF - timedelta(days=200)
            for night in nights:
                as_of += timedelta(days=night.days)
                async with transaction(engine) as connection:
                    await happens(connection, night, as_of)
                report = await clustered(
                    engine, url, as_of=as_of, refit=night.refit, max_k=night.max_k
                )
                run_ids.append(report["run_id"])
                members.append(await membership(engine))
            async with transaction(engine) as connection:
                kept = (await connection.execute(select(segment_changes))).all()
    moves = [[move for move in kept if move.run_id == run_id] for run_id in run_ids]
    return Lived(members, moves, [night.erased for night in nights])


async def happens(connection: AsyncConnection, night: Night, as_of: datetime) -> None:
    there = set((await connection.scalars(select(CUSTOMERS.c.id))).all())
    arriving = [{"id": number} for number in sorted(night.appear - there)]
    if arriving:
        await connection.execute(insert(CUSTOMERS), arriving)
    await connection.execute(delete(CUSTOMERS).where(CUSTOMERS.c.id.in_(night.vanish)))
    last = await connection.scalar(select(func.max(ORDERS.c.id)))
    orders = [
        {**an_order(as_of), "id": last + place, "customer_id": number}
        for place, number in enumerate(sorted(night.order), start=1)
    ]
    if orders:
        await connection.execute(insert(ORDERS), orders)
    for number in night.erased:
        await store.erase_rows(connection, [CustomerId(str(number))])


def an_order(as_of: datetime) -> dict[str, Any]:
    created = as_of.replace(tzinfo=None) - timedelta(hours=1)
    return {"total_price": 50, "created_at": created, "financial_status": "paid"}


@pytest.fixture
def database_url(migrated_url: str) -> str:
    """Every test here begins with our tables."""
    return migrated_url


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    made = create_engine(database_url)
    await fill(database_url, SHOP)
    yield made
    await made.dispose()


@on_one_kind
async def test_ids_that_are_text_last_from_night_to_night(
    engine: AsyncEngine, database_url: str
) -> None:
    """So do numbers that become text, and texts that become the numbers they write."""
    for table, column in (("customers", "id"), ("orders", "customer_id")):
        await execute(
            database_url,
            f"ALTER TABLE {table} ADD COLUMN code VARCHAR(20)",
            f"UPDATE {table} SET code = CAST({column} AS CHAR(20))",
        )
    as_text = {"CUSTOMERS_COLUMNS": "id=code", "ORDERS_COLUMNS": "customer_id=code"}
    moves = []
    for variables in ({}, as_text, as_text, {}):
        config = config_of(database_url, shop_variables={**VARIABLES, **variables})
        report = await clustered(engine, database_url, config)
        moves.append([report["moves"][name] for name in ("appeared", "total", "gone")])
    everybody = [len(SHOP.customers), 0, 0]
    assert moves == [everybody, [0, 0, 0], [0, 0, 0], [0, 0, 0]]


@on_one_kind
async def test_who_appears_who_moves_and_who_is_gone_are_counted_apart(
    engine: AsyncEngine, database_url: str
) -> None:
    everybody = len(SHOP.customers)
    first = (await clustered(engine, database_url))["moves"]
    nobody_moved = {"total": 0, "gone": 0, "by_cause": {"behaviour": 0, "model": 0}, "flows": []}
    assert first == {"appeared": everybody, **nobody_moved}
    news = replace(NOTHING, appear={everybody + 1}, vanish={1, 2}, order={everybody})
    later = (await clustered_after(engine, database_url, news))["moves"]
    assert (later["appeared"], later["gone"]) == (1, 2)
    assert later["total"] == sum(flow["customers"] for flow in later["flows"]) > 0
    assert "no_orders" in {flow["from"] for flow in later["flows"]}
    assert later["by_cause"] == {"behaviour": later["total"], "model": 0}


@on_one_kind
async def test_borders_that_come_and_go_are_a_cause_of_their_own(
    engine: AsyncEngine, database_url: str
) -> None:
    """With one segment there are none; a first order moves a customer all the same."""
    await clustered(engine, database_url, max_k=3)
    gone = (await clustered(engine, database_url, max_k=1))["moves"]
    buyers = gone["total"]
    assert gone["by_cause"] == {"behaviour": 0, "model": buyers}
    first_order = replace(NOTHING, order={len(SHOP.customers)})
    without = await clustered_after(engine, database_url, first_order, max_k=1)
    assert without["moves"]["by_cause"] == {"behaviour": 1, "model": 0}
    back = (await clustered(engine, database_url, max_k=3))["moves"]
    assert back["by_cause"] == {"behaviour": 0, "model": buyers + 1}
    events = {event["segment_id"]: event["event"] for event in without["lineage"]}
    assert events == {}


@on_one_kind
async def test_every_segment_that_ever_was_has_a_beginning(
    engine: AsyncEngine, database_url: str
) -> None:
    for most in (3, 1, 5):
        await clustered(engine, database_url, max_k=most)
    async with transaction(engine) as connection:
        events = await store.read_lineage(connection, limit=100)
        served = await store.read_segments(connection)
    begun = {event.segment_id for event in events if event.event in {"born", "split"}}
    gone = {event.segment_id for event in events if event.event in {"merged", "died"}}
    assert {"all_customers"} == gone & {"all_customers"} <= begun
    leaves = {one.id for one in served.segments if not one.is_group} - {"no_orders"}
    assert leaves <= begun


async def clustered_after(
    engine: AsyncEngine, url: str, news: Night, **wanted: Any
) -> dict[str, Any]:
    async with transaction(engine) as connection:
        await happens(connection, news, AS_OF)
    return await clustered(engine, url, **wanted)


async def membership(engine: AsyncEngine) -> Members:
    ids, segments = await store.read_membership(engine)
    return dict(zip(ids.tolist(), segments.tolist(), strict=True))
