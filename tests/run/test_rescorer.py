"""Who ordered is published between runs: row, move, what is told; never back in time."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from sqlalchemy import delete, select, text, update

from backend import store
from backend.core.customer_id import CustomerId
from backend.core.glossary import Event
from backend.core.secret_keys import Marker, Use
from backend.database.bounds import hurried
from backend.database.database_clock import read_clock
from backend.database.engine import AsyncEngine, opened, transaction
from backend.run.perform import perform
from backend.run.progress import Progress
from backend.run.rescorer import STATEMENT_SECONDS, Rescorer
from backend.store import runs
from backend.store.order_events import ask_for_scores, read_waiting, settle
from backend.store.tables import (
    customer_intelligence,
    rescorings,
    segment_changes,
    segments,
    webhook_alarms,
    webhook_deliveries,
)
from backend.store.tables import runs as runs_table
from backend.store.tombstones import bury
from backend.store.webhook_rows import add_webhook
from backend.webhooks.webhook import RiskLimits, WebhookWanted
from tests.api.test_fresh import (
    CUSTOMERS,
    NOW,
    SHOP,
    clustered_yesterday,
    events,
    placed,
    statements_of,
    whole_shop,
)
from tests.conftest import NewDatabase, in_turns, wait_for
from tests.databases import migrated
from tests.live import ADMIN_KEY
from tests.performed import claimed, config_of
from tests.shops import fill

COLUMNS = customer_intelligence.c
Row = dict[str, Any]


async def filled_yesterday(url: str) -> None:
    """Prepare that shop, without a run."""
    await fill(url, SHOP)


@dataclass(frozen=True, slots=True)
class Place:
    """A shop that a run has seen yesterday, and what scores its customers since."""

    url: str
    engine: AsyncEngine

    async def execute(self, *statements: Any) -> None:
        async with transaction(self.engine) as connection:
            for statement in statements:
                await connection.execute(statement)

    async def tell(self, *customer_ids: int | str) -> None:
        async with transaction(self.engine) as connection:
            ids = [CustomerId(str(one)) for one in customer_ids]
            await ask_for_scores(connection, ids, await read_clock(connection))

    async def look(self, **changes: Any) -> None:
        config = config_of(self.url, **changes)
        async with opened(self.url, bounds=hurried(STATEMENT_SECONDS)) as shop_engine:
            await Rescorer(config, self.engine, shop_engine).look()

    async def ordered(
        self, customer_id: int, total: str = "80.00", order_id: int = 900_001
    ) -> None:
        at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
        await self.execute(placed(customer_id, total, at, order_id))
        await self.tell(customer_id)

    async def row(self, customer_id: int | str) -> Row:
        return (await self.rows())[str(customer_id)]

    async def rows(self) -> dict[str, Row]:
        return {str(one["customer_id"]): one for one in await self.all(customer_intelligence)}

    async def all(self, table: Any, *conditions: Any) -> list[Row]:
        async with transaction(self.engine) as connection:
            found = await connection.execute(select(table).where(*conditions))
            return [dict(one) for one in found.mappings()]

    async def waiting(self) -> list[str]:
        waits = rescorings.c.waiting_since.is_not(None)
        return sorted(one["customer_id"] for one in await self.all(rescorings, waits))

    async def run(self, **wanted: Any) -> str:
        run_id = await claimed(self.engine, **wanted)
        await self.done(run_id)
        return run_id

    async def done(self, run_id: str) -> None:
        await perform(config_of(self.url), run_id, "mine", Progress())


@pytest.fixture
async def place(new_database: NewDatabase) -> AsyncIterator[Place]:
    url = new_database(clustered_yesterday)
    async with opened(url) as engine:
        yield Place(url, engine)


on_sqlite = pytest.mark.parametrize("new_database", ["sqlite"], indirect=True)


def shown(row: Row) -> dict[str, Any]:
    """Return some numbers of a row as JSON has them."""
    exact = ("churn_risk", "predicted_value", "predicted_orders", "historical_value", "ltv")
    return {name: float(row[name]) for name in exact}


async def test_who_ordered_has_the_digits_that_the_whole_shop_would_have(place: Place) -> None:
    before = await place.rows()
    await place.ordered(4)
    await place.look()
    after = await place.rows()
    row = after.pop("4")
    assert row["frequency"] == before["4"]["frequency"] + 1
    assert row["as_of"] > before["4"]["as_of"]
    assert row["run_id"] == before["4"]["run_id"]
    wanted = (await whole_shop(place.url, row["as_of"]))["4"]
    assert shown(row) == {name: wanted[name] for name in shown(row)}
    assert row["archetype_id"] == wanted["archetype"]["id"]
    assert row["archetype_name"] == wanted["archetype"]["name"]
    assert after == {one: told for one, told in before.items() if one != "4"}
    assert await place.waiting() == []


@on_sqlite
async def test_who_is_held_out_stays_so_while_they_are_scored_between_runs(place: Place) -> None:
    until = NOW + timedelta(days=30)
    held = update(customer_intelligence).where(COLUMNS.customer_id.in_([4, 5]))
    await place.execute(held.values(held_out_until=until))
    before = await place.rows()
    await place.ordered(4)
    await place.ordered(6, order_id=900_002)
    await place.look()
    after = await place.rows()
    for one, end in (("4", until), ("5", until), ("6", None)):
        assert after[one]["held_out_until"] == end
    orders = {one: after[one]["frequency"] - before[one]["frequency"] for one in "456"}
    assert orders == {"4": 1, "5": 0, "6": 1}


async def test_a_first_order_is_a_move_that_is_counted_and_told(place: Place) -> None:
    await place.ordered(CUSTOMERS)
    count = {one["id"]: one["customer_count"] for one in await place.all(segments)}
    async with transaction(place.engine) as connection:
        published = await runs.published(connection)
        wanted = WebhookWanted(url="https://hooks.example.com/", events=(Event.SEGMENT_CHANGED,))
        await add_webhook(connection, wanted, "sealed", NOW)
    assert published is not None
    await place.look()
    row = await place.row(CUSTOMERS)
    (move,) = await place.all(
        segment_changes,
        segment_changes.c.from_segment_id.is_not(None),
        segment_changes.c.customer_id == CUSTOMERS,
    )
    assert (move["from_segment_id"], move["to_segment_id"]) == ("no_orders", row["archetype_id"])
    assert (move["cause"], move["run_id"]) == ("behaviour", published.run_id)
    assert move["changed_at"] == row["changed_at"]
    counted = {one["id"]: one["customer_count"] for one in await place.all(segments)}
    assert counted["no_orders"] == count["no_orders"] - 1
    assert counted[row["archetype_id"]] == count[row["archetype_id"]] + 1
    (told,) = await place.all(webhook_deliveries)
    assert (told["event"], told["people"]) == ("segment.changed", 1)
    assert (told["first_id"], told["last_id"]) == (move["id"], move["id"])


@on_sqlite
async def test_caches_of_every_replica_end_with_it(place: Place) -> None:
    async with transaction(place.engine) as connection:
        before = await runs.published(connection)
    await place.ordered(4)
    await place.look()
    async with transaction(place.engine) as connection:
        after = await runs.published(connection)
    assert before is not None
    assert after is not None
    assert (after.run_id, after.revision) == (before.run_id, before.revision + 1)


@on_sqlite
async def test_a_rise_of_risk_is_told_once_and_others_alarms_stay(place: Place) -> None:
    limits = RiskLimits(at_risk_from=0.9999, again_below=0.5)
    async with transaction(place.engine) as connection:
        wanted = WebhookWanted(
            url="https://hooks.example.com/", events=(Event.CUSTOMER_AT_RISK,), risk=limits
        )
        webhook = await add_webhook(connection, wanted, "sealed", NOW)
    seeded = update(customer_intelligence)
    await place.execute(
        seeded.where(COLUMNS.customer_id == 5).values(churn_risk=1),
        seeded.where(COLUMNS.customer_id == 4).values(churn_risk=0.1),
    )
    await place.tell(4, 6)
    await place.look()
    alarms = await place.all(webhook_alarms, webhook_alarms.c.webhook_id == webhook.id)
    raised = {one["customer_id"] for one in alarms if one["is_raised"]}
    assert "5" in raised  # who is not scored between runs is at risk as before
    risk = {
        one: float(row["churn_risk"])
        for one, row in (await place.rows()).items()
        if row["churn_risk"] is not None
    }
    assert raised == {one for one, number in risk.items() if number >= 0.9999}


@in_turns
@pytest.mark.parametrize("later", [True, False])
async def test_nothing_goes_back_in_time(place: Place, later: bool) -> None:
    at = NOW + timedelta(days=400 if later else -1)
    await place.execute(
        update(customer_intelligence).where(COLUMNS.customer_id == 4).values(as_of=at)
    )
    before = await place.row(4)
    await place.ordered(4)
    await place.look()
    after = await place.row(4)
    assert (after == before) is later
    assert await place.waiting() == []


@on_sqlite
async def test_what_is_told_while_somebody_is_scored_is_scored_again(place: Place) -> None:
    await place.tell(4, 5)
    async with transaction(place.engine) as connection:
        (first, _) = await read_waiting(connection, limit=10)
    await place.tell(4)
    async with transaction(place.engine) as connection:
        await settle(connection, [first])
    assert await place.waiting() == ["4", "5"]


@on_sqlite
async def test_a_flood_of_events_about_one_customer_is_one_row(place: Place) -> None:
    for _ in range(20):
        await place.tell(4)
    (waiting,) = await place.all(rescorings)
    assert (waiting["customer_id"], waiting["events"]) == ("4", 20)
    await place.look()
    assert await place.waiting() == []


@on_sqlite
async def test_whom_the_shop_does_not_have_is_forgotten(place: Place) -> None:
    await place.tell(999_999, 4)
    await place.look()
    assert [one["customer_id"] for one in await place.all(rescorings)] == ["4"]
    assert "999999" not in await place.rows()


async def test_an_erased_customer_stays_erased(place: Place) -> None:
    marker = Marker.of([ADMIN_KEY], Use.TOMBSTONE)
    await place.ordered(4)
    async with transaction(place.engine) as connection:
        await bury(connection, marker, [CustomerId("4")], await read_clock(connection))
        await store.erase_rows(connection, [CustomerId("4")])
        assert await connection.scalar(select(rescorings)) is None
    await place.tell(4)
    await place.look()
    assert "4" not in await place.rows()
    assert await place.waiting() == []


@in_turns
@pytest.mark.parametrize("known", [True, False])
async def test_who_is_new_since_the_run_gets_a_row(place: Place, known: bool) -> None:
    if not known:
        await place.execute(delete(customer_intelligence).where(COLUMNS.customer_id == 4))
    await place.ordered(4)
    await place.look()
    row = await place.row(4)
    assert row["status"] == "scored"
    assert (
        row["changed_at"].replace(microsecond=0) == row["updated_at"].replace(microsecond=0)
    ) or known


async def test_a_run_that_read_before_scores_them_again_by_its_own_model(place: Place) -> None:
    run_id = await claimed(place.engine, as_of=NOW + timedelta(hours=12))
    await place.ordered(4)
    await place.look()
    between = await place.row(4)
    await place.done(run_id)
    row, rows = await place.row(4), await place.rows()
    assert row["run_id"] == run_id
    assert row["as_of"] > between["as_of"]
    assert row["frequency"] == between["frequency"]
    assert rows["5"]["as_of"] == NOW + timedelta(hours=12)
    wanted = (await whole_shop(place.url, row["as_of"]))["4"]
    assert shown(row) == {name: wanted[name] for name in shown(row)}


@on_sqlite
async def test_a_move_between_is_told_once_and_the_run_starts_from_there(place: Place) -> None:
    run_id = await claimed(place.engine, as_of=NOW + timedelta(hours=12))
    await place.ordered(CUSTOMERS)
    await place.look()
    await place.done(run_id)
    rows = await place.rows()
    moves = await place.all(segment_changes, segment_changes.c.customer_id == CUSTOMERS)
    ways = [(one["from_segment_id"], one["to_segment_id"]) for one in moves]
    assert ways[0] == (None, "no_orders")
    for before, after in pairwise(ways):
        assert before[1] == after[0]
    assert ways[-1][1] == rows[str(CUSTOMERS)]["archetype_id"]
    counted = {
        one["id"]: one["customer_count"] for one in await place.all(segments) if not one["is_group"]
    }
    here: dict[str, int] = {}
    for row in rows.values():
        here[row["archetype_id"]] = here.get(row["archetype_id"], 0) + 1
    assert {one: count for one, count in counted.items() if count} == here


@on_sqlite
async def test_who_waits_still_is_scored_by_the_run(place: Place) -> None:
    run_id = await claimed(place.engine, as_of=NOW + timedelta(hours=12))
    await place.ordered(4)
    before = await place.row(4)
    await place.done(run_id)
    row = await place.row(4)
    assert (row["run_id"], row["frequency"]) == (run_id, before["frequency"] + 1)
    assert await place.waiting() == []


@on_sqlite
async def test_before_the_first_run_they_wait_for_it(place: Place) -> None:
    await place.execute(delete(customer_intelligence))
    async with transaction(place.engine) as connection:
        await connection.execute(update(runs_table).values(published=None))
    await place.tell(4)
    await place.look()
    assert await place.waiting() == ["4"]


@pytest.mark.external
@pytest.mark.parametrize("new_database", ["postgresql"], indirect=True)
async def test_who_waits_outlives_a_lock_on_the_shops_table(place: Place) -> None:
    before = await place.row(4)
    await place.ordered(4)
    async with opened(place.url) as locking, transaction(locking) as connection:
        await connection.execute(text("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE"))
        await place.look()
        assert await place.waiting() == ["4"]
        assert await place.row(4) == before
    await place.look()
    assert (await place.row(4))["frequency"] == before["frequency"] + 1


SHOP_WITH_TEXTS = """
[customers]
query = "SELECT CONCAT('c', id) AS id, email, first_name, last_name, created_at FROM customers"

[orders]
query = '''
SELECT id, CONCAT('c', customer_id) AS customer_id, total_price, created_at, financial_status
FROM orders'''
"""


@pytest.mark.parametrize(
    "new_database",
    [pytest.param(kind, marks=pytest.mark.external) for kind in ("postgresql", "mariadb")],
    indirect=True,
)
async def test_ids_of_text_in_a_database_apart_from_ours(
    new_database: NewDatabase, tmp_path: Path
) -> None:
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(SHOP_WITH_TEXTS)
    shop_url, our_url = new_database(filled_yesterday), new_database(migrated)
    variables = {"SHOP_MAPPING": str(mapping)}
    config = config_of(shop_url, intelligence_url=our_url, shop_variables=variables)
    async with opened(our_url) as engine, opened(shop_url) as shop_engine:
        ours, theirs = Place(our_url, engine), Place(shop_url, shop_engine)
        await perform(config, await claimed(engine, as_of=NOW), "mine", Progress())
        before = await ours.row("c4")
        await theirs.execute(placed(4, "80.00", NOW + timedelta(hours=1), 900_001))
        await ours.tell("c4", "4", "C4")
        await Rescorer(config, engine, shop_engine).look()
        after = await ours.row("c4")
        assert (after["frequency"], after["run_id"]) == (before["frequency"] + 1, before["run_id"])
        assert await ours.waiting() == []
        assert {"4", "C4"}.isdisjoint(await ours.rows())


FACTS = (
    "frequency",
    "historical_value",
    "last_order_at",
    "order_days",
    "typical_order_value",
    "recency_days",
    "age_days",
    "usual_gap_days",
)


@on_sqlite
@pytest.mark.parametrize("examples", [2, pytest.param(20, marks=pytest.mark.long)])
def test_whatever_happens_the_next_run_agrees_with_what_was_published(
    new_database: NewDatabase, examples: int
) -> None:
    made, url = [100_000], new_database(clustered_yesterday)

    async def hold(what_happened: list[Any]) -> None:
        made[0] += 1000
        async with opened(url) as engine:
            place = Place(url, engine)
            await place.execute(*statements_of(what_happened, made[0]))
            await place.tell(*(one["id"] for one in SHOP.customers))
            await place.look()
            between = await place.rows()
            (as_of,) = {row["as_of"] for row in between.values()}
            wanted = await whole_shop(url, as_of)
            for one, row in between.items():
                assert row["archetype_id"] == wanted[one]["archetype"]["id"]
                assert row["frequency"] == wanted[one]["total_orders"]
            await place.run(as_of=as_of)
            for one, row in (await place.rows()).items():
                assert [row[name] for name in FACTS] == [between[one][name] for name in FACTS]

    @settings(
        max_examples=examples,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(events)
    def all_hold(what_happened: list[Any]) -> None:
        wait_for(hold(what_happened))

    all_hold()
