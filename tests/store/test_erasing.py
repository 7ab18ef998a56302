"""A customer is erased from every table of ours, and stays so, whatever a run has read before."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import insert, select

from backend import store
from backend.core.customer_id import CustomerId
from backend.core.errors import TombstonesUnreadable
from backend.core.glossary import Cause, Departure
from backend.core.secret_keys import Marker, Use, derived, expanded
from backend.database.engine import AsyncEngine, create_engine, transaction
from backend.results.customer_filter import CustomerFilter
from backend.results.run_report import RunReport
from backend.store import runs
from backend.store.all_tables import intelligence
from backend.store.campaign_tables import campaign_members
from backend.store.departures import read_erased, take_back, tell_erased, tell_gone
from backend.store.held import meaning_of
from backend.store.id_column import HOLDERS
from backend.store.moves import MoveFilter
from backend.store.order_events import ask_for_scores
from backend.store.outlook_of_run import outlook_of
from backend.store.publication import Publication, SegmentMoves
from backend.store.tables import (
    customers_gone,
    search_digests,
    search_texts,
    tombstones,
    webhook_alarms,
)
from backend.store.tombstones import (
    Erasures,
    bury,
    drop_unreadable,
    erased_among,
    raise_up,
    read_marks,
)
from tests.conftest import NewDatabase, in_turns
from tests.databases import migrated
from tests.store.test_publish import INTEGERS, NOW, TEXTS, prepared, profiles

OLD, NEW = "an old secret", "a new secret"
MARKER = Marker.of([NEW], Use.TOMBSTONE)
ROTATING = Marker.of([NEW, OLD], Use.TOMBSTONE)
SEVEN = CustomerId("7")
# Columns of tables in which nothing is about one customer. Whoever adds one says of it here that it
# holds no customer's id, or registers it where its table is declared: then its rows are erased.
ABOUT_NOBODY = {
    "intelligence_campaigns": "id name state chosen holdout_share window_days goal cost promise "
    "already_held_out salt created_at started_at closes_at ended_at run_id treated held_out "
    "spend_limit letting_go_since",
    "intelligence_campaign_answers": "campaign_id kind counted_at run_id answer",
    # Numbers in the order of the customers, whom only the run knows: no id is among them.
    "intelligence_staged_parts": "run_id stage partition_number attempt piece bytes",
    "intelligence_order_events": "source event_id received_at",
    "intelligence_search_copies": "id index_kind refreshed_at",
    # Goes with the row of intelligence_search_texts that it is of, by ON DELETE CASCADE.
    "intelligence_search_grams": "gram text_id",
    "intelligence_audit": "id at key action subject",
    "intelligence_runs": "id state active published revision request as_of customer_id_type "
    "lease_token lease_until stage share_done counts queued_at started_at finished_at error report "
    "explainer model not_published scoring sums",
    "intelligence_segment_history": "run_id segment_id position name is_group customer_count "
    "churn_risk_avg historical_revenue expected_revenue revenue_at_risk currency as_of "
    "prediction_days churn_days published_at",
    "intelligence_segment_lineage": "id segment_id event relatives happened_at run_id",
    "intelligence_segment_names": "segment_id name description given_by updated_at",
    "intelligence_digests": "run_id state tries at why_not reply",
    "intelligence_segments": "id position parent_id is_group level name description customer_count "
    "avg_ltv churn_risk_avg profile run_id",
    "intelligence_tombstones": "mark key_id erased_at",
    # Whom a delivery is about is in rows of other tables; `facts` are counts of a run.
    "intelligence_webhook_deliveries": "id message_id webhook_id event run_id happened_at facts "
    "first_id last_id people batch batches state due_at attempts first_tried_at tried_at "
    "status_code problem campaign_id",
    "intelligence_webhooks": "id url events moves at_risk_from again_below people secret "
    "previous_secret previous_until is_seeded created_at disabled_at disabled_because lease_token "
    "lease_until",
}


@pytest.fixture
async def engine(migrated_url: str) -> AsyncIterator[AsyncEngine]:
    made = create_engine(migrated_url)
    yield made
    await made.dispose()


@pytest.fixture
async def on_sqlite(new_sqlite: NewDatabase) -> AsyncIterator[AsyncEngine]:
    """For what is the same on every database."""
    made = create_engine(new_sqlite(migrated))
    yield made
    await made.dispose()


def moved(ids: np.ndarray) -> SegmentMoves:
    """Everybody appeared."""
    return SegmentMoves(
        customer_id=ids,
        from_segment_id=np.full(len(ids), None),
        to_segment_id=np.array(["alpha", "beta", "beta"], dtype=object),
        cause=np.full(len(ids), Cause.BEHAVIOUR, dtype=object),
    )


async def published(
    engine: AsyncEngine, ids: np.ndarray = INTEGERS, **changes: object
) -> Publication:
    publication = replace(await prepared(engine, ids), moves=moved(ids), **changes)  # type: ignore[arg-type]
    await store.publish(engine, publication, now=NOW)
    return publication


async def counted(engine: AsyncEngine) -> dict[str, int]:
    async with transaction(engine) as connection:
        shown = await store.read_segments(connection)
    return {one.id: one.customer_count for one in shown.segments}


async def told_gone(engine: AsyncEngine) -> list[tuple[str, str]]:
    async with transaction(engine) as connection:
        gone = await store.read_gone(connection, now=NOW, limit=10)
    return [(one.customer_id, one.cause) for one in gone]


def test_every_column_that_may_hold_a_customers_id_is_registered() -> None:
    held = {column.table.name for column in HOLDERS}
    assert held == {
        "customer_intelligence",
        "intelligence_segment_changes",
        "intelligence_customers_gone",
        "intelligence_search_texts",
        "intelligence_search_digests",
        "intelligence_webhook_alarms",
        "intelligence_rescorings",
        "intelligence_campaign_members",
    }
    unregistered = {
        name: set(table.columns.keys())
        for name, table in intelligence.tables.items()
        if name not in held
    }
    assert unregistered == {name: set(names.split()) for name, names in ABOUT_NOBODY.items()}
    assert all(meaning_of(one) for column in HOLDERS for one in column.table.columns)


@in_turns
@pytest.mark.parametrize(("ids", "asked", "others"), [(INTEGERS, "7", 2), (TEXTS, "cus_a", 2)])
async def test_every_row_about_a_customer_goes_and_nobody_elses(
    engine: AsyncEngine, ids: np.ndarray, asked: str, others: int
) -> None:
    await published(engine, ids)
    customer = CustomerId(asked)
    before = await counted(engine)
    async with transaction(engine) as connection:
        await tell_gone(connection, {asked: Departure.DELETED, "CUS_A": Departure.DELETED}, NOW)
        sought = [{"customer_id": str(one), "folded": "ada", "is_part": 0} for one in ids]
        await connection.execute(insert(search_texts), sought)
        digests = [{"customer_id": str(one), "digest": 5} for one in ids]
        await connection.execute(insert(search_digests), digests)
        alarm = {"webhook_id": "w", "raised_at": NOW, "is_raised": 1, "churn_risk": "0.9"}
        alarms = [{**alarm, "customer_id": str(one)} for one in ids]
        await connection.execute(insert(webhook_alarms), alarms)
        await ask_for_scores(connection, [CustomerId(str(one)) for one in ids], NOW)
        drawn = {"campaign_id": "c", "is_held_out": 1, "stratum": 0}
        members = [{**drawn, "customer_id": str(one)} for one in ids]
        await connection.execute(insert(campaign_members), members)
        assert await store.holds_any(connection, [customer])
        await tell_erased(connection, [customer], NOW)
        await store.erase_rows(connection, [customer])
        assert not await store.holds_any(connection, [customer])
        for column in (column for column in HOLDERS if column.table is not customers_gone):
            left = [str(one) for one in await connection.scalars(select(column))]
            assert asked not in left
            assert len(left) == others
    assert set(await told_gone(engine)) == {("CUS_A", "deleted"), (asked, "erased")}
    assert sum(before.values()) - sum((await counted(engine)).values()) == 1


async def test_nobody_is_counted_whose_rows_wait_to_be_deleted(engine: AsyncEngine) -> None:
    await published(engine)
    before = await counted(engine)
    async with transaction(engine) as connection:
        await tell_erased(connection, [CustomerId("12"), CustomerId("no-such")], NOW)
    assert await counted(engine) == {**before, "beta": before["beta"] - 1}
    async with transaction(engine) as connection:
        beta = CustomerFilter(segment=("beta",))
        assert await store.read_members(connection, beta) == [9_000_000_000]
        found = await connection.execute(select(await store.members(connection, beta)))
        assert found.scalars().all() == [9_000_000_000]
        await store.erase_rows(connection, [CustomerId("12")])
    assert await counted(engine) == {**before, "beta": before["beta"] - 1}


async def test_a_run_publishes_without_whom_somebody_erased_meanwhile(engine: AsyncEngine) -> None:
    at_work = replace(await prepared(engine), moves=moved(INTEGERS))
    at_work = replace(at_work, erasures=Erasures(marker=MARKER))
    async with transaction(engine) as connection:
        await bury(connection, MARKER, [SEVEN], NOW)
    departures = {"7": Departure.DELETED, "3": Departure.MERGED}
    total = at_work.report.customers.total
    outlook = outlook_of(at_work.customers, at_work.segments, at_work.moves, None)
    told = replace(at_work.report, outlook=outlook)
    await store.publish(engine, replace(at_work, departures=departures, report=told), now=NOW)
    assert set(await profiles(engine, "7", "12")) == {"12"}
    async with transaction(engine) as connection:
        moves = await store.read_moves(connection, MoveFilter(), limit=10)
    assert {move.customer_id for move in moves} == {"12", "9000000000"}
    assert await counted(engine) == {"alpha": 0, "beta": 2}
    report = await store.read_report(engine, at_work.run_id)
    assert report is not None
    assert report.customers.total == total - 1
    assert report.outlook is not None
    assert outlook.money[0].historical_revenue == 123.45
    assert report.outlook.money[0].historical_revenue is None  # the only one of that segment
    assert report.outlook.money[1] == outlook.money[1]
    assert await told_gone(engine) == [("3", "merged")]
    async with transaction(engine) as connection:
        assert set(await erased_among(connection, MARKER, [SEVEN])) == {SEVEN}  # stands


async def test_rows_that_are_just_being_published_are_erased_behind_it(
    engine: AsyncEngine,
) -> None:
    """The run has looked at the tombstones already; what it commits is waited for."""
    await published(engine)
    at_work = replace(await prepared(engine), erasures=Erasures(marker=MARKER))
    erasing: list[asyncio.Task[None]] = []

    async def erased() -> None:
        async with transaction(engine) as connection:
            await bury(connection, MARKER, [SEVEN], NOW)
            await tell_erased(connection, [SEVEN], NOW)
        async with transaction(engine) as connection:
            await store.erase_rows(connection, [SEVEN])

    def closing(report: RunReport) -> RunReport:
        erasing.append(asyncio.create_task(erased()))
        return report

    await store.publish(engine, at_work, now=NOW, closing=closing)
    await erasing[0]
    assert set(await profiles(engine, "7", "12")) == {"12"}
    assert sum((await counted(engine)).values()) == len(INTEGERS) - 1


async def cut_short(engine: AsyncEngine) -> None:
    """Erase as far as who is killed before any row is deleted."""
    async with transaction(engine) as connection:
        await bury(connection, MARKER, [SEVEN], NOW)
        await tell_erased(connection, [SEVEN], NOW)


@in_turns
@pytest.mark.parametrize(
    ("ids", "erased", "kept"),
    [
        (INTEGERS, "7", {"12": None, "9000000000": None}),
        (TEXTS, "cus_a", {str(one): None for one in TEXTS.tolist() if one != "cus_a"}),
    ],
)
async def test_until_rows_are_deleted_nobody_is_told_of_whom_they_are_about(
    engine: AsyncEngine, ids: np.ndarray, erased: str, kept: dict[str, None]
) -> None:
    await published(engine, ids)
    assert await told(engine, erased) == ({*kept, erased}, {erased}, 3, 3)
    async with transaction(engine) as connection:
        await tell_erased(connection, [CustomerId(erased)], NOW)
        await tell_gone(connection, dict.fromkeys(kept, Departure.DELETED), NOW)
    assert await told(engine, erased) == (set(kept), set(), 2, 2)
    async with transaction(engine) as connection:
        await store.erase_rows(connection, [CustomerId(erased)])
    assert await told(engine, erased) == (set(kept), set(), 2, 2)


async def told(engine: AsyncEngine, erased: str) -> tuple[set[str], set[str], int, int]:
    """Return who moved, of whom one is asked for, and how many moved and are there."""
    async with transaction(engine) as connection:
        served = await runs.published(connection)
        assert served is not None
        about = MoveFilter(customer=(served, CustomerId(erased)))
        moves = await store.read_moves(connection, MoveFilter(), limit=10)
        own = await store.read_moves(connection, about, limit=10)
        counted = await store.count_moves(connection, MoveFilter())
        totals = await store.read_totals(connection, CustomerFilter())
    who, about_one = ({one.customer_id for one in some} for some in (moves, own))
    return who, about_one, sum(one.customers for one in counted), totals.total


async def known(engine: AsyncEngine) -> set[str]:
    """Return whom our tables hold, but that they are gone."""
    async with transaction(engine) as connection:
        columns = (column for column in HOLDERS if column.table is not customers_gone)
        return {str(one) for column in columns for one in await connection.scalars(select(column))}


@in_turns
@pytest.mark.parametrize("ids", [INTEGERS, np.array(["12", "7", "9000000000"], dtype=object)])
async def test_an_erasure_that_was_cut_short_is_finished_by_who_starts_next(
    engine: AsyncEngine, ids: np.ndarray
) -> None:
    await published(engine, ids)
    before = await counted(engine)
    await cut_short(engine)
    assert "7" in await known(engine)
    for _ in range(2):
        await store.finish_erasures(engine)
        assert await known(engine) == {"12", "9000000000"}
        assert sum(before.values()) - sum((await counted(engine)).values()) == 1
        assert await told_gone(engine) == [("7", "erased")]


@in_turns
@pytest.mark.parametrize("then", [INTEGERS, TEXTS])
async def test_an_erasure_that_was_cut_short_is_finished_by_the_next_run(
    engine: AsyncEngine, then: np.ndarray
) -> None:
    await published(engine)
    await cut_short(engine)
    at_work = replace(await prepared(engine, then), erasures=Erasures(marker=MARKER))
    await store.publish(engine, at_work, now=NOW)
    assert "7" not in await known(engine)
    assert await told_gone(engine) == [("7", "erased")]


async def test_whoever_is_erased_while_they_are_published_is_not_said_to_be_back(
    on_sqlite: AsyncEngine,
) -> None:
    await cut_short(on_sqlite)
    async with transaction(on_sqlite) as connection:
        await take_back(connection, INTEGERS, MARKER)
    assert await told_gone(on_sqlite) == [("7", "erased")]
    async with transaction(on_sqlite) as connection:
        await raise_up(connection, MARKER, [SEVEN])
        await take_back(connection, INTEGERS, MARKER)
    assert await told_gone(on_sqlite) == []


async def test_a_tombstone_falls_once_the_shop_has_the_customer_no_longer(
    on_sqlite: AsyncEngine,
) -> None:
    async with transaction(on_sqlite) as connection:
        await bury(connection, MARKER, [SEVEN, CustomerId("12")], NOW)
        marks = await read_marks(connection, MARKER)
    found = {MARKER.mark(SEVEN): SEVEN}
    await published(on_sqlite, erasures=Erasures(marker=MARKER, marks=marks, found=found))
    async with transaction(on_sqlite) as connection:
        standing = await erased_among(connection, MARKER, [SEVEN, CustomerId("12")])
    assert standing == {SEVEN: NOW}


async def test_a_tombstone_outlives_the_secret_it_was_made_with(on_sqlite: AsyncEngine) -> None:
    """While both are set a run marks anew; with the new one alone nothing would be recognised."""
    old = Marker.of([OLD], Use.TOMBSTONE)
    async with transaction(on_sqlite) as connection:
        await bury(connection, old, [SEVEN], NOW)
        assert set(await erased_among(connection, ROTATING, [SEVEN])) == {SEVEN}
        with pytest.raises(TombstonesUnreadable, match=r"1 tombstones .* SECRET_KEY=new,old"):
            await read_marks(connection, MARKER)
        marks = await read_marks(connection, ROTATING)
    found = {old.mark(SEVEN): SEVEN}
    await published(on_sqlite, erasures=Erasures(marker=ROTATING, marks=marks, found=found))
    async with transaction(on_sqlite) as connection:
        assert await read_marks(connection, MARKER) == {MARKER.mark(SEVEN)}
        assert await erased_among(connection, MARKER, [SEVEN]) == {SEVEN: NOW}


async def test_tombstones_of_a_lost_secret_can_be_taken_away(on_sqlite: AsyncEngine) -> None:
    async with transaction(on_sqlite) as connection:
        await bury(connection, Marker.of([OLD], Use.TOMBSTONE), [SEVEN], NOW)
        await bury(connection, MARKER, [CustomerId("12")], NOW)
        assert await drop_unreadable(connection, MARKER) == 1
        assert await read_marks(connection, MARKER) == {MARKER.mark(CustomerId("12"))}


async def test_a_tombstone_tells_neither_the_id_nor_anything_else_of_the_customer(
    on_sqlite: AsyncEngine,
) -> None:
    canary = CustomerId("canary-7@example.com")
    async with transaction(on_sqlite) as connection:
        await bury(connection, MARKER, [canary, canary], NOW)
        (row,) = (await connection.execute(select(tombstones))).all()
    assert "canary" not in str(row)
    assert len(row.mark) == 64


async def test_whose_rows_wait_longer_is_told_to_be_erased_for_as_long(
    on_sqlite: AsyncEngine,
) -> None:
    await published(on_sqlite, INTEGERS)
    later = NOW + timedelta(days=31)
    await cut_short(on_sqlite)
    for rows_are_left in (True, False):
        async with transaction(on_sqlite) as connection:
            await tell_gone(connection, {}, later)
            assert (SEVEN in await read_erased(connection)) is rows_are_left
            await store.erase_rows(connection, [SEVEN])


async def test_who_left_is_told_for_thirty_days_and_not_once_they_are_back(
    on_sqlite: AsyncEngine,
) -> None:
    async with transaction(on_sqlite) as connection:
        long_ago = NOW - timedelta(days=31)
        row = {"customer_id": "1", "cause": "deleted", "gone_at": long_ago}
        await connection.execute(insert(customers_gone).values(row))
        assert await store.read_gone(connection, now=NOW, since=long_ago, limit=10) == []
        await tell_gone(connection, {"7": Departure.DELETED}, NOW - timedelta(days=2))
        await tell_gone(connection, {"12": Departure.MERGED}, NOW)
        assert len((await connection.execute(select(customers_gone))).all()) == 2  # 1 is forgotten
        newest = await store.read_gone(connection, now=NOW, since=NOW, limit=10)
        first = await store.read_gone(connection, now=NOW, limit=1)
        rest = await store.read_gone(connection, now=NOW, after=first[0].id, limit=10)
        await take_back(connection, INTEGERS, MARKER)
        left = await store.read_gone(connection, now=NOW, limit=10)
    assert [one.customer_id for one in (*newest, *first, *rest)] == ["12", "7", "12"]
    assert left == []


# RFC 5869, first test case: the second step gives these first 32 bytes.
PRK = "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5"
OKM = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"


def test_keys_are_derived_as_the_standard_says_and_differ_by_use() -> None:
    info = bytes.fromhex("f0f1f2f3f4f5f6f7f8f9")
    assert expanded(bytes.fromhex(PRK), info).hex() == OKM
    assert len({derived(secret, use) for secret in (OLD, NEW) for use in Use}) == 2 * len(Use)
    assert "secret" not in repr(MARKER)
