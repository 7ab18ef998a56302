"""History has each segment of each run, adds up, and outlives runs, customers and versions."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, insert, text

from backend import store
from backend.core.customer_id import CustomerId
from backend.core.errors import LeaseLost
from backend.database.engine import AsyncEngine, create_engine, opened, transaction
from backend.results.segment_in_run import SegmentInRun
from backend.store.migrate import exclusively, migrate
from backend.store.publication import Publication
from backend.store.segment_history import HistoryFilter
from backend.store.tables import runs as runs_table
from tests.conftest import NewDatabase, takes_its_turn
from tests.expired import let_the_lease_expire
from tests.store.installation_10_0 import restore
from tests.store.stored_results import builds_with, text_of
from tests.store.test_publish import INTEGERS, NOW, TEXTS, prepared, segment
from tests.store.test_upgrade import configured

DAY = timedelta(days=1)
SUMS = {
    "historical_revenue": "historical_value",
    "expected_revenue": "predicted_value",
    "revenue_at_risk": "value_at_risk",
}


@pytest.fixture
async def engine(migrated_url: str) -> AsyncIterator[AsyncEngine]:
    made = create_engine(migrated_url)
    yield made
    await made.dispose()


async def history(engine: AsyncEngine, limit: int = 100, **sought: Any) -> list[SegmentInRun]:
    async with transaction(engine) as connection:
        return await store.read_history(connection, HistoryFilter(**sought), limit=limit)


async def added_up(engine: AsyncEngine, segments: set[str]) -> dict[str, float | None]:
    """Add the published rows of some segments up, by hand."""
    async with transaction(engine) as connection:
        found = await connection.execute(text("SELECT * FROM customer_intelligence"))
        rows = [row for row in found.mappings() if row["archetype_id"] in segments]
    known = {
        name: [Decimal(str(row[number])) for row in rows if row[number] is not None]
        for name, number in SUMS.items()
    }
    return {name: float(sum(some)) if some else None for name, some in known.items()}


async def in_a_group(engine: AsyncEngine, **changes: Any) -> Publication:
    """Prepare a run whose two segments are the parts of one group, in euros."""
    group = replace(segment("all", 3), is_group=True)
    parts = [replace(segment(one, n), parent_id="all") for one, n in (("alpha", 1), ("beta", 2))]
    shown = [replace(one, currency="EUR") for one in (*parts, group)]
    return replace(await prepared(engine), segments=shown, **changes)


async def test_a_run_leaves_each_segment_and_group_with_what_its_customers_bring(
    engine: AsyncEngine,
) -> None:
    publication = await in_a_group(engine)
    await store.publish(engine, publication, now=NOW)
    kept = {one.segment_id: one for one in await history(engine)}
    for name, inside in {"alpha": {"alpha"}, "beta": {"beta"}, "all": {"alpha", "beta"}}.items():
        sums = await added_up(engine, inside)
        assert {column: getattr(kept[name], column) for column in SUMS} == sums
    group = kept["all"]
    assert (group.customer_count, group.churn_risk_avg, group.is_group) == (3, 0.5, True)
    assert (group.currency, group.as_of, group.published_at) == ("EUR", NOW, NOW)
    assert {one.horizons for one in kept.values()} == {publication.report.horizons}
    assert list(kept) == ["alpha", "beta", "all"]


@takes_its_turn
async def test_the_latest_runs_come_first_and_some_can_be_asked_for(engine: AsyncEngine) -> None:
    days = [NOW - 2 * DAY, NOW, NOW - DAY]
    for as_of in days:
        await store.publish(engine, await in_a_group(engine, as_of=as_of), now=NOW)
    told = await history(engine, segment_ids=["beta"])
    assert [one.as_of for one in told] == sorted(days, reverse=True)
    assert {one.segment_id for one in told} == {"beta"}
    assert [one.as_of for one in await history(engine, segment_ids=["beta"], limit=1)] == [NOW]
    assert {one.as_of for one in await history(engine, limit=2)} == {NOW, NOW - DAY}
    since = await history(engine, segment_ids=["alpha"], since=NOW - DAY, before=NOW)
    assert [one.as_of for one in since] == [NOW - DAY]
    assert await history(engine, segment_ids=["nobody"]) == []


@takes_its_turn
async def test_history_outlives_its_run_and_its_customers(engine: AsyncEngine) -> None:
    first = await in_a_group(engine, retention=DAY)
    await store.publish(engine, first, now=NOW)
    later = await in_a_group(engine, retention=DAY)
    await store.publish(engine, later, now=NOW + 9 * DAY)
    async with transaction(engine) as connection:
        known = await connection.scalars(text("SELECT id FROM intelligence_runs"))
        assert known.all() == [later.run_id]
        before = await store.read_history(connection, HistoryFilter(), limit=9)
        await store.erase_rows(connection, [CustomerId("7")])
    assert {one.run_id for one in before} == {first.run_id, later.run_id}
    assert await history(engine) == before


@takes_its_turn
async def test_a_run_whose_lease_is_lost_leaves_no_history(engine: AsyncEngine) -> None:
    late = await in_a_group(engine)
    await let_the_lease_expire(engine)
    with pytest.raises(LeaseLost):
        await store.publish(engine, late, now=NOW)
    assert await history(engine) == []


async def test_history_goes_on_where_the_kind_of_ids_changes(engine: AsyncEngine) -> None:
    for ids in (INTEGERS, TEXTS):
        await store.publish(engine, await prepared(engine, ids), now=NOW)
    told = await history(engine)
    assert len({one.run_id for one in told}) == 2
    assert len({(one.segment_id, one.expected_revenue) for one in told}) == len(told) / 2


async def test_an_upgrade_begins_history_with_the_stored_reports(database_url: str) -> None:
    await restore(database_url)
    async with opened(database_url) as engine:
        await migrate(engine)
        told = await history(engine)
        async with transaction(engine) as connection:
            statement = "SELECT id FROM intelligence_runs WHERE customer_id_type IS NOT NULL"
            ended = (await connection.scalars(text(statement))).all()
        assert {one.run_id for one in told} == {*ended}
        for run_id in ended:
            report = await store.read_report(engine, run_id)
            assert report is not None
            wanted = {one.id: (one.customer_count, one.churn_risk_avg) for one in report.segments}
            kept = [one for one in told if one.run_id == run_id and not one.is_group]
            assert {one.segment_id: (one.customer_count, one.churn_risk_avg) for one in kept} == {
                name: (count, None if risk is None else round(risk, 4))
                for name, (count, risk) in wanted.items()
            }
            assert {(one.as_of, one.expected_revenue) for one in kept} == {(report.as_of, None)}
            assert {one.horizons for one in kept} == {report.horizons}


@pytest.mark.parametrize("build", [*builds_with("report"), "damaged"])
async def test_a_report_of_every_build_begins_history(new_sqlite: NewDatabase, build: str) -> None:
    report = "{" if build == "damaged" else text_of(build, "report")
    async with opened(new_sqlite()) as engine:
        await migrate(engine)
        await exclusively(engine, _back)
        async with transaction(engine) as connection:
            await connection.execute(insert(runs_table), _ended("one", report))
            await connection.execute(
                insert(runs_table), {**_ended("two", report), "customer_id_type": None}
            )
        await migrate(engine)
        told = await history(engine)
        assert {one.run_id for one in told} == (set() if build == "damaged" else {"one"})
        read = None if build == "damaged" else await store.read_report(engine, "one")
        shown = () if read is None else (*read.groups, *read.segments)
        assert [(one.segment_id, one.name, one.customer_count) for one in told] == [
            (one.id, one.name, one.customer_count) for one in shown
        ]
        assert {one.horizons for one in told} == (set() if read is None else {read.horizons})


async def test_how_far_a_run_looked_is_unknown_where_its_report_is_gone(
    migrated_url: str,
) -> None:
    async with opened(migrated_url) as engine:
        forgotten = await in_a_group(engine)
        await store.publish(engine, forgotten, now=NOW)
        async with transaction(engine) as connection:
            await connection.execute(text("DELETE FROM intelligence_runs"))
        kept = await in_a_group(engine)
        await store.publish(engine, kept, now=NOW)
        await exclusively(engine, _before_horizons)
        await migrate(engine)
        told = {one.run_id: one.horizons for one in await history(engine)}
    assert told == {forgotten.run_id: None, kept.run_id: kept.report.horizons}


def _before_horizons(connection: Connection) -> None:
    command.downgrade(configured(connection), "0015")


def _back(connection: Connection) -> None:
    command.downgrade(configured(connection), "0007")


def _ended(run_id: str, report: str) -> dict[str, Any]:
    return {
        "id": run_id,
        "state": "succeeded",
        "revision": 0,
        "request": "{}",
        "as_of": NOW,
        "customer_id_type": "integer",
        "share_done": 1.0,
        "counts": "{}",
        "queued_at": NOW,
        "finished_at": NOW,
        "report": report,
    }
