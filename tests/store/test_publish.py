"""What a run found is published whole or not at all, exact to the cent, in the shop's id type."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select, text

from backend import store
from backend.core.customer_id import CustomerId
from backend.core.errors import (
    DatabaseUnavailable,
    LeaseLost,
    SegmentNameTaken,
    SegmentNotFound,
)
from backend.core.glossary import Cause, Fate
from backend.database.engine import AsyncEngine, create_engine, transaction
from backend.results.customer_numbers import CustomerNumbers
from backend.results.move import Move, SegmentEvent
from backend.results.publishing import CustomerColumns
from backend.results.segment import Medians, Rule, Segment
from backend.store import leases, patience, runs
from backend.store.migrate import migrate
from backend.store.moves import MoveFilter
from backend.store.publication import (
    GivenName,
    Publication,
    SegmentMoves,
)
from backend.store.run_request import RunRequest
from backend.store.stored import REPORT
from backend.store.tables import customer_intelligence, segment_changes, segments
from backend.store.tables import runs as runs_table
from tests.conftest import NewDatabase, execute, in_turns, takes_its_turn
from tests.databases import migrated
from tests.expired import let_the_lease_expire
from tests.store.stored_results import text_of

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
LEASE = timedelta(seconds=60)
INTEGERS = np.array([7, 12, 9_000_000_000])
TEXTS = np.array(["007", "cus_A", "cus_a"], dtype=object)


RUNS_SEEN = (customer_intelligence.c.run_id, segments.c.run_id)
# One statement sees one instant: three customers of one run, segments of one run, the same run.
OF_ONE_RUN = select(
    select(func.count()).select_from(customer_intelligence).scalar_subquery(),
    *(select(func.count(run_id.distinct())).scalar_subquery() for run_id in RUNS_SEEN),
    select(func.count(runs_table.c.id))
    .where(
        runs_table.c.published == 1,
        *(runs_table.c.id == select(func.min(run_id)).scalar_subquery() for run_id in RUNS_SEEN),
    )
    .scalar_subquery(),
)


@pytest.fixture
async def engine(migrated_url: str) -> AsyncIterator[AsyncEngine]:
    made = create_engine(migrated_url)
    yield made
    await made.dispose()


def columns(ids: np.ndarray[Any, Any]) -> CustomerColumns:
    """Three customers: two scored, one without orders."""
    unknown = np.array([1.0, 2.0, np.nan])
    return CustomerColumns(
        customer_id=ids,
        segment=np.array([0, 1, 1]),
        confidence=np.array([0.98765, 0.5, np.nan]),
        status=np.array(["scored", "scored", "no_orders"]),
        historical_micros=np.array([123_450_000, 99_999_995_000, 0]),
        frequency=np.array([3, 1, 0]),
        recency_days=np.array([4.9, 400.0, np.nan]),
        predicted_value=np.array([10.005, 3.0, np.nan]),
        predicted_value_low=unknown,
        predicted_value_high=unknown,
        predicted_orders=np.array([0.12345, 1.0, np.nan]),
        predicted_orders_low=unknown,
        predicted_orders_high=unknown,
        next_order_days=np.array([[1.0, 2.0, 3.5], [np.nan] * 3, [np.nan] * 3]),
        churn_risk=np.array([0.0, 1.0, np.nan]),
        no_order_chance=np.array([0.0, 1.0, np.nan]),
        age_days=np.array([700.2, 400.0, np.nan]),
        usual_gap_days=np.array([30.5, np.nan, np.nan]),
        order_days=np.array([2, 1, 0]),
        typical_order_value=np.array([10.5, 3.0, np.nan]),
    )


def segment(identity: str, count: int) -> Segment:
    sentence = f"The rule of {identity}."
    return Segment(
        id=identity,
        parent_id=None,
        is_group=False,
        level=1,
        name=identity.title(),
        description=sentence,
        customer_count=count,
        share_of_customers=count / 3,
        share_of_revenue=None,
        avg_ltv=12.34,
        churn_risk_avg=0.5,
        avg_confidence=0.75,
        characteristics=Medians(recency_days=4.0),
        shop=Medians(recency_days=9.0),
        rule=Rule(least_order_days=1, sentence=sentence),
        nearest=None,
    )


NONE = np.array([], dtype=object)


def nobody_moved(ids: np.ndarray[Any, Any]) -> SegmentMoves:
    return SegmentMoves(customer_id=ids[:0], from_segment_id=NONE, to_segment_id=NONE, cause=NONE)


async def prepared(
    engine: AsyncEngine, ids: np.ndarray[Any, Any] = INTEGERS, now: datetime = NOW
) -> Publication:
    await runs.enqueue(engine, RunRequest())
    run = await leases.claim(engine, token="mine", lease=LEASE)
    assert run is not None
    return Publication(
        run_id=run.id,
        token="mine",
        as_of=NOW,
        customers=columns(ids),
        segments=[segment("alpha", 1), segment("beta", 2)],
        moves=nobody_moved(ids),
        lineage=[SegmentEvent(segment_id="beta", event=Fate.SPLIT, relatives={"alpha": 0.9})],
        new_names={},
        report=REPORT.read(text_of("typed", "report")),
        explainer=None,
        model=None,
        retention=timedelta(days=30),
    )


async def profiles(engine: AsyncEngine, *ids: str) -> dict[str, CustomerNumbers]:
    asked = [one for one in map(CustomerId.parse, ids) if one]
    async with transaction(engine) as connection:
        published = await runs.published(connection)
        assert published is not None
        found = await store.read_profiles(connection, published, asked)
        return {str(customer_id): row for customer_id, row in found.items()}


async def test_what_is_published_is_read_back_exactly(engine: AsyncEngine) -> None:
    await store.publish(engine, await prepared(engine), now=NOW)
    row = (await profiles(engine, "7"))["7"]
    assert row.historical_value == Decimal("123.45")
    assert row.predicted_value == Decimal("10.01") or row.predicted_value == Decimal("10.00")
    assert row.ltv == row.historical_value + row.predicted_value
    assert row.avg_order_value == Decimal("41.15")
    assert row.cluster_confidence == Decimal("0.9877") or row.cluster_confidence == Decimal(
        "0.9876"
    )
    assert (row.frequency, row.recency_days, row.status) == (3, 4, "scored")
    assert row.next_order_p90 == NOW + timedelta(days=3.5)
    assert row.updated_at == NOW
    assert (row.archetype_id, row.archetype_name) == ("alpha", "Alpha")


@takes_its_turn
async def test_what_is_unknown_is_null_with_a_status(engine: AsyncEngine) -> None:
    await store.publish(engine, await prepared(engine), now=NOW)
    row = (await profiles(engine, "9000000000"))["9000000000"]
    known = {"customer_id", "archetype_id", "archetype_name", "archetype_level", "updated_at"}
    known |= {"frequency", "order_days", "status", "run_id", "as_of", "changed_at"}
    assert {name for name, value in asdict(row).items() if value is not None} == known
    assert (row.frequency, row.status) == (0, "no_orders")


async def test_a_value_beyond_the_guides_column_is_null_and_says_so(engine: AsyncEngine) -> None:
    publication = await prepared(engine)
    huge = replace(publication.customers, historical_micros=np.array([10**14, 99_999_995_000, 0]))
    await store.publish(engine, replace(publication, customers=huge), now=NOW)
    row = (await profiles(engine, "7"))["7"]
    assert (row.ltv, row.status) == (None, "value_out_of_range")
    assert row.historical_value == Decimal("100000000.00")


@pytest.mark.parametrize("order", [(INTEGERS, TEXTS), (TEXTS, INTEGERS), (TEXTS, TEXTS)])
async def test_ids_have_the_shops_type(
    engine: AsyncEngine, order: tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]
) -> None:
    for ids in order:
        await store.publish(engine, await prepared(engine, ids), now=NOW)
        assert set(await profiles(engine, *map(str, ids))) == set(map(str, ids))
        stored, _ = await store.read_membership(engine)
        assert stored.tolist() == sorted(ids.tolist())


@pytest.mark.external
async def test_a_reader_meets_ids_of_another_type_with_one_outage_at_most(
    postgres_url: str,
) -> None:
    """What it prepared before the column was altered is refused once."""
    reader, writer = create_engine(postgres_url), create_engine(postgres_url)
    await migrate(writer)
    await store.publish(writer, await prepared(writer), now=NOW)
    assert set(await profiles(reader, "7")) == {"7"}
    await store.publish(writer, await prepared(writer, TEXTS), now=NOW)
    with suppress(DatabaseUnavailable):
        await profiles(reader, "007")
    assert set(await profiles(reader, "007")) == {"007"}
    await reader.dispose()
    await writer.dispose()


@pytest.mark.external
async def test_texts_that_differ_in_blanks_are_kept_apart_also_where_they_were_not(
    mysql_url: str,
) -> None:
    """Earlier versions made the column with a collation that ignores blanks at the end."""
    engine = create_engine(mysql_url)
    await migrate(engine)
    await store.publish(engine, await prepared(engine, TEXTS), now=NOW)
    for table in (customer_intelligence, segment_changes):
        column = "customer_id VARCHAR(255) COLLATE utf8mb4_bin NOT NULL"
        await execute(mysql_url, f"ALTER TABLE {table.name} MODIFY {column}")
    blanks = np.array(["cus", "cus ", "cus  "], dtype=object)
    await store.publish(engine, await prepared(engine, blanks), now=NOW)
    assert (await store.read_membership(engine))[0].tolist() == blanks.tolist()
    assert set(await profiles(engine, *blanks)) == set(blanks)
    await engine.dispose()


async def test_the_shops_own_sql_joins_on_text_ids(engine: AsyncEngine) -> None:
    ids = np.array(["é", "cus", "cus "], dtype=object)
    await store.publish(engine, await prepared(engine, ids), now=NOW)
    joined = "o JOIN customer_intelligence ci ON o.customer_id = ci.customer_id"
    async with transaction(engine) as connection:
        await connection.execute(text("CREATE TABLE theirs (customer_id varchar(20))"))
        await connection.execute(text("INSERT INTO theirs VALUES ('é'), ('cus'), ('e'), ('CUS')"))
        found = await connection.scalars(text(f"SELECT ci.customer_id FROM theirs {joined}"))
        assert sorted(found) == ["cus", "é"]


@in_turns
@pytest.mark.parametrize("identity", ["abc", "7.0", "-7", "99999999999999999999", "7; DROP", ""])
async def test_what_is_no_id_finds_nobody(engine: AsyncEngine, identity: str) -> None:
    await store.publish(engine, await prepared(engine), now=NOW)
    assert await profiles(engine, identity) == {}


@takes_its_turn
async def test_a_run_that_lost_its_lease_publishes_nothing(engine: AsyncEngine) -> None:
    await store.publish(engine, await prepared(engine), now=NOW)
    before = await profiles(engine, "7", "12")
    late = replace(await prepared(engine), segments=[segment("gamma", 1), segment("delta", 2)])
    await let_the_lease_expire(engine)
    with pytest.raises(LeaseLost):
        await store.publish(engine, late, now=NOW)
    assert await profiles(engine, "7", "12") == before
    async with transaction(engine) as connection:
        published = await store.read_segments(connection)
    assert [one.id for one in published.segments] == ["alpha", "beta"]


async def test_who_has_to_publish_anew_is_not_taken_for_dead(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    publication, module = await prepared(engine), import_module("backend.store.publish")
    attempt = module._attempt
    looked, let_go, reaping = asyncio.Event(), asyncio.Event(), list[asyncio.Task[None]]()
    await leases.write_progress(
        engine, publication.run_id, token="mine", stage="publish", share_done=0.9, counts={}
    )

    async def moment(_: float) -> None:
        looked.set()
        await let_go.wait()

    async def attempted(*told: Any) -> None:
        if not reaping:  # it took longer than the lease, and met a deadlock
            await let_the_lease_expire(engine)
            reaping.append(asyncio.create_task(leases.reap_expired(engine)))
            await looked.wait()
            raise DatabaseUnavailable("intelligence", "locked")
        let_go.set()
        await reaping[0]
        await attempt(*told)

    monkeypatch.setattr(patience, "LOOK_AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(leases, "sleep", moment)
    monkeypatch.setattr(module, "_attempt", attempted)
    await store.publish(engine, publication, now=NOW)
    assert (await runs.get(engine, publication.run_id)).state == "succeeded"


async def test_no_reader_sees_half_of_two_runs(engine: AsyncEngine, migrated_url: str) -> None:
    await store.publish(engine, await prepared(engine), now=NOW)
    reader = create_engine(migrated_url)
    seen: list[tuple[Any, ...]] = []
    stop = asyncio.Event()

    async def keep_reading() -> None:
        while not stop.is_set():
            async with transaction(reader) as connection:
                seen.append(tuple((await connection.execute(OF_ONE_RUN)).one()))

    reading = asyncio.create_task(keep_reading())
    for _ in range(6):
        await store.publish(engine, await prepared(engine), now=NOW)
    stop.set()
    await reading
    await reader.dispose()
    assert len(seen) > 2
    assert all(row == (3, 1, 1, 1) for row in seen), seen


async def named(engine: AsyncEngine, identity: str, **given: str | None) -> None:
    name = partial(store.name_segment, segment_id=identity, given=given, now=NOW)
    await patience.changed(engine, name)


async def served(engine: AsyncEngine) -> dict[str, tuple[str, str | None]]:
    async with transaction(engine) as connection:
        published = await store.read_segments(connection)
    return {one.id: (one.name, one.description) for one in published.segments}


@takes_its_turn
async def test_a_name_given_by_a_person_is_served_at_once(engine: AsyncEngine) -> None:
    await store.publish(engine, await prepared(engine), now=NOW)
    async with transaction(engine) as connection:
        before = await runs.published(connection)
    await named(engine, "alpha", name="Champions", description="Ours")
    async with transaction(engine) as connection:
        after = await runs.published(connection)
    assert (await profiles(engine, "7"))["7"].archetype_name == "Champions"
    assert await store.read_names(engine) == {"alpha": GivenName("Champions", "Ours", "person")}
    assert before != after  # so that no cached answer is served any more


@takes_its_turn
async def test_what_a_person_leaves_out_stays_as_it_is(engine: AsyncEngine) -> None:
    await store.publish(engine, await prepared(engine), now=NOW)
    told = []
    for given in (
        {"name": "Champions"},
        {"description": "Ours"},
        {"name": "Winners"},
        {"description": None},
    ):
        await named(engine, "alpha", **given)
        told.append((await served(engine))["alpha"])
    rule = "The rule of alpha."
    assert told == [
        ("Champions", rule),
        ("Champions", "Ours"),
        ("Winners", "Ours"),
        ("Winners", rule),
    ]


@takes_its_turn
async def test_two_segments_never_share_a_name(engine: AsyncEngine) -> None:
    await store.publish(engine, await prepared(engine), now=NOW)
    for identity, name in (("alpha", "Beta"), ("alpha", "bEtA")):
        with pytest.raises(SegmentNameTaken):
            await named(engine, identity, name=name)
    assert (await profiles(engine, "7"))["7"].archetype_name == "Alpha"


@takes_its_turn
async def test_a_name_stays_through_runs_without_its_segment(engine: AsyncEngine) -> None:
    """While it is away nobody else may have its name."""
    await store.publish(engine, await prepared(engine), now=NOW)
    await named(engine, "alpha", name="Champions", description="Ours")
    without = [segment("gamma", 1), segment("beta", 2)]
    await store.publish(engine, replace(await prepared(engine), segments=without), now=NOW)
    with pytest.raises(SegmentNameTaken):
        await named(engine, "gamma", name="CHAMPIONS")
    await store.publish(engine, await prepared(engine), now=NOW)
    assert (await served(engine))["alpha"] == ("Champions", "Ours")
    assert (await profiles(engine, "7"))["7"].archetype_name == "Champions"


@takes_its_turn
async def test_what_a_person_says_while_a_run_is_at_work_holds(engine: AsyncEngine) -> None:
    """The run read the names before; its own new ones give way."""
    await store.publish(engine, await prepared(engine), now=NOW)
    new = {
        "alpha": GivenName("Best Buyers", "By the model.", "model"),
        "beta": GivenName("champions", "By the model.", "model"),
    }
    late = replace(await prepared(engine), new_names=new)
    await named(engine, "alpha", name="Champions")
    await store.publish(engine, late, now=NOW)
    assert await served(engine) == {
        "alpha": ("Champions", "The rule of alpha."),
        "beta": ("Beta", "The rule of beta."),
    }
    assert await store.read_names(engine) == {"alpha": GivenName("Champions", None, "person")}


@takes_its_turn
async def test_new_names_are_kept_and_served(engine: AsyncEngine) -> None:
    new = {"alpha": GivenName("Best Buyers", "By the model.", "model")}
    await store.publish(engine, replace(await prepared(engine), new_names=new), now=NOW)
    assert (await served(engine))["alpha"] == ("Best Buyers", "By the model.")
    assert await store.read_names(engine) == new


@takes_its_turn
async def test_a_rules_name_gives_way_to_a_persons(engine: AsyncEngine) -> None:
    """A segment that appears when its name is given already gets its id behind it."""
    alone = replace(await prepared(engine), segments=[segment("alpha", 1), segment("gamma", 2)])
    await store.publish(engine, alone, now=NOW)
    await named(engine, "alpha", name="BETA")
    await store.publish(engine, await prepared(engine), now=NOW)
    assert [name for name, _ in (await served(engine)).values()] == ["BETA", "Beta (beta)"]


async def test_a_person_waits_for_a_run_that_is_being_published(
    engine: AsyncEngine, migrated_url: str
) -> None:
    await store.publish(engine, await prepared(engine), now=NOW)
    publication, other = await prepared(engine), create_engine(migrated_url)
    await asyncio.gather(
        store.publish(engine, publication, now=NOW),
        named(other, "alpha", name="Champions"),
    )
    await other.dispose()
    assert (await served(engine))["alpha"][0] == "Champions"
    assert (await profiles(engine, "7"))["7"].archetype_name == "Champions"


@takes_its_turn
async def test_an_unknown_segment_cannot_be_named(engine: AsyncEngine) -> None:
    await store.publish(engine, await prepared(engine), now=NOW)
    with pytest.raises(SegmentNotFound):
        await named(engine, "omega", name="X")


async def test_runs_and_their_moves_are_kept_for_as_long_as_configured(
    engine: AsyncEngine,
) -> None:
    """A run is forgotten with all its moves, so that those of the runs that are kept are whole."""
    moved = SegmentMoves(
        customer_id=INTEGERS[:2],
        from_segment_id=np.array([None, "beta"]),
        to_segment_id=np.array(["alpha", None]),
        cause=np.array([Cause.BEHAVIOUR, Cause.MODEL], dtype=object),
    )
    run_ids = []
    for days in (0, 20, 31):
        now = NOW + timedelta(days=days)
        publication = replace(await prepared(engine, now=now), moves=moved)
        await store.publish(engine, publication, now=now)
        run_ids.append(publication.run_id)
    assert [run.id for run in await runs.recent(engine, limit=10)] == run_ids[:0:-1]
    kept = [(move.run_id, move.cause) for move in await moves(engine)]
    assert kept == [
        (run_id, cause) for run_id in run_ids[:0:-1] for cause in ("model", "behaviour")
    ]


async def moves(engine: AsyncEngine) -> list[Move]:
    async with transaction(engine) as connection:
        return await store.read_moves(connection, MoveFilter(), limit=10)


@pytest.mark.external
async def test_the_shops_own_sql_joins_on_integer_ids(new_postgres: NewDatabase) -> None:
    engine = create_engine(new_postgres(migrated))
    await store.publish(engine, await prepared(engine), now=NOW)
    async with transaction(engine) as connection:
        joined = await connection.scalar(
            text(
                "SELECT count(*) FROM (SELECT 7::bigint AS customer_id) o "
                "JOIN customer_intelligence ci ON o.customer_id = ci.customer_id"
            )
        )
    await engine.dispose()
    assert joined == 1
