"""Whoever has a part in a run is killed in its stages: others serve on, and the next run works."""

import asyncio
import os
import re
import signal
import threading
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import select, text

from backend.database.database_clock import database_now
from backend.database.engine import opened, transaction
from backend.run.worker import LEASE
from backend.store.tables import customer_intelligence, runs
from tests import forked
from tests.conftest import NewDatabase, wait_for
from tests.expired import let_the_lease_expire
from tests.language_model import SlowModel
from tests.live import ADMIN_KEY, Live, environment, serving
from tests.performed import NO_WORKER, clustered_shop, performed
from tests.shops import AS_OF
from tests.waiting import LOOK_EVERY_SECONDS, PATIENCE_SECONDS, wait_until

# That a lock tells who publishes is also shown in tests/store/test_runs.py.
pytestmark = [pytest.mark.external, pytest.mark.long]

# None of them needs a table that a test holds to keep a run in a stage, as readiness does.
ASKED = ("/api/mcp/segments", "/api/mcp/customers/4", "/api/mcp/customers?limit=5", "/health/live")
ASK_EVERY_SECONDS = 0.1
LOCK_ORDERS = {
    "postgresql": "LOCK TABLE orders IN ACCESS EXCLUSIVE MODE",
    "mysql": "LOCK TABLES orders WRITE",
}


@pytest.fixture
def slow_model() -> Iterator[SlowModel]:
    """Keep a run at naming for as long as a test wants."""
    model = SlowModel()
    yield model
    model.close()


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
                    os.kill(victim(who, process, tmp_path / "err"), signal.SIGKILL)
                if who == "child":
                    assert "SIGKILL" in str(live.finished()["error"])
            wait_for(lease_over(url))
            assert performed(live, as_of=AS_OF)["state"] == "succeeded"
        killed = live.get(f"/api/admin/runs/{run_id}", ADMIN_KEY).json()
        assert killed["state"] == "failed"
        assert live.get(ASKED[0]).json()["run_id"] not in {before, run_id}
    assert {status for _, status in statuses} == {200}, statuses
    assert {path for path, _ in statuses} == set(ASKED)


@contextmanager
def asked_all_along(live: Live) -> Iterator[Counter[tuple[str, int]]]:
    """Ask one question after the other, and count the answers."""
    statuses: Counter[tuple[str, int]] = Counter()
    over = threading.Event()

    def ask() -> None:
        while not over.wait(ASK_EVERY_SECONDS):
            statuses.update((path, live.get(path).status_code) for path in ASKED)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield statuses
    finally:
        over.set()
        asking.join()


@contextmanager
def kept_in(stage: str, url: str) -> Iterator[None]:
    """Hold what a run needs in a stage; a slow language model keeps each that asks it."""
    if stage == "naming":
        yield
        return
    loop = asyncio.new_event_loop()
    holding = held(stage, url)
    loop.run_until_complete(anext(holding))
    try:
        yield
    finally:
        loop.run_until_complete(holding.aclose())
        loop.close()


async def held(stage: str, url: str) -> AsyncGenerator[None]:
    async with opened(url) as engine, transaction(engine) as connection:
        if stage == "read":
            await connection.execute(text(LOCK_ORDERS[engine.url.get_backend_name()]))
        else:
            await connection.execute(select(customer_intelligence).with_for_update())
        yield


@contextmanager
def at_work(url: str, who: str, model: SlowModel, folder: Path) -> Iterator[forked.Forked]:
    """Start who works off runs: a web process, or a worker of its own."""
    web = who == "web"
    program = ["uvicorn", "backend.main:app", "--port", "0"] if web else ["backend", "worker"]
    named = {"ANTHROPIC_API_KEY": "sk-test", "ANTHROPIC_BASE_URL": model.url}
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


def started(live: Live) -> str:
    asked = {"as_of": AS_OF.isoformat()}
    headers = {"X-API-Key": ADMIN_KEY}
    return str(live.client.post("/api/admin/cluster", json=asked, headers=headers).json()["run_id"])


async def come_to(stage: str, url: str) -> None:
    """Wait until a run is in a stage; when it publishes, until nobody else can have its row."""
    active = runs.c.active == 1
    free = select(runs.c.id).where(active).with_for_update(skip_locked=True)
    async with opened(url) as engine, asyncio.timeout(PATIENCE_SECONDS):
        while True:
            async with transaction(engine) as connection:
                at = await connection.scalar(select(runs.c.stage).where(active))
                if at == stage and (stage == "read" or await connection.scalar(free) is None):
                    return
            await asyncio.sleep(LOOK_EVERY_SECONDS)


def victim(who: str, process: forked.Forked, log: Path) -> int:
    """Return the id of the process to kill; a worker logs that of its child."""
    if who != "child":
        return process.pid
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
