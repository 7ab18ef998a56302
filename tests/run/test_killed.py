"""Whoever has a part in a run is killed in its stages: others serve on, and the next run works."""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import select

from backend.database.database_clock import database_now
from backend.database.engine import opened, transaction
from backend.run.worker import FOLDER
from backend.store.leases import LEASE
from backend.store.tables import runs
from tests import forked
from tests.conftest import NewDatabase, wait_for
from tests.expired import let_the_lease_expire
from tests.language_model import SlowModel
from tests.live import ADMIN_KEY, ENDED, Live, environment, serving
from tests.performed import NO_WORKER, clustered_shop, performed
from tests.remembered import ANEW
from tests.run_in_stages import ASKED, asked_all_along, come_to, kept_in, started
from tests.shops import AS_OF
from tests.waiting import PATIENCE_SECONDS, wait_until

# That a lock tells who publishes is also shown in tests/store/test_runs.py.
pytestmark = pytest.mark.external
LONG_ON_MYSQL = pytest.param("new_mysql", marks=pytest.mark.long)


@pytest.fixture
def slow_model() -> Iterator[SlowModel]:
    """Keep a run at naming for as long as a test wants."""
    model = SlowModel()
    yield model
    model.close()


@pytest.mark.long
@pytest.mark.parametrize("kind", ["new_postgres", "new_mysql"])
@pytest.mark.parametrize(
    ("stage", "who"),
    list(product(("read", "naming", "publish"), ("child", "worker", "web"))),
)
def test_a_kill_in_any_stage_costs_that_run_alone(
    kind: str,
    stage: str,
    who: str,
    request: pytest.FixtureRequest,
    slow_model: SlowModel,
    tmp_path: Path,
) -> None:
    make: NewDatabase = request.getfixturevalue(kind)
    url = make(clustered_shop)
    with serving(url, tmp_path, variables=NO_WORKER) as live:
        before = live.get(ASKED[0]).json()["run_id"]
        with asked_all_along(live) as statuses:
            with at_work(url, who, slow_model, tmp_path) as process:
                with kept_in(stage, url):
                    run_id = started(live)
                    if stage == "naming":
                        wait_until(lambda: slow_model.asked > 0, (tmp_path / "err").read_text)
                    else:
                        wait_for(come_to(stage, url))
                    assert wait_for(lease_seconds(url)) <= LEASE.total_seconds()
                    assert list(tmp_path.glob(f"{FOLDER}*"))
                    os.kill(victim(who, process, tmp_path / "err"), signal.SIGKILL)
                if who == "child":
                    assert "SIGKILL" in str(live.finished()["error"])
            wait_for(lease_over(url))
            assert performed(live, as_of=AS_OF)["state"] == "succeeded"
        killed = live.get(f"/api/admin/runs/{run_id}", ADMIN_KEY).json()
        assert killed["state"] == "failed"
        assert live.get(ASKED[0]).json()["run_id"] not in {before, run_id}
    wait_until(lambda: not list(tmp_path.glob(f"{FOLDER}*")), lambda: [*tmp_path.iterdir()])
    assert {status for _, status in statuses} == {200}, statuses
    assert {path for path, _ in statuses} == set(ASKED)


@pytest.mark.parametrize("kind", ["new_postgres", LONG_ON_MYSQL])
@pytest.mark.parametrize(
    ("stage", "before"),
    [("forecast", "read"), pytest.param("segments", "forecast", marks=pytest.mark.long)],
)
def test_a_kill_while_it_computes_costs_that_run_alone(
    kind: str, stage: str, before: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    make: NewDatabase = request.getfixturevalue(kind)
    with serving(make(clustered_shop), tmp_path, variables=ANEW) as live:
        served = live.get(ASKED[0]).json()["run_id"]
        run_id = started(live)
        wait_until(lambda: has_ended(before, live) or live.state() in ENDED, live.log.read_text)
        os.kill(child_of(live.log), signal.SIGKILL)
        ended = live.finished()
        assert not has_ended(stage, live), "it was over before the kill"
        assert (ended["run_id"], ended["state"]) == (run_id, "failed")
        assert "SIGKILL" in str(ended["error"])
        assert live.get(ASKED[0]).json()["run_id"] == served
        again = live.cluster(as_of=AS_OF.isoformat())
        assert again["state"] == "succeeded"
        assert live.get(ASKED[0]).json()["run_id"] == again["run_id"]


def has_ended(stage: str, live: Live) -> bool:
    """Whether the log says that a run has left a stage."""
    return re.search(f'"stage ended".*"stage": "{stage}"', live.log.read_text()) is not None


@contextmanager
def at_work(url: str, who: str, model: SlowModel, folder: Path) -> Iterator[forked.Forked]:
    """Start who works off runs: a web process, or a worker of its own."""
    web = who == "web"
    program = ["uvicorn", "backend.main:app", "--port", "0"] if web else ["backend", "worker"]
    named = {"ANTHROPIC_API_KEY": "sk-test", "ANTHROPIC_BASE_URL": model.url, "TMPDIR": str(folder)}
    process = forked.start(
        program[0],
        program[1:],
        folder=folder,
        variables=environment(url, named),
        stdout=folder / "out",
        stderr=folder / "err",
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def victim(who: str, process: forked.Forked, log: Path) -> int:
    """Return the id of the process to kill."""
    return child_of(log) if who == "child" else process.pid


def child_of(log: Path) -> int:
    """Return the id of the process that does a run."""
    found = re.search(r"run started.*child\D+(\d+)", log.read_text())
    assert found is not None, log.read_text()
    return int(found[1])


async def lease_seconds(url: str) -> float:
    """Return for how long nobody may take the active run's place."""
    columns = (runs.c.lease_until, database_now().label("now"))
    async with opened(url) as engine, transaction(engine) as connection:
        row = (await connection.execute(select(*columns).where(runs.c.active == 1))).one()
    seconds: float = (row.lease_until - row.now).total_seconds()
    return seconds


async def lease_over(url: str) -> None:
    async with opened(url) as engine:
        await let_the_lease_expire(engine)
