"""Indexes that lists are sorted by are there again however a publication ends; others stay."""

import asyncio
from collections.abc import AsyncIterator, Callable
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from backend import store
from backend.core.errors import LeaseLost
from backend.database.engine import AsyncEngine, create_engine, opened, snapshot, transaction
from backend.results.customer_filter import CustomerFilter
from backend.results.sorting import Sorting
from backend.run.worker import work_once
from backend.store import leases, runs, sort_indexes
from backend.store.publication import Publication
from backend.store.run_request import RunRequest
from backend.store.sort_indexes import build_left_aside
from tests import forked
from tests.conftest import NewDatabase
from tests.databases import execute, migrated
from tests.expired import let_the_lease_expire
from tests.performed import config_of
from tests.store.test_publish import INTEGERS, NOW, prepared

pytestmark = pytest.mark.external
OURS = {
    "idx_intelligence_churn_risk": "(churn_risk, customer_id)",
    "idx_intelligence_ltv": "(ltv, customer_id)",
    "idx_intelligence_value_at_risk": "(value_at_risk, customer_id)",
}
THERE = text(
    "SELECT indexname, CAST(CAST(indexname AS regclass) AS oid) AS number, indexdef "
    "FROM pg_indexes WHERE tablename = 'customer_intelligence'"
)
LATER = np.array([7, 12, 13])
Indexes = dict[str, tuple[int, str]]


@pytest.fixture
def url(new_postgres: NewDatabase, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(sort_indexes, "FEWEST_ROWS", 1)
    return new_postgres(migrated)


@pytest.fixture
async def engine(url: str) -> AsyncIterator[AsyncEngine]:
    made = create_engine(url)
    yield made
    await made.dispose()


async def indexes(engine: AsyncEngine) -> Indexes:
    """Return each index of our table by its name: which it is, and what made it."""
    async with transaction(engine) as connection:
        return {name: (number, made) for name, number, made in await connection.execute(THERE)}


def were_built_again(names: set[str], before: Indexes, after: Indexes) -> bool:
    """Whether these are others that are made alike, and all else is what it was."""
    assert {name: made for name, (_, made) in after.items()} == {
        name: made for name, (_, made) in before.items()
    }
    return {name for name in before if before[name] != after[name]} == names


async def test_after_a_night_they_are_there_again_as_they_were(engine: AsyncEngine) -> None:
    before = await indexes(engine)
    for name, columns in OURS.items():
        assert before[name][1].endswith(columns)
    for _ in range(2):
        await store.publish(engine, await prepared(engine), now=NOW)
        after = await indexes(engine)
        assert were_built_again({*OURS}, before, after)
        before = after


async def test_a_small_shop_keeps_them(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await indexes(engine)
    monkeypatch.setattr(sort_indexes, "FEWEST_ROWS", len(INTEGERS) + 1)
    await store.publish(engine, await prepared(engine), now=NOW)
    assert await indexes(engine) == before


async def broken(*_: Any) -> None:
    raise ArithmeticError


async def cancelled(*_: Any) -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)


async def lost(*_: Any) -> None:
    raise LeaseLost("this one")


@pytest.mark.parametrize(
    ("step", "does", "raised"),
    [
        ("write_customers", broken, ArithmeticError),
        ("keep_sums", broken, ArithmeticError),
        ("append_history", cancelled, asyncio.CancelledError),
        ("settle", lost, LeaseLost),
    ],
)
async def test_after_a_night_that_failed_they_are_there_and_what_was_served_is(
    step: str,
    does: Callable[..., Any],
    raised: type[BaseException],
    engine: AsyncEngine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await store.publish(engine, await prepared(engine), now=NOW)
    before, publication = await indexes(engine), await prepared(engine, LATER)
    missing = set[str]()

    async def seen(*told: Any) -> None:
        async with opened(engine.url.render_as_string(hide_password=False)) as other:
            missing.update(set(before) - set(await indexes(other)))
        await does(*told)

    monkeypatch.setattr(import_module("backend.store.publish"), step, seen)
    with pytest.raises(raised):
        await publish_in_a_task(engine, publication)
    assert missing == {*OURS}, "they were not set aside"
    assert were_built_again({*OURS}, before, await indexes(engine))
    async with transaction(engine) as connection:
        served = await connection.scalars(text("SELECT customer_id FROM customer_intelligence"))
        assert {*served} == {*INTEGERS.tolist()}


async def publish_in_a_task(engine: AsyncEngine, publication: Publication) -> None:
    await asyncio.create_task(store.publish(engine, publication, now=NOW))


CUT_SHORT = (
    "import asyncio; from tests.store.test_sort_indexes import published_alone as one; "
    "asyncio.run(one({url!r}))"
)


async def published_alone(url: str) -> None:
    """Publish in a process of its own, as that of a run does."""
    sort_indexes.FEWEST_ROWS = 1
    async with opened(url) as engine:
        await store.publish(engine, await prepared(engine), now=NOW)


async def killed_while_it_publishes(url: str, engine: AsyncEngine) -> None:
    """Kill who publishes while a lock keeps them, with the indexes set aside."""
    holding = text("LOCK TABLE intelligence_segments IN EXCLUSIVE MODE")
    async with opened(url) as other, transaction(other) as connection:
        await connection.execute(holding)
        told = [forked.quick_python(), "-c", CUT_SHORT.format(url=url)]
        process = await asyncio.create_subprocess_exec(*told)
        try:
            while {*OURS} & set(await indexes(engine)):
                assert process.returncode is None
                await asyncio.sleep(0.02)
        finally:
            process.kill()
            await process.wait()
    await let_the_lease_expire(engine)


async def by_whoever_works(url: str, engine: AsyncEngine) -> None:
    """Let somebody work off a run that cannot even begin."""
    await runs.enqueue(engine, RunRequest())
    await work_once(engine, config_of(url), asyncio.Event())


async def by_the_next_night(_url: str, engine: AsyncEngine) -> None:
    sort_indexes.FEWEST_ROWS = 1_000
    await store.publish(engine, await prepared(engine), now=NOW)


@pytest.mark.parametrize("mend", [by_whoever_works, by_the_next_night])
async def test_after_a_kill_whoever_comes_first_builds_them(
    mend: Callable[[str, AsyncEngine], Any],
    url: str,
    engine: AsyncEngine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = await indexes(engine)
    await killed_while_it_publishes(url, engine)
    assert set(before) - set(await indexes(engine)) == {*OURS}
    monkeypatch.setattr("backend.run.worker.sys.executable", "/nowhere/python")
    await mend(url, engine)
    assert were_built_again({*OURS}, before, await indexes(engine))


async def test_nobody_builds_them_while_another_run_is_at_work(engine: AsyncEngine) -> None:
    await execute(
        engine.url.render_as_string(hide_password=False), *(f"DROP INDEX {one}" for one in OURS)
    )
    before, publication = await indexes(engine), await prepared(engine)
    await build_left_aside(engine)
    assert await indexes(engine) == before
    await leases.fail(engine, publication.run_id, token="mine", error="it was enough")
    await build_left_aside(engine)
    assert set(await indexes(engine)) - set(before) == {*OURS}


async def test_lists_are_answered_and_of_one_run_all_along(url: str, engine: AsyncEngine) -> None:
    await store.publish(engine, await prepared(engine), now=NOW)
    seen, stop = list[list[str]](), asyncio.Event()

    async def keep_reading() -> None:
        async with opened(url) as reader:
            while not stop.is_set():
                async with snapshot(reader, "intelligence") as connection:
                    page = await store.read_page(
                        connection, CustomerFilter(), Sorting.parse("churn_risk"), limit=5
                    )
                seen.append([str(one.customer_id) for one in page.customers])

    reading = asyncio.create_task(keep_reading())
    for ids in (LATER, INTEGERS) * 4:
        await store.publish(engine, await prepared(engine, ids), now=NOW)
    stop.set()
    await reading
    assert {*map(tuple, seen)} <= {("7", "12", "13"), ("7", "12", "9000000000")}
    assert len(seen) > 2


RENAMED = "ALTER INDEX idx_intelligence_ltv RENAME TO worth_first"
MADE_OTHERWISE = (
    "DROP INDEX idx_intelligence_ltv",
    "CREATE INDEX idx_intelligence_ltv ON customer_intelligence (ltv DESC, customer_id)",
)
COMMENTED = "COMMENT ON INDEX idx_intelligence_ltv IS 'asked for by the board'"
OF_THE_SHOP = (
    "CREATE INDEX shop_ltv ON customer_intelligence (ltv) WHERE churn_risk > 0.5",
    "CREATE INDEX shop_risk ON customer_intelligence (churn_risk) INCLUDE (customer_id)",
)


@pytest.mark.parametrize(
    ("statements", "ours"),
    [
        ((RENAMED,), {*OURS} - {"idx_intelligence_ltv"}),
        (MADE_OTHERWISE, {*OURS} - {"idx_intelligence_ltv"}),
        ((COMMENTED,), {*OURS} - {"idx_intelligence_ltv"}),
        (OF_THE_SHOP, {*OURS}),
    ],
)
async def test_what_somebody_made_or_changed_stays_and_is_not_doubled(
    statements: tuple[str, ...], ours: set[str], url: str, engine: AsyncEngine
) -> None:
    await execute(url, *statements)
    before = await indexes(engine)
    await store.publish(engine, await prepared(engine), now=NOW)
    assert were_built_again(ours, before, await indexes(engine))


async def test_who_could_not_make_them_again_leaves_them(url: str, engine: AsyncEngine) -> None:
    before = await indexes(engine)
    await execute(
        url,
        "CREATE ROLE keeper_of_indexes",
        "ALTER TABLE customer_intelligence OWNER TO keeper_of_indexes",
    )
    try:
        await as_somebody(url, "keeper_of_indexes")
    finally:
        await execute(
            url,
            "ALTER TABLE customer_intelligence OWNER TO CURRENT_USER",
            "DROP OWNED BY keeper_of_indexes",
            "DROP ROLE keeper_of_indexes",
        )
    assert await indexes(engine) == before


async def as_somebody(url: str, role: str) -> None:
    """Publish by a user who owns our table and may make nothing beside it."""
    await execute(
        url,
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    )
    async with opened(f"{url}{'&' if '?' in url else '?'}options=-c%20role%3D{role}") as engine:
        async with transaction(engine) as connection:
            assert await connection.scalar(text("SELECT current_user")) == role
        await store.publish(engine, await prepared(engine), now=NOW)


async def test_who_reads_for_long_keeps_them_and_the_night_goes_on(
    url: str, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sort_indexes, "TRY_AGAIN_SECONDS", 0.0)
    before = await indexes(engine)
    async with opened(url) as other, transaction(other) as connection:
        await connection.execute(text("SELECT count(*) FROM customer_intelligence"))
        await store.publish(engine, await prepared(engine), now=NOW)
    assert await indexes(engine) == before
