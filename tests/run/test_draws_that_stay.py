"""A draw is the same whoever starts a campaign, whatever is published meanwhile, and stays so."""

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from backend.database.engine import AsyncEngine, opened
from tests.campaign_shop import THEN, asked, campaign_shop, described, salted, started
from tests.conftest import NewDatabase, execute, on_one_kind, wait_for
from tests.live import Live, serving
from tests.performed import performed
from tests.shops import AS_OF
from tests.waiting import PATIENCE_SECONDS

MEMBERS = "SELECT customer_id, is_held_out, stratum FROM intelligence_campaign_members"
HELD_OUT = (
    "SELECT customer_id, held_out_until FROM customer_intelligence WHERE held_out_until IS NOT NULL"
)
RUNS_SERVED = "SELECT DISTINCT run_id FROM customer_intelligence"
WAITING = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
publish = import_module("backend.store.publish")  # the package has a function of that name
Step = Callable[..., Coroutine[Any, Any, Any]]


def table(url: str, statement: str) -> list[tuple[Any, ...]]:
    async def read() -> list[tuple[Any, ...]]:
        async with opened(url) as engine, engine.connect() as connection:
            return sorted(tuple(row) for row in await connection.execute(text(statement)))

    return wait_for(read())


def who_is_held_out(url: str) -> set[str]:
    return {str(row[0]) for row in table(url, HELD_OUT)}


def test_a_draft_is_drawn_the_same_by_every_process(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    """By two processes whose hashes and memory have nothing in common, of one draft."""
    url = new_sqlite(campaign_shop)
    with serving(url, tmp_path, variables=THEN) as live:
        draft = described(live)
    others = f"sqlite:///{tmp_path / 'another.db'}"
    with sqlite3.connect(url.removeprefix("sqlite:///")) as shop:
        shop.execute(f"VACUUM INTO '{tmp_path / 'another.db'}'")
    for each, seed in ((url, "1"), (others, "2")):
        seeded = {**THEN, "PYTHONHASHSEED": seed}
        with serving(each, tmp_path, variables=seeded, anew=True) as live:
            assert asked(live, "POST", f"/{draft['id']}/start").status_code == 200
    drawn = table(url, MEMBERS)
    assert 0 < sum(row[1] for row in drawn) < len(drawn)
    assert drawn == table(others, MEMBERS)


@on_one_kind
def test_a_draw_outlives_restarts_and_is_every_replicas(
    new_database: NewDatabase, tmp_path: Path
) -> None:
    url = new_database(campaign_shop)
    with serving(url, tmp_path, variables=THEN) as live:
        campaign = started(live)
        reach = f"/{campaign['id']}/treated?limit=1000"
        told, drawn = asked(live, "GET", reach).json()["customers"], table(url, MEMBERS)
        with serving(url, tmp_path, variables=THEN) as replica:
            assert asked(replica, "GET", reach).json()["customers"] == told
            assert asked(replica, "POST", f"/{campaign['id']}/start").status_code == 409
    with serving(url, tmp_path, variables=THEN) as again:
        performed(again, as_of=AS_OF)
        now = asked(again, "GET", reach).json()["customers"]
        assert [one["customer_id"] for one in now] == [one["customer_id"] for one in told]
        assert asked(again, "POST", f"/{campaign['id']}/start").status_code == 409
    assert table(url, MEMBERS) == drawn
    assert who_is_held_out(url) == {row[0] for row in drawn if row[1]}


@dataclass
class Race:
    """A campaign's start that meets a publication, in the middle of what either does.

    Attributes
    ----------
    live
        The service that starts it.
    campaign_id
        A draft.
    started
        What the start answers, once the publication has come so far.
    """

    live: Live
    campaign_id: str
    threads: ThreadPoolExecutor
    started: Future[httpx.Response] | None = None

    def start(self) -> None:
        """Ask for the start, and do not wait for its answer."""
        path = f"/{self.campaign_id}/start"
        self.started = self.threads.submit(asked, self.live, "POST", path)

    async def wait_for(self, waiting: int) -> None:
        """Wait until so many wait for locks, or the start no longer does.

        Each look is a transaction, which sees one state.
        """
        async with opened(self.live.url) as engine, asyncio.timeout(PATIENCE_SECONDS):
            while await self._waiting(engine) < waiting and not self._is_answered():  # noqa: ASYNC110, a server's
                await asyncio.sleep(0.01)

    def _is_answered(self) -> bool:
        return self.started is not None and self.started.done()

    async def _waiting(self, engine: AsyncEngine) -> int:
        async with engine.connect() as connection:
            return await connection.scalar(text(WAITING)) or 0

    async def before(self, step: Step, *told: Any) -> Any:
        """Have the start draw ahead of a publication's first step, and hold what that waits for."""
        if self.started is not None:
            return await step(*told)
        async with opened(self.live.url) as engine, engine.begin() as connection:
            await connection.execute(text("LOCK TABLE intelligence_campaign_members IN SHARE MODE"))
            self.start()
            await self.wait_for(1)
            done = asyncio.create_task(step(*told))
            await self.wait_for(2)
        return await done

    async def after(self, step: Step, *told: Any) -> Any:
        """Have the start come when a publication is nearly done, and wait for it."""
        if self.started is None:
            self.start()
            await self.wait_for(1)
        return await step(*told)


@pytest.mark.parametrize("new_database", ["postgresql"], indirect=True)
def test_a_start_and_a_publication_come_to_the_same_whichever_is_first(
    new_database: NewDatabase, tmp_path: Path
) -> None:
    found = []
    for name, starts_first in (("finish", True), ("append_history", False)):
        url, before, answer = met(new_database, tmp_path, name, starts_first)
        campaign = answer.json()
        assert campaign["state"] == "running", campaign
        served = table(url, RUNS_SERVED)
        assert len(served) == 1
        assert served != before  # the run was published
        drawn_of = before if starts_first else served
        assert [(campaign["drawn"]["run_id"],)] == drawn_of
        held = table(url, HELD_OUT)
        assert {str(row[0]) for row in held} == {row[0] for row in table(url, MEMBERS) if row[1]}
        found.append((table(url, MEMBERS), held))
    assert found[0] == found[1]


def met(
    new_database: NewDatabase, folder: Path, name: str, starts_first: bool
) -> tuple[str, list[tuple[Any, ...]], httpx.Response]:
    """Have a start meet a publication, and return where, which run was served, and its answer.

    They meet again elsewhere where the start has waited for longer than it does, as on a busy
    machine.
    """
    while True:
        url = new_database(campaign_shop)
        with (
            serving(url, folder, variables=THEN) as live,
            ThreadPoolExecutor(1) as threads,
            pytest.MonkeyPatch.context() as patched,
        ):
            draft = described(live)
            salted(url)
            before = table(url, RUNS_SERVED)
            race = Race(live, draft["id"], threads)
            meet = race.before if starts_first else race.after
            patched.setattr(publish, name, partial(meet, getattr(publish, name)))
            performed(live, as_of=AS_OF)
            assert race.started is not None
            answer = race.started.result()
        if answer.status_code != 503:
            return url, before, answer


# Whoever reads the shop's orders is kept so long that the other one reads them too.
SLOW_ORDERS = (
    "ALTER TABLE orders RENAME TO orders_at_once",
    "CREATE FUNCTION slowly() RETURNS SETOF orders_at_once LANGUAGE plpgsql AS"
    " 'BEGIN PERFORM pg_sleep(1.5); RETURN QUERY SELECT * FROM orders_at_once; END'",
    "CREATE VIEW orders AS SELECT * FROM slowly()",
)


@pytest.mark.parametrize("new_database", ["postgresql"], indirect=True)
def test_of_two_that_start_at_once_the_second_says_whom_the_first_holds_out(
    new_database: NewDatabase, tmp_path: Path
) -> None:
    url = new_database(campaign_shop)
    with serving(url, tmp_path, variables=THEN) as live, ThreadPoolExecutor(2) as threads:
        drafts = [described(live, name=name)["id"] for name in ("First", "Second")]
        wait_for(execute(url, *SLOW_ORDERS))
        answers = [*threads.map(partial(started_in_the_end, live), drafts)]
    first, second = sorted(answers, key=lambda one: one["already_held_out"])
    held_out = first["drawn"]["arms"]["held_out"]
    assert (first["already_held_out"], second["already_held_out"]) == (0, held_out)
    for one in answers:
        promised, arms = one["promise"]["audience"], one["drawn"]["arms"]
        assert sum(promised.values()) == sum(arms.values())
        # Where the walk along customers begins is drawn too: it holds out one more or less.
        assert abs(promised["held_out"] - arms["held_out"]) <= 1
    assert sum(second["drawn"]["arms"].values()) == first["drawn"]["arms"]["treated"]
    out = [row[0] for row in table(url, MEMBERS) if row[1]]
    assert len(out) == len({*out}) == held_out + second["drawn"]["arms"]["held_out"]
    assert who_is_held_out(url) == {*out}


def started_in_the_end(live: Live, campaign_id: str) -> dict[str, Any]:
    """Start it; once more where the other one has held our tables for longer than is waited."""
    path = f"/{campaign_id}/start"
    while (answer := asked(live, "POST", path)).status_code == 503:
        pass
    assert answer.status_code == 200, answer.text
    return dict(answer.json())
