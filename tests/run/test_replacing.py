"""What replaces what is served unasked, and what does not."""

import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend import store
from backend.core.errors import InvalidRunRequest, LeaseLost
from backend.database.engine import AsyncEngine, create_engine, transaction
from backend.run import perform as perform_module
from backend.run.perform import perform
from backend.run.progress import Progress
from backend.store import runs
from backend.store.run_request import RunRequest
from backend.store.run_row import Run
from backend.store.tables import customer_intelligence
from backend.wording.unpublished_sentences import REASONS
from tests.conftest import NewDatabase, execute, in_turns, wait_for
from tests.databases import migrated
from tests.live import command, serving
from tests.performed import (
    CLUSTERED_CUSTOMERS,
    NO_WORKER,
    claimed,
    clustered,
    clustered_shop,
    config_of,
)
from tests.shops import AS_OF, fill, invented

YEAR_1 = datetime(1, 1, 1, tzinfo=UTC)


@pytest.fixture
def url(new_sqlite: NewDatabase) -> str:
    """Copy a shop that one run has seen: what replaces what does not depend on the database."""
    return new_sqlite(clustered_shop)


@pytest.fixture
async def engine(url: str) -> AsyncIterator[AsyncEngine]:
    made = create_engine(url)
    yield made
    await made.dispose()


async def served(engine: AsyncEngine) -> Any:
    async with transaction(engine) as connection:
        rows = (await connection.execute(select(customer_intelligence))).all()
        return rows, await runs.published(connection), await store.read_segments(connection)


async def newest(engine: AsyncEngine) -> Run:
    found = await runs.latest(engine)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("changes", "wanted", "reason"),
    [
        ("DELETE FROM customers", {}, "nothing_read"),
        ("DELETE FROM orders", {}, "nothing_read"),
        ("DELETE FROM customers WHERE id > 39", {}, "lost_customers"),
        ("SELECT 1", {"as_of": AS_OF - timedelta(seconds=1)}, "older_than_served"),
        ("SELECT 1", {"as_of": YEAR_1}, "older_than_served"),
        ("SELECT 1", {"publish": "never"}, None),
    ],
)
async def test_a_run_that_looks_wrong_reports_and_replaces_nothing(
    engine: AsyncEngine, url: str, changes: str, wanted: dict[str, Any], reason: str | None
) -> None:
    before = await served(engine)
    await execute(url, changes)
    report = await clustered(engine, url, **wanted)
    run = await newest(engine)
    assert (run.state, run.published, run.not_published) == ("succeeded", False, reason)
    assert report["notes"][0].startswith("Nothing was published")
    assert await served(engine) == before


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ("DELETE FROM customers WHERE id > 40", {}),  # exactly half of them are left
        ("SELECT 1", {"as_of": AS_OF}),
        ("DELETE FROM customers", {"publish": "always"}),
        ("SELECT 1", {"as_of": YEAR_1, "publish": "always"}),
    ],
)
async def test_what_looks_right_or_is_asked_for_is_published(
    engine: AsyncEngine, url: str, changes: str, wanted: dict[str, Any]
) -> None:
    await execute(url, changes)
    await clustered(engine, url, **wanted)
    run = await newest(engine)
    assert (run.published, run.not_published) == (True, None)


TO_TEXTS = (
    "CREATE TABLE people AS SELECT CAST(id AS TEXT) AS id, email FROM customers",
    "INSERT INTO people VALUES ('cus_a', 'a@example.com')",
    "DROP TABLE customers",
    "ALTER TABLE people RENAME TO customers",
)
# What happened since, of which instant the run is to be, who is there then, and why it is doubted.
SINCE = {
    "nothing is read": (("DELETE FROM customers",), AS_OF, 0, "nothing_read"),
    "most are lost": (("DELETE FROM customers WHERE id > 39",), AS_OF, 39, "lost_customers"),
    "it is older": ((), AS_OF - timedelta(days=1), CLUSTERED_CUSTOMERS, "older_than_served"),
    "it is as old": ((), AS_OF, CLUSTERED_CUSTOMERS, None),
    "ids are texts now": (TO_TEXTS, AS_OF, CLUSTERED_CUSTOMERS + 1, None),
}


@in_turns("publish")
@pytest.mark.parametrize("publish", ["auto", "always", "never"])
@pytest.mark.parametrize("since", SINCE)
async def test_who_asks_decides_and_who_leaves_it_to_the_run_is_kept_from_what_looks_wrong(
    engine: AsyncEngine, url: str, since: str, publish: str
) -> None:
    changes, as_of, there, doubt = SINCE[since]
    reason = doubt if publish == "auto" else None
    is_published = publish == "always" or (publish == "auto" and doubt is None)
    before = await served(engine)
    await execute(url, *changes)
    report = await clustered(engine, url, as_of=as_of, publish=publish)
    run = await newest(engine)
    assert (run.state, run.published, run.not_published) == ("succeeded", is_published, reason)
    assert report["customers"]["total"] == there
    rows, published, _ = after = await served(engine)
    if is_published:
        assert (len(rows), published.run_id, published.as_of) == (there, run.id, as_of)
    else:
        assert after == before


async def test_two_dates_are_compared_by_runs_that_only_report(
    engine: AsyncEngine, url: str
) -> None:
    shop, before = invented(CLUSTERED_CUSTOMERS), await served(engine)
    dates = [AS_OF - timedelta(days=200), AS_OF + timedelta(days=30)]
    ids = [(await clustered(engine, url, as_of=one, publish="never"))["run_id"] for one in dates]
    for as_of, run_id in zip(dates, ids, strict=True):
        report = await store.read_report(engine, run_id)
        assert report is not None
        assert report.as_of == as_of
        assert report.orders.counted == sum(
            order["created_at"] < as_of.replace(tzinfo=None)
            for person in shop.customers
            for order in shop.counted(person["id"])
        )
    assert await served(engine) == before


async def test_a_run_that_only_reports_is_cancelled_like_any_other(
    engine: AsyncEngine, url: str
) -> None:
    before = await served(engine)
    run_id = await claimed(engine, publish="never")
    assert (await runs.cancel(engine, run_id, by="somebody")).state == "cancelled"
    with pytest.raises(LeaseLost):
        await perform(config_of(url), run_id, "mine", Progress())
    assert await store.read_report(engine, run_id) is None
    assert await served(engine) == before
    again = await clustered(engine, url, publish="never")
    assert again["run_id"] == (await newest(engine)).id


async def test_what_is_not_published_is_warned_of_once_a_day(
    engine: AsyncEngine, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, logger=perform_module.__name__)
    await execute(url, "DELETE FROM customers")
    said = []
    for ended in ("finished_at", "'2024-01-01'"):  # the first two of a day, then of an earlier one
        await execute(url, f"UPDATE intelligence_runs SET finished_at = {ended}")
        for _ in range(2):
            await clustered(engine, url)
            said.append(len(caplog.records))
    assert said == [1, 1, 2, 2]
    assert {record.getMessage() for record in caplog.records} == {"run not published"}


def test_a_command_that_published_nothing_says_so_and_one_that_was_not_to_is_done(
    url: str, tmp_path: Path
) -> None:
    as_of = ("--as-of", AS_OF.isoformat())
    assert command(url, tmp_path, "cluster", "--dry-run", *as_of).returncode == 0
    wait_for(execute(url, "DELETE FROM customers"))
    refused = command(url, tmp_path, "cluster", *as_of)
    assert refused.returncode == 1
    assert REASONS["nothing_read"] in " ".join(refused.stderr.split())
    with serving(url, tmp_path, variables=NO_WORKER) as live:
        health = live.get("/health")
        assert (health.status_code, health.json()["status"]) == (200, "degraded")
        assert health.json()["degraded"] == ["not_published"]
    assert command(url, tmp_path, "cluster", "--dry-run", *as_of).returncode == 0
    assert command(url, tmp_path, "cluster", "--publish", "always", *as_of).returncode == 0


async def test_a_shop_without_customers_publishes_nothing_even_first(
    new_sqlite: NewDatabase,
) -> None:
    url = new_sqlite(migrated)
    await fill(url, invented(0))
    first = create_engine(url)
    await clustered(first, url)
    assert (await newest(first)).not_published == "nothing_read"
    await first.dispose()


async def test_what_a_newer_version_asked_for_is_shown_and_not_run(
    engine: AsyncEngine, url: str
) -> None:
    queued = await runs.enqueue(engine, RunRequest(publish="never"))
    later = """UPDATE intelligence_runs SET request = '{"as_of": null, "audience": "all"}' """
    await execute(url, f"{later} WHERE id = '{queued.id}'")
    shown = (await runs.get(engine, queued.id)).request
    assert shown.unknown == ("audience",)
    with pytest.raises(InvalidRunRequest, match="newer version"):
        shown.refuse_unknown()
