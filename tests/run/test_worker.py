"""Whoever works off runs waits for nothing for ever, and says how each ended."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import inspect, update

from backend.core.errors import DatabaseUnavailable
from backend.database import changes
from backend.database.bounds import hurried
from backend.database.engine import AsyncEngine, create_engine, opened, transaction
from backend.run import background as background_module
from backend.run import child, worker
from backend.run.background import BackgroundWork
from backend.run.worker import work_once
from backend.store import leases, runs
from backend.store.all_tables import intelligence
from backend.store.migrate import VERSION_TABLE
from backend.store.run_request import RunRequest
from backend.store.run_row import LEASE_EXPIRED
from backend.store.tables import runs as runs_table
from tests import forked
from tests.conftest import NewDatabase, wait_for
from tests.databases import execute, migrated
from tests.expired import let_the_lease_expire
from tests.language_model import SlowModel
from tests.live import environment
from tests.performed import config_of
from tests.shops import fill, invented
from tests.waiting import PATIENCE_SECONDS, wait_until


@pytest.fixture
def url(new_sqlite: NewDatabase) -> str:
    made = new_sqlite(migrated)
    wait_for(fill(made, invented(60)))
    return made


@pytest.fixture
async def engine(url: str) -> AsyncIterator[AsyncEngine]:
    made = create_engine(url)
    yield made
    await made.dispose()


@pytest.fixture
def slow_model() -> Iterator[SlowModel]:
    """Keep a run at work for as long as a test wants."""
    model = SlowModel()
    yield model
    model.close()


def slow(model: SlowModel) -> dict[str, str]:
    return {"anthropic_api_key": "sk-test", "anthropic_base_url": model.url}


async def test_a_process_that_cannot_be_started_fails_its_run_in_words(
    engine: AsyncEngine, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.run.worker.sys.executable", "/nowhere/python")
    run = await runs.enqueue(engine, RunRequest())
    assert await work_once(engine, config_of(url), asyncio.Event())
    failed = await runs.get(engine, run.id)
    assert failed.state == "failed"
    assert "could not be started" in str(failed.error)
    assert "/nowhere/python" in str(failed.error)


async def test_a_run_is_ended_after_its_time(
    engine: AsyncEngine, url: str, slow_model: SlowModel
) -> None:
    run = await runs.enqueue(engine, RunRequest())
    await work_once(engine, config_of(url, run_seconds=1), asyncio.Event())
    failed = await runs.get(engine, run.id)
    assert (failed.state, failed.error) == ("failed", worker.TOO_LONG.format(1))


BY_ITSELF = {"state": "succeeded"}
BY_OTHERS = {"state": "failed", "error": LEASE_EXPIRED}


@pytest.mark.parametrize(("end", "said"), [(BY_ITSELF, []), (BY_OTHERS, ["lease lost"])])
async def test_only_a_run_that_was_taken_away_has_lost_its_lease(
    engine: AsyncEngine,
    url: str,
    end: dict[str, str],
    said: list[str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(worker, "CHILD", "import time; time.sleep(3600)")  # lingers at its end
    monkeypatch.setattr(worker, "RENEW_EVERY_SECONDS", 0.01)
    monkeypatch.setattr(worker, "LAST_MOMENT_SECONDS", 0.5)
    run = await runs.enqueue(engine, RunRequest())
    working = asyncio.create_task(work_once(engine, config_of(url), asyncio.Event()))
    while (await runs.get(engine, run.id)).state != "running":  # noqa: ASYNC110, it tells no event
        await asyncio.sleep(0)
    async with transaction(engine) as connection:
        mine = update(runs_table).where(runs_table.c.id == run.id)
        await connection.execute(mine.values(active=None, **end))
    assert await working
    found = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.getMessage() for record in found] == said


async def test_whoever_renews_a_lease_takes_a_publication_for_no_trouble(
    migrated_url: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "_changes", changes.StateOfDatabases(is_logged=True))
    lease = hurried(worker.LEASE_STATEMENT_SECONDS)
    async with opened(migrated_url) as ours, opened(migrated_url, bounds=lease) as keeper:
        run = await runs.enqueue(ours, RunRequest())
        await leases.claim(ours, token="mine", lease=leases.LEASE)
        renewing = partial(leases.renew, keeper, run.id, token="mine", lease=leases.LEASE)
        async with transaction(ours) as publication:
            await publication.execute(update(runs_table).values(share_done=0.9))
            with pytest.raises(DatabaseUnavailable, match="locked"):
                await renewing()
        await renewing()
    assert not caplog.records


def command(url: str, folder: Path, name: str, model: SlowModel) -> forked.Forked:
    variables = {"ANTHROPIC_API_KEY": "sk-test", "ANTHROPIC_BASE_URL": model.url}
    return forked.start(
        "backend",
        [name],
        folder=folder,
        variables=environment(url, variables),
        stdout=folder / "out",
        stderr=folder / "err",
    )


@pytest.mark.parametrize(
    ("name", "number", "code"),
    [
        ("cluster", signal.SIGTERM, 1),
        pytest.param("cluster", signal.SIGINT, 1, marks=pytest.mark.long),
        pytest.param("cluster", signal.SIGHUP, 1, marks=pytest.mark.long),
        ("worker", signal.SIGTERM, 0),
        pytest.param("worker", signal.SIGINT, 0, marks=pytest.mark.long),
        pytest.param("worker", signal.SIGHUP, 0, marks=pytest.mark.long),
    ],
)
def test_a_command_that_is_asked_to_end_hands_its_run_back(
    url: str, slow_model: SlowModel, tmp_path: Path, name: str, number: signal.Signals, code: int
) -> None:
    process = command(url, tmp_path, name, slow_model)
    if name == "worker":
        wait_for(queue(url))
    wait_until(lambda: slow_model.asked > 0, (tmp_path / "err").read_text)
    process.send_signal(number)
    assert process.wait(PATIENCE_SECONDS) == code, (tmp_path / "err").read_text()
    wait_until(slow_model.is_left)
    assert wait_for(ended(url)) == ("failed", worker.STOPPED)


def test_a_run_leaves_the_processor_to_who_serves_and_has_no_pandas_in_memory() -> None:
    code = worker.CHILD.format(root=str(Path(worker.__file__).parents[2]))
    waits_to_be_told = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
    try:
        usual = os.getpriority(os.PRIO_PROCESS, 0)
        of_run = partial(os.getpriority, os.PRIO_PROCESS, waits_to_be_told.pid)
        wait_until(lambda: of_run() == min(usual + child.NICER_BY, 19))
        loaded = Path(f"/proc/{waits_to_be_told.pid}/maps").read_text()
        assert ("/sklearn/" in loaded, "/pandas/" in loaded) == (True, False)
    finally:
        waits_to_be_told.kill()
        waits_to_be_told.communicate()


async def queue(url: str) -> None:
    made = create_engine(url)
    await runs.enqueue(made, RunRequest())
    await made.dispose()


async def ended(url: str) -> tuple[str, str | None]:
    made = create_engine(url)
    run = await runs.latest(made)
    await made.dispose()
    assert run is not None
    return run.state, run.error


def test_a_worker_that_slept_through_its_lease_changes_nothing(
    url: str, slow_model: SlowModel, tmp_path: Path
) -> None:
    process = command(url, tmp_path, "worker", slow_model)
    wait_for(queue(url))
    wait_until(lambda: slow_model.asked > 0, (tmp_path / "err").read_text)
    process.send_signal(signal.SIGSTOP)
    lost, taken = wait_for(taken_away(url))
    process.send_signal(signal.SIGCONT)
    wait_until(slow_model.is_left)
    assert wait_for(seen(url, lost)) == ("failed", LEASE_EXPIRED)
    assert wait_for(seen(url, taken)) == ("running", None)
    process.terminate()
    assert process.wait(PATIENCE_SECONDS) == 0


async def taken_away(url: str) -> tuple[str, str]:
    """Let somebody else find the lease expired, and begin a run of their own."""
    made = create_engine(url)
    lost = await runs.latest(made)
    await let_the_lease_expire(made)
    taken = await runs.enqueue(made, RunRequest())
    await leases.claim(made, token="theirs", lease=leases.LEASE)
    await made.dispose()
    assert lost is not None
    return lost.id, taken.id


async def seen(url: str, run_id: str) -> tuple[str, str | None]:
    made = create_engine(url)
    run = await runs.get(made, run_id)
    await made.dispose()
    return run.state, run.error


async def test_what_fails_beside_the_requests_is_said_once_and_tried_again(
    url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    answers: list[Exception | None] = [DatabaseUnavailable("intelligence")]
    answers += [RuntimeError("no idea")] * 3 + [None]

    async def migrate(*_: object, **__: object) -> None:
        answer = answers.pop(0)
        if answer is not None:
            raise answer

    monkeypatch.setattr(background_module, "migrate", migrate)
    monkeypatch.setattr(background_module, "RETRY_SECONDS", 0.01)
    caplog.set_level(logging.INFO, logger=background_module.__name__)
    work = BackgroundWork(config=config_of(url), auto_migrate=True, run_worker=False)
    await work.begin()
    assert work.state.problem == str(DatabaseUnavailable("intelligence"))
    stop = asyncio.Event()
    going_on = asyncio.create_task(work.go_on(stop))
    while answers or work.state.problem:  # noqa: ASYNC110, it tells no event
        await asyncio.sleep(0)
    stop.set()
    await going_on
    assert work.state.doing == "ended"
    said = [record.getMessage() for record in caplog.records]
    assert said == ["migrations wait", "the work beside the requests failed; it is tried again"]


@pytest.mark.parametrize(("run_worker", "said"), [(True, ["database away, waiting"]), (False, [])])
async def test_tables_that_are_gone_are_made_again(
    new_database: NewDatabase,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    run_worker: bool,
    said: list[str],
) -> None:
    monkeypatch.setattr(worker, "POLL_EVERY_SECONDS", 0.01)
    monkeypatch.setattr(background_module, "IDLE_LOOK_SECONDS", 0.01)
    caplog.set_level(logging.WARNING, logger="backend.run")
    url = new_database(migrated)
    work = BackgroundWork(config=config_of(url), auto_migrate=True, run_worker=run_worker)
    await work.begin()
    ours = [VERSION_TABLE, *(table.name for table in reversed(intelligence.sorted_tables))]
    await execute(url, *(f"DROP TABLE {name}" for name in ours))
    stop = asyncio.Event()
    going_on = asyncio.create_task(work.go_on(stop))
    while not await has_our_tables(url):  # noqa: ASYNC110, it tells no event
        await asyncio.sleep(0)
    stop.set()
    await going_on
    ours_told = [one for one in caplog.records if one.name.startswith("backend")]
    assert [record.getMessage() for record in ours_told] == said


async def has_our_tables(url: str) -> bool:
    async with opened(url) as made, made.connect() as connection:
        there = await connection.run_sync(lambda one: inspect(one).get_table_names())
        return intelligence.tables.keys() <= set(there)


async def test_a_failure_that_cannot_be_written_is_logged(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    await execute(url, "DROP TABLE intelligence_runs")
    await child.perform_or_fail(config_of(url), "nobody", "token")
    (record,) = (one for one in caplog.records if one.name == child.__name__)
    assert record.getMessage() == "run failed"
    assert "Our tables are not all there" in vars(record)["reason"]
