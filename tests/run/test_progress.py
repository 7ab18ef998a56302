"""How far a run is: what its stages took, and what becomes of writes that fail."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import asdict
from functools import partial

import pytest

from backend import store
from backend.core.errors import LeaseLost
from backend.database.engine import AsyncEngine, create_engine
from backend.run import progress as module
from backend.run.perform import perform
from backend.run.progress import STAGES, Progress, written
from backend.store import leases, runs
from backend.store.migrate import migrate
from backend.store.tables import runs as runs_table
from tests.conftest import NewDatabase, execute
from tests.performed import claimed, config_of
from tests.shops import fill, invented
from tests.waiting import PATIENCE_SECONDS

REFUSE = (
    f"CREATE TRIGGER refuse BEFORE UPDATE ON {runs_table.name} "
    "BEGIN SELECT RAISE(ABORT, 'no room'); END"
)
AGREE = "DROP TRIGGER refuse"


@pytest.fixture
def url(new_sqlite: NewDatabase) -> str:
    return new_sqlite()


@pytest.fixture
async def engine(url: str) -> AsyncIterator[AsyncEngine]:
    made = create_engine(url)
    await migrate(made)
    yield made
    await made.dispose()


async def write(engine: AsyncEngine, run_id: str, token: str, progress: Progress) -> None:
    """Write as a run does."""
    where = {"stage": progress.stage, "share_done": progress.share, "counts": progress.counts}
    await leases.write_progress(engine, run_id, token=token, **where)  # type: ignore[arg-type]


async def test_a_write_that_is_refused_stops_neither_the_next_nor_the_work(
    engine: AsyncEngine, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    run_id, progress = await claimed(engine), Progress()
    caplog.set_level(logging.INFO, logger=module.__name__)
    async with written(progress, partial(write, engine, run_id, "mine")) as write_now:
        await write_now()
        await execute(url, REFUSE)
        progress.enter("forecast")
        await write_now()
        await write_now()
        assert (await runs.get(engine, run_id)).stage == "read"
        await execute(url, AGREE)
        await write_now()
        assert (await runs.get(engine, run_id)).stage == "forecast"
    said = [record.getMessage() for record in caplog.records]
    assert said == ["progress is not written", "progress is written again"]


async def test_what_was_asked_for_later_is_written_later() -> None:
    progress, kept = Progress(), list[str]()
    begun, released, both = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow_at_first(told: Progress) -> None:
        stage = told.stage
        if not begun.is_set():
            begun.set()
            await released.wait()
        kept.append(stage)
        if len(kept) == 2:
            both.set()

    async with written(progress, slow_at_first) as write_now:
        await begun.wait()
        progress.enter("publish")
        later = asyncio.ensure_future(write_now())
        released.set()
        await both.wait()
        await later
        assert kept[:2] == ["read", "publish"]


async def test_the_writing_goes_on_by_itself_after_a_refusal(
    engine: AsyncEngine, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WRITE_EVERY_SECONDS", 0.01)
    run_id, progress = await claimed(engine), Progress()
    await execute(url, REFUSE)
    tries: list[str] = []

    async def counted(told: Progress) -> None:
        tries.append(told.stage)
        await write(engine, run_id, "mine", told)

    async with written(progress, counted):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(tries) < 2:
            assert time.monotonic() < deadline
            await runs.get(engine, run_id)
        await execute(url, AGREE)
        while (await runs.get(engine, run_id)).stage != "read":
            assert time.monotonic() < deadline


async def test_a_run_that_was_taken_away_is_told_so_when_it_writes(engine: AsyncEngine) -> None:
    run_id = await claimed(engine)
    async with written(Progress(), partial(write, engine, run_id, "another")) as write_now:
        with pytest.raises(LeaseLost):
            await write_now()


async def test_the_report_and_the_log_say_what_each_stage_took(
    engine: AsyncEngine, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    shop = invented(60)
    await fill(url, shop)
    run_id = await claimed(engine)
    caplog.set_level(logging.INFO, logger="backend.run")
    began = time.monotonic()
    await perform(config_of(url), run_id, "mine", Progress())
    took = time.monotonic() - began
    report = await store.read_report(engine, run_id)
    assert report is not None
    assert [stage.stage for stage in report.stages] == list(STAGES)
    assert 0 < sum(stage.seconds for stage in report.stages) < took
    read, *others = (stage.rows for stage in report.stages)
    assert read == len(shop.customers) + len(shop.orders)
    assert others == [len(shop.customers)] * 3
    memory = [stage.peak_memory_mib or 0 for stage in report.stages]
    assert memory == sorted(memory)
    assert memory[0] > 0
    logged = [vars(record) for record in caplog.records if record.message == "stage ended"]
    assert [{name: one[name] for name in asdict(report.stages[0])} for one in logged] == [
        asdict(stage) for stage in report.stages
    ]


async def test_one_log_line_says_that_a_run_succeeded_with_its_figures(
    engine: AsyncEngine, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    shop = invented(60)
    await fill(url, shop)
    run_id = await claimed(engine)
    caplog.set_level(logging.INFO, logger="backend.run")
    await perform(config_of(url), run_id, "mine", Progress())
    (line,) = (vars(one) for one in caplog.records if one.getMessage() == "run succeeded")
    report = await store.read_report(engine, run_id)
    assert report is not None
    assert line["run_id"] == run_id
    assert line["customers"] == len(shop.customers)
    assert line["orders"] == sum(order["financial_status"] == "paid" for order in shop.orders)
    assert line["segments"] == len({one.id for one in report.segments} - {"no_orders"})
    assert line["seconds"] > 0
