"""What the driver is asked by itself is answered as Core would, within the same bounds."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from sqlalchemy import BigInteger, Double, Integer, func, insert, literal, select, table, text
from sqlalchemy.util.concurrency import greenlet_spawn

from backend.core.errors import DatabaseUnavailable, TablesTooOld
from backend.database.bounds import hurried
from backend.database.compiled import HotRead, parameter
from backend.database.engine import AsyncEngine, opened, transaction
from backend.store.tables import customer_intelligence
from tests.conftest import NewDatabase
from tests.databases import migrated

NOW = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
ROW = {
    "customer_id": 2**62,
    "archetype_id": "vip",
    "archetype_name": "Très fidèles",
    "archetype_level": 1,
    "ltv": Decimal("12345678.90"),
    "churn_risk": Decimal("0.1234"),
    "status": "scored",
    "frequency": 3,
    "lost": True,
    "usual_gap_days": 26.5,
    "typical_order_value": 0.1 + 0.2,
    "next_order_p50": datetime(2026, 3, 1, 0, 0, 0, 123456, tzinfo=UTC),
    "run_id": "run",
    "as_of": NOW,
    "updated_at": NOW,
    "changed_at": NOW,
}
IDS = customer_intelligence.c.customer_id
BY_ID = select(customer_intelligence).where(
    customer_intelligence.c.customer_id == parameter("id", BigInteger())
)


@pytest.fixture
async def hurried_engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    await migrated(database_url)
    async with opened(database_url, pool_size=1, bounds=hurried(1)) as engine:
        yield engine


async def test_a_row_has_the_values_and_types_that_core_gives_it(
    hurried_engine: AsyncEngine,
) -> None:
    empty = {"customer_id": 5, "status": "no_orders", "run_id": "run", "as_of": NOW}
    rows = [ROW, {**dict.fromkeys(ROW), **empty, "updated_at": NOW, "changed_at": NOW}]
    read = HotRead(BY_ID)
    async with transaction(hurried_engine) as connection:
        for row in rows:
            await connection.execute(insert(customer_intelligence), [row])
        found = await connection.execute(select(customer_intelligence).order_by(IDS.desc()))
        by_core = [tuple(row) for row in found]
    ours = [
        tuple(row)
        for one in rows
        for row in await read.rows(hurried_engine, {"id": one["customer_id"]})
    ]
    assert ours == by_core
    assert [[type(value) for value in row] for row in ours] == [
        [type(value) for value in row] for row in by_core
    ]
    assert await read.rows(hurried_engine, {"id": 6}) == []


async def test_what_the_statement_itself_holds_needs_no_value(hurried_engine: AsyncEngine) -> None:
    several: Any = select(
        literal(3), literal(2).in_([1, 2]), parameter("asked", Integer()).in_([4, 5])
    )
    ((three, known, asked),) = await HotRead(several).rows(hurried_engine, {"asked": 5})
    assert (three, bool(known), bool(asked)) == (3, True, True)


async def test_a_table_of_ours_that_is_not_there_is_told_by_its_name(database_url: str) -> None:
    async with opened(database_url) as engine:
        with pytest.raises(TablesTooOld):
            await HotRead(BY_ID).rows(engine, {"id": 4})


async def test_whoever_gives_up_leaves_the_connection_to_the_next(
    hurried_engine: AsyncEngine,
) -> None:
    read = HotRead(BY_ID)
    for _ in range(3):
        asking = asyncio.create_task(read.rows(hurried_engine, {"id": 1}))
        await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
    assert await read.rows(hurried_engine, {"id": 1}) == []


@pytest.mark.external
async def test_whoever_gives_up_while_others_wait_takes_nobodys_connection(
    new_postgres: NewDatabase,
) -> None:
    random = Random(5)
    sleeping = HotRead(select(func.pg_sleep(parameter("seconds", Double()))))
    async with opened(new_postgres(), pool_size=2) as engine:
        asking = [
            asyncio.create_task(sleeping.rows(engine, {"seconds": random.random() / 100}))
            for _ in range(80)
        ]
        for one in asking:
            if random.random() < 0.5:
                await asyncio.sleep(random.random() / 100)
                one.cancel()
        ended = await asyncio.gather(*asking, return_exceptions=True)
        assert {type(one) for one in ended} == {list, asyncio.CancelledError}
        assert await HotRead(select(literal(1))).rows(engine, {}) == [(1,)]
        assert engine.sync_engine.pool.checkedout() == 0  # type: ignore[attr-defined]


@pytest.mark.external
async def test_what_takes_too_long_ends_and_the_pool_is_whole(new_postgres: NewDatabase) -> None:
    sleeping = HotRead(select(func.pg_sleep(parameter("seconds", Integer()))))
    async with opened(new_postgres(), pool_size=1, bounds=hurried(0.5)) as engine:
        for _ in range(2):
            with pytest.raises(DatabaseUnavailable) as raised:
                await sleeping.rows(engine, {"seconds": 60}, "shop")
            assert (raised.value.kind, raised.value.database) == ("timed_out", "shop")
        assert await HotRead(select(literal(1))).rows(engine, {}) == [(1,)]


@pytest.mark.external
async def test_who_waits_for_a_connection_is_told_that_all_are_taken(
    new_postgres: NewDatabase,
) -> None:
    async with opened(new_postgres(), pool_size=1, bounds=hurried(0.5)) as engine:
        held = await engine.raw_connection()
        with pytest.raises(DatabaseUnavailable) as raised:
            await HotRead(select(literal(1))).rows(engine, {})
        assert raised.value.kind in {"busy", "timed_out"}  # both bounds are half a second
        await greenlet_spawn(held.close)
        assert await HotRead(select(literal(1))).rows(engine, {}) == [(1,)]


@pytest.mark.external
async def test_who_waits_at_the_pool_itself_has_their_turn_among_hot_reads(
    new_postgres: NewDatabase,
) -> None:
    readers, read = 8, HotRead(select(literal(1)))
    async with opened(new_postgres(), pool_size=1) as engine:
        done, begun = 0, asyncio.Event()

        async def go_on() -> None:
            nonlocal done
            while True:
                await asyncio.create_task(read.rows(engine, {}))  # as each request has its own
                done += 1
                if done == 3 * readers:
                    begun.set()

        reading = [asyncio.create_task(go_on()) for _ in range(readers)]
        await begun.wait()
        before = done
        async with transaction(engine):
            assert done - before < readers  # those who wait already would each come first
        for one in reading:
            one.cancel()
        await asyncio.gather(*reading, return_exceptions=True)


@pytest.mark.external
async def test_who_asks_one_after_the_other_asks_the_session_that_answered_last(
    new_postgres: NewDatabase,
) -> None:
    read = HotRead(select(func.pg_backend_pid(), func.pg_sleep(parameter("seconds", Double()))))
    async with opened(new_postgres(), pool_size=3) as engine:
        at_once = await asyncio.gather(*(read.rows(engine, {"seconds": 0.2}) for _ in range(3)))
        in_turn = [await read.rows(engine, {"seconds": 0}) for _ in range(6)]
    assert len({rows[0][0] for rows in at_once}) == 3
    assert len({rows[0][0] for rows in in_turn}) == 1


@pytest.mark.external
async def test_a_session_that_has_ended_is_handed_on_to_nobody(new_postgres: NewDatabase) -> None:
    ending = HotRead(select(func.pg_terminate_backend(func.pg_backend_pid())))
    async with opened(new_postgres(), pool_size=1) as engine:
        reads = ending, HotRead(select(literal(1)))
        asked = await asyncio.gather(
            *(read.rows(engine, {}) for read in reads), return_exceptions=True
        )
    assert isinstance(asked[0], DatabaseUnavailable)
    assert asked[1] == [(1,)]


@pytest.mark.external
async def test_a_session_that_was_ended_is_replaced(new_postgres: NewDatabase) -> None:
    url = new_postgres()
    read = HotRead(
        select(func.pg_backend_pid().label("pid")).select_from(table("pg_class")).limit(1)
    )
    async with opened(url, pool_size=1) as engine, opened(url) as other:
        ((first,),) = await read.rows(engine, {})
        async with transaction(other) as connection:
            await connection.execute(select(func.pg_terminate_backend(first)))
        await asyncio.sleep(0.1)
        ((second,),) = await read.rows(engine, {})
    assert first != second


# A mapping may call what the shop's owner made, whatever that does.
TAKING = {
    "new_postgres": "CREATE FUNCTION taken() RETURNS integer LANGUAGE sql AS "
    "'INSERT INTO notes VALUES (1) RETURNING 1'",
    "new_mysql": "CREATE FUNCTION taken() RETURNS integer "
    "BEGIN INSERT INTO notes VALUES (1); RETURN 1; END",
}


@pytest.mark.external
@pytest.mark.parametrize("kind", TAKING)
async def test_a_function_that_writes_is_refused_by_the_database(
    request: pytest.FixtureRequest, kind: str
) -> None:
    new_database: NewDatabase = request.getfixturevalue(kind)
    url, taking = new_database(), HotRead(select(func.taken()))
    async with opened(url) as engine, opened(url, reads_only=True) as fenced:
        async with transaction(engine) as connection:
            await connection.execute(text("CREATE TABLE notes (note INTEGER)"))
            await connection.exec_driver_sql(TAKING[kind])
        ((wrote,),) = await taking.rows(engine, {})
        assert wrote == 1  # so that it is the session that refuses
        with pytest.raises(Exception, match=r"(?i)read.only"):
            await taking.rows(fenced, {}, "shop")
        ((one,),) = await HotRead(select(literal(1))).rows(fenced, {})
        assert one == 1


async def test_a_file_that_is_only_read_refuses_what_writes(new_sqlite: NewDatabase) -> None:
    async with opened(new_sqlite(), reads_only=True) as engine:
        with pytest.raises(Exception, match="readonly"):
            async with transaction(engine) as connection:
                await connection.execute(text("CREATE TABLE notes (note INTEGER)"))
        ((one,),) = await HotRead(select(literal(1))).rows(engine, {})
        assert one == 1
