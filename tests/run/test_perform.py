"""A run, start to end, on every database, and what happens when it is killed half way."""

import asyncio
import gc
import json
import signal
import subprocess
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from backend import store
from backend.database.engine import AsyncEngine, create_engine, transaction
from backend.report import render_report
from backend.results import publishing
from backend.results.move import Move
from backend.run.learn import Learned
from backend.run.perform import perform
from backend.run.progress import STAGES, Progress
from backend.run.standing import Standing
from backend.shop.orders import ShopColumns
from backend.shop.seen import Seen
from backend.store import leases, publication, runs
from backend.store.moves import MoveFilter, read_moves
from backend.store.tables import customer_intelligence
from tests.conftest import NewDatabase, in_turns, on_one_kind, read_only_url
from tests.databases import execute, migrated
from tests.expired import let_the_lease_expire
from tests.forked import quick_python
from tests.live import ROOT
from tests.performed import claimed, clustered, clustered_shop, config_of
from tests.shops import AS_OF, VARIABLES, fill, invented

# Performs a claimed run, and kills its own process the moment a stage begins.
KILLED = """
import asyncio, json, os, signal, sys
from backend.run.run_config import RunConfig
from backend.run.progress import Progress
from backend.run.perform import perform

config, run_id, stage = json.loads(sys.argv[1]), sys.argv[2], sys.argv[3]

class Deadly(Progress):
    def enter(self, name, rows=None):
        if name == stage:
            os.kill(os.getpid(), signal.SIGKILL)
        super().enter(name, rows)

asyncio.run(perform(RunConfig(**config), run_id, "mine", Deadly()))
"""

NEEDED_NO_MORE = (Seen, ShopColumns, Standing, Learned)
*EARLIER, LAST = STAGES
KILLED_IN = [*(pytest.param(one, marks=pytest.mark.long) for one in EARLIER), LAST]


@pytest.fixture
def database_url(migrated_url: str) -> str:
    """Every test here begins with our tables."""
    return migrated_url


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    made = create_engine(database_url)
    yield made
    await made.dispose()


async def rows(engine: AsyncEngine) -> dict[int, dict[str, Any]]:
    async with transaction(engine) as connection:
        found = (await connection.execute(select(customer_intelligence))).mappings()
        return {row["customer_id"]: dict(row) for row in found}


async def test_every_customer_is_published_to_the_cent(
    engine: AsyncEngine, database_url: str
) -> None:
    shop = invented()
    await fill(database_url, shop)
    report = await clustered(engine, database_url)
    published = await rows(engine)
    assert set(published) == {person["id"] for person in shop.customers}
    for customer_id, row in published.items():
        counted = shop.counted(customer_id)
        assert row["frequency"] == len(counted)
        if counted:
            assert row["historical_value"] == shop.spent(customer_id)
            assert row["ltv"] == row["historical_value"] + row["predicted_value"]
            assert 0 <= row["churn_risk"] <= 1
            assert row["status"] == "scored"
        else:
            assert (row["ltv"], row["churn_risk"], row["status"]) == (None, None, "no_orders")
            assert row["archetype_id"] == "no_orders"
    assert report["customers"]["total"] == len(shop.customers)
    assert report["orders"]["left_out"]["refunded"] == sum(
        order["financial_status"] == "refunded" for order in shop.orders
    )


@on_one_kind
async def test_what_was_read_and_learnt_is_let_go_of_before_it_is_published(
    engine: AsyncEngine, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = list[type[object]]()

    async def look(*_: object, **__: object) -> None:
        gc.collect()
        held.extend(type(one) for one in gc.get_objects() if isinstance(one, NEEDED_NO_MORE))

    await fill(database_url, invented(12))
    monkeypatch.setattr(store, "publish", look)
    run_id = await claimed(engine)
    await perform(config_of(database_url), run_id, "mine", Progress())
    assert held == []


@in_turns
async def test_what_is_published_part_by_part_is_the_same(
    engine: AsyncEngine, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(database_url, invented(80))
    told = []
    for customers in (7, publishing.CUSTOMERS_PER_PART):
        for module in (publishing, publication):
            monkeypatch.setattr(module, "CUSTOMERS_PER_PART", customers)
        await execute(database_url, "DELETE FROM customer_intelligence")
        await execute(database_url, "UPDATE intelligence_runs SET published = NULL")
        run_id = (await clustered(engine, database_url))["run_id"]
        async with transaction(engine) as connection:
            moves = await read_moves(connection, MoveFilter(run_id=run_id), limit=100)
        told.append(
            (
                await numbers(engine),
                sorted((one.customer_id, one.to_segment_id or "") for one in moves),
            )
        )
    assert told[0] == told[1]
    assert len(told[0][1]) == 80


async def numbers(engine: AsyncEngine) -> list[dict[str, Any]]:
    """Return what is published, but for when and by which run."""
    volatile = {"run_id", "updated_at", "changed_at"}
    return [
        {name: value for name, value in row.items() if name not in volatile}
        for _, row in sorted((await rows(engine)).items())
    ]


@on_one_kind
async def test_the_same_shop_gives_the_same_numbers(new_database: NewDatabase) -> None:
    found = []
    for _ in range(2):
        url = new_database(migrated)
        engine = create_engine(url)
        await fill(url, invented(80))
        await clustered(engine, url, anew=True)
        found.append(await numbers(engine))
        await engine.dispose()
    assert found[0] == found[1]


@in_turns
@pytest.mark.parametrize("customers", [0, 1, 2, 12])
async def test_a_shop_too_small_to_cluster_gets_one_segment_and_a_word(
    engine: AsyncEngine, database_url: str, customers: int
) -> None:
    await fill(database_url, invented(customers))
    report = await clustered(engine, database_url)
    assert len(await rows(engine)) == customers
    with_orders = [item for item in report["segments"] if item["id"] != "no_orders"]
    assert len(with_orders) == min(report["customers"]["with_orders"], 1)
    assert any("too few" in note for note in report["notes"])


@pytest.mark.parametrize(("named", "currency"), [("jpy", "JPY"), (None, None)])
@on_one_kind
async def test_amounts_are_told_in_the_currency_that_all_orders_name(
    engine: AsyncEngine, database_url: str, named: str | None, currency: str | None
) -> None:
    await fill(database_url, invented(12))
    value = "NULL" if named is None else f"'{named}'"
    await execute(
        database_url,
        "ALTER TABLE orders ADD COLUMN currency VARCHAR(10)",
        f"UPDATE orders SET currency = {value}",
    )
    report = await clustered(engine, database_url)
    assert report["currency"] == currency
    assert {one["currency"] for one in report["segments"]} == {currency}
    async with transaction(engine) as connection:
        published = await store.read_segments(connection)
    assert {one.currency for one in published.segments} == {currency}
    stored = await store.read_report(engine, report["run_id"])
    assert stored is not None
    page = render_report(stored)
    assert ("\N{NO-BREAK SPACE}JPY" in page) == (currency == "JPY")


async def test_as_of_hides_what_came_later(engine: AsyncEngine, database_url: str) -> None:
    shop = invented()
    await fill(database_url, shop)
    earlier = AS_OF - timedelta(days=200)
    await clustered(engine, database_url, as_of=earlier)
    for customer_id, row in (await rows(engine)).items():
        known = [
            order
            for order in shop.counted(customer_id)
            if order["created_at"] < earlier.replace(tzinfo=None)
        ]
        assert row["frequency"] == len(known)
        total = sum((order["total_price"] for order in known), Decimal(0))
        assert (row["historical_value"] or 0) == total


@on_one_kind
async def test_the_sample_bounds_the_fit_not_the_answers(
    engine: AsyncEngine, database_url: str
) -> None:
    await fill(database_url, invented(400))
    report = await clustered(engine, database_url, sample_size=100)
    assert report["clustering"]["sample"] == 100
    assert len(await rows(engine)) == 400
    assert all(row["archetype_id"] for row in (await rows(engine)).values())


@pytest.mark.external
@pytest.mark.parametrize("stage", KILLED_IN)
async def test_a_run_killed_in_any_stage_leaves_the_old_results_served(
    new_postgres: NewDatabase, stage: str
) -> None:
    database_url = new_postgres(clustered_shop)
    engine = create_engine(database_url)
    before = await rows(engine)
    run_id = await claimed(engine)
    killed = await asyncio.to_thread(perform_and_die, database_url, run_id, stage)
    assert killed == -signal.SIGKILL
    assert await rows(engine) == before
    await let_the_lease_expire(engine)
    await leases.reap_expired(engine)
    assert (await runs.get(engine, run_id)).state == "failed"
    await clustered(engine, database_url)
    assert {row["run_id"] for row in (await rows(engine)).values()} != {
        row["run_id"] for row in before.values()
    }
    await engine.dispose()


def perform_and_die(url: str, run_id: str, stage: str) -> int:
    config = json.dumps(asdict(config_of(url)))
    command = [quick_python(), "-c", KILLED, config, run_id, stage]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


@on_one_kind
async def test_a_customer_that_is_gone_is_no_longer_published(
    engine: AsyncEngine, database_url: str
) -> None:
    shop = invented(60)
    await fill(database_url, shop)
    await clustered(engine, database_url)
    other = create_engine(database_url)
    async with transaction(other, "shop") as connection:
        await connection.exec_driver_sql("DELETE FROM customers WHERE id = 1")
    await other.dispose()
    report = await clustered(engine, database_url)
    assert 1 not in await rows(engine)
    assert report["orders"]["left_out"]["unknown_customer"] > 0


@pytest.mark.long
async def test_moves_replayed_from_any_run_give_the_membership_of_any_later_one(
    engine: AsyncEngine, database_url: str
) -> None:
    await fill(database_url, invented())
    members: list[dict[int, str]] = [{}]
    moves: list[list[Move]] = []
    nights: tuple[dict[str, Any], ...] = (
        {},
        {},
        {"refit": "force"},
        {"max_k": 3},
        {"refit": "now"},
    )
    for night, wanted in enumerate(nights):
        as_of = AS_OF - timedelta(days=90 - 20 * night)
        await clustered(engine, database_url, as_of=as_of, **wanted)
        newest = await runs.latest(engine)
        assert newest is not None
        async with transaction(engine) as connection:
            sought = MoveFilter(run_id=newest.id)
            moves.append(await store.read_moves(connection, sought, limit=10_000))
        found = (await rows(engine)).values()
        members.append({row["customer_id"]: row["archetype_id"] for row in found})
    assert len(moves[1]) > 0
    for start in range(len(members)):
        replayed: dict[int, str | None] = dict(members[start])
        for later in range(start, len(moves)):
            for move in moves[later]:
                assert replayed.get(int(move.customer_id)) == move.from_segment_id
                replayed[int(move.customer_id)] = move.to_segment_id
            assert replayed == members[later + 1]


@on_one_kind
async def test_a_run_that_names_no_bounds_keeps_those_of_the_standing_segments(
    engine: AsyncEngine, database_url: str
) -> None:
    await fill(database_url, invented())
    earlier = AS_OF - timedelta(days=3)
    asked = await clustered(engine, database_url, as_of=earlier, min_k=2, max_k=3)
    kept = await clustered(engine, database_url)
    assert (asked["clustering"]["refit"], kept["clustering"]["refit"]) == ("first", "kept")
    assert kept["clustering"]["k"] == asked["clustering"]["k"] <= 3
    assert kept["moves"]["by_cause"]["model"] == 0


@on_one_kind
async def test_a_forced_refit_says_which_segments_came_and_went(
    engine: AsyncEngine, database_url: str
) -> None:
    await fill(database_url, invented())
    before = await clustered(engine, database_url, as_of=AS_OF - timedelta(days=3), max_k=2)
    after = await clustered(engine, database_url, max_k=12, min_k=5)
    old, new = ({row["id"] for row in report["segments"]} for report in (before, after))
    events = {event["segment_id"]: event for event in after["lineage"]}
    assert new - old <= set(events)
    assert old - new <= set(events)
    async with transaction(engine) as connection:
        stored = await store.read_lineage(connection, limit=100)
    this_run = [row for row in stored if row.run_id == after["run_id"]]
    assert {row.segment_id: row.event for row in this_run} == {
        identity: event["event"] for identity, event in events.items()
    }


@pytest.mark.external
async def test_a_shop_user_that_may_only_select_is_enough(new_postgres: NewDatabase) -> None:
    shop_url, ours = new_postgres(), new_postgres(migrated)
    await fill(shop_url, invented(80))
    reader = await read_only_url(shop_url)
    engine = create_engine(ours)
    run_id = await claimed(engine)
    await perform(config_of(ours, shop_url=reader), run_id, "mine", Progress())
    async with transaction(engine) as connection:
        count = await connection.scalar(select(func.count()).select_from(customer_intelligence))
    await engine.dispose()
    assert count == 80


@on_one_kind
async def test_a_variable_that_a_file_overrides_is_named_in_the_report(
    engine: AsyncEngine, database_url: str, tmp_path: Path
) -> None:
    await fill(database_url, invented(60))
    file = tmp_path / "shop.toml"
    file.write_text('[orders]\ntable = "orders"\nfilter = "id > 0"\n')
    variables = {**VARIABLES, "ORDERS_FILTER": "id > 5", "SHOP_MAPPING": str(file)}
    run_id = await claimed(engine)
    config = config_of(database_url, shop_variables=variables)
    await perform(config, run_id, "mine", Progress())
    report = await store.read_report(engine, run_id)
    assert report is not None
    said = "The variable for orders.filter is overridden by the preset or the mapping file."
    assert said in report.notes


@on_one_kind
async def test_a_second_run_at_the_same_instant_changes_nobody(
    engine: AsyncEngine, database_url: str
) -> None:
    await fill(database_url, invented())
    await clustered(engine, database_url)
    first = await rows(engine)
    assert all(row["as_of"] == AS_OF for row in first.values())
    await clustered(engine, database_url)
    second = await rows(engine)
    assert {who: row["changed_at"] for who, row in second.items()} == {
        who: row["changed_at"] for who, row in first.items()
    }
    assert all(second[who]["run_id"] != row["run_id"] for who, row in first.items())
