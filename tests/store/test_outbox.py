"""What happens is written to be told in the transaction in which it happens, by ids of rows."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import delete, func, select, update

from backend import store
from backend.core.customer_id import CustomerId
from backend.core.errors import LeaseLost, TooManyWebhooks, WebhookDisabled, WebhookNotFound
from backend.core.glossary import (
    Cause,
    DeliveryProblem,
    DeliveryState,
    Departure,
    DisabledBecause,
    Event,
)
from backend.database.database_clock import database_now, read_clock
from backend.database.engine import AsyncEngine, create_engine, transaction
from backend.store import leases
from backend.store.delivery_leases import (
    DueDelivery,
    claim_webhook,
    next_due,
    read_due,
    record_outcome,
    release_webhook,
)
from backend.store.delivery_rows import forget_deliveries, read_deliveries, redeliver
from backend.store.departures import tell_erased
from backend.store.outbox import tell_trial
from backend.store.publication import Publication, SegmentMoves
from backend.store.tables import segment_changes, webhook_alarms, webhook_deliveries, webhooks
from backend.store.webhook_rows import (
    MOST_WEBHOOKS,
    add_webhook,
    delete_webhook,
    disable_webhook,
    enable_webhook,
    get_webhook,
    replace_secret,
)
from backend.webhooks.attempts import Outcome
from backend.webhooks.delivery import Delivery
from backend.webhooks.webhook import MovesWanted, RiskLimits, Webhook, WebhookWanted
from tests.conftest import NewDatabase, takes_its_turn
from tests.databases import migrated
from tests.expired import let_the_lease_expire
from tests.store.test_publish import NOW, columns, prepared

EVERYTHING = tuple(one for one in Event if one is not Event.TEST)
WELL, FAILED = Outcome(status_code=204), Outcome(problem=DeliveryProblem.UNREACHABLE)


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


async def followed(engine: AsyncEngine, *events: Event, **wanted: Any) -> Webhook:
    asked = WebhookWanted(url="https://hooks.example.com/", events=events or EVERYTHING, **wanted)
    async with transaction(engine) as connection:
        return await add_webhook(connection, asked, "sealed", await read_clock(connection))


def shop(risks: Sequence[float], first: int = 1) -> Any:
    """Return customers, numbered from `first`, with these churn risks."""
    ids = np.arange(first, first + len(risks))
    made = columns(ids[:3])
    rows = np.zeros(len(risks), dtype=int)
    return replace(made.rows(rows), customer_id=ids, churn_risk=np.array(risks, dtype=float))


def moves(ids: Sequence[int], *, origin: str | None = "alpha", to: str | None = "beta") -> Any:
    causes = [Cause.BEHAVIOUR if one % 2 else Cause.MODEL for one in ids]
    return SegmentMoves(
        customer_id=np.array(ids),
        from_segment_id=np.full(len(ids), origin, dtype=object),
        to_segment_id=np.full(len(ids), to, dtype=object),
        cause=np.array(causes, dtype=object),
    )


async def published(
    engine: AsyncEngine,
    risks: Sequence[float] = (0.1, 0.1, 0.1),
    at: datetime = NOW,
    **changes: Any,
) -> Publication:
    """Publish a shop of customers with these churn risks."""
    publication = replace(await prepared(engine), customers=shop(risks), **changes)
    await store.publish(engine, publication, now=at)
    return publication


async def waiting(engine: AsyncEngine, webhook: Webhook) -> list[Delivery]:
    """Return what waits, the first first."""
    async with transaction(engine) as connection:
        found = await read_deliveries(
            connection, webhook.id, limit=500, states=[DeliveryState.WAITING]
        )
    return found[::-1]


async def told(engine: AsyncEngine, webhook: Webhook) -> list[DueDelivery]:
    """Deliver all that waits, to somebody who takes it, and return it."""
    found: list[DueDelivery] = []
    assert await claim_webhook(engine, webhook.id, "mine")
    while (due := await next_due(engine, webhook.id, "mine")) is not None:
        found.append(due)
        await record_outcome(engine, due, WELL)
    await release_webhook(engine, webhook.id, "mine")
    return found


def people(due: DueDelivery) -> list[str]:
    assert not isinstance(due.told, str)
    return [one.customer_id for one in due.told.customers]


@takes_its_turn
async def test_ten_thousand_moves_are_one_word_and_twenty_calls(engine: AsyncEngine) -> None:
    hook = await followed(engine, Event.RUN_PUBLISHED, Event.SEGMENT_CHANGED)
    await published(engine, [0.1] * 3)
    assert [one.event for one in await waiting(engine, hook)] == [Event.RUN_PUBLISHED]
    ids = list(range(1, 10_001))
    await published(engine, [0.1] * 10_000, NOW + timedelta(days=1), moves=moves(ids))
    found = (await told(engine, hook))[1:]
    assert [one.delivery.event for one in found] == [Event.RUN_PUBLISHED] + [
        Event.SEGMENT_CHANGED
    ] * 20
    calls = [people(one) for one in found[1:]]
    assert [len(one) for one in calls] == [500] * 20
    assert sorted(int(one) for call in calls for one in call) == ids
    assert len({one.delivery.message_id for one in found}) == 21


async def test_the_first_publication_tells_nobody_that_everybody_is_new(
    on_sqlite: AsyncEngine,
) -> None:
    hook = await followed(on_sqlite, Event.SEGMENT_CHANGED, Event.CUSTOMER_AT_RISK)
    await published(on_sqlite, [0.9, 0.1, 0.1], moves=moves([1, 2, 3], origin=None))
    assert await waiting(on_sqlite, hook) == []
    await published(on_sqlite, [0.9] * 4, NOW + timedelta(days=1), moves=moves([4], origin=None))
    moved, risen = await told(on_sqlite, hook)
    assert people(moved) == ["4"]
    assert people(risen) == ["2", "3", "4"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (MovesWanted(), ["1", "2", "3", "4", "5", "6"]),
        (MovesWanted(from_segment_ids=("alpha",)), ["1", "2"]),
        (MovesWanted(to_segment_ids=("alpha", "gamma")), ["3", "4"]),
        (MovesWanted(causes=(Cause.MODEL,)), ["2", "4", "6"]),
        (MovesWanted(from_segment_ids=("alpha",), causes=(Cause.BEHAVIOUR,)), ["1"]),
        (MovesWanted(to_segment_ids=("nowhere",)), []),
    ],
)
async def test_moves_are_told_as_they_were_asked_for(
    on_sqlite: AsyncEngine, wanted: MovesWanted, expected: list[str]
) -> None:
    """Who is gone is told as that, and not as a move to nowhere."""
    hook = await followed(on_sqlite, Event.SEGMENT_CHANGED, moves=wanted)
    await published(on_sqlite)
    ways = [("alpha", "beta"), ("beta", "alpha"), (None, "beta"), ("beta", None)]
    some = [moves([2 * n + 1, 2 * n + 2], origin=a, to=b) for n, (a, b) in enumerate(ways)]
    together = SegmentMoves(
        customer_id=np.concatenate([one.customer_id for one in some]),
        from_segment_id=np.concatenate([one.from_segment_id for one in some]),
        to_segment_id=np.concatenate([one.to_segment_id for one in some]),
        cause=np.concatenate([one.cause for one in some]),
    )
    await published(on_sqlite, at=NOW + timedelta(days=1), moves=together)
    found = await told(on_sqlite, hook)
    assert [one for due in found for one in people(due)] == expected


@takes_its_turn
async def test_a_rise_is_told_once_to_each_by_its_own_limits(engine: AsyncEngine) -> None:
    usual = await followed(engine, Event.CUSTOMER_AT_RISK)
    strict = await followed(
        engine, Event.CUSTOMER_AT_RISK, risk=RiskLimits(at_risk_from=0.5, again_below=0.5)
    )
    nights = [
        [0.75, 0.2, 0.69, float("nan")],
        [0.65, 0.7, 0.71, 0.1],
        [0.71, 0.59, 0.65, 0.8],
        [0.2, 0.72, 0.72, float("nan")],
        [0.9, 0.9, 0.1, 0.9],
    ]
    heard: dict[str, list[list[str]]] = {usual.id: [], strict.id: []}
    for night, risks in enumerate(nights):
        await published(engine, risks, NOW + timedelta(days=night))
        for hook in (usual, strict):
            heard[hook.id].append([one for due in await told(engine, hook) for one in people(due)])
    assert heard[usual.id] == [[], ["2", "3"], ["4"], ["2"], ["1"]]
    assert heard[strict.id] == [[], ["2"], ["4"], [], ["1"]]


async def test_a_webhook_made_between_two_runs_counts_from_what_was_served(
    on_sqlite: AsyncEngine,
) -> None:
    await published(on_sqlite, [0.9, 0.1, 0.65])
    hook = await followed(on_sqlite, Event.CUSTOMER_AT_RISK)
    await published(on_sqlite, [0.95, 0.8, 0.75], NOW + timedelta(days=1))
    (due,) = await told(on_sqlite, hook)
    assert not isinstance(due.told, str)
    rows = [(one.customer_id, one.churn_risk, one.churn_risk_before) for one in due.told.customers]  # type: ignore[union-attr]
    assert rows == [("2", 0.8, 0.1), ("3", 0.75, 0.65)]


@takes_its_turn
async def test_who_leaves_is_told_with_why(engine: AsyncEngine) -> None:
    hook = await followed(engine, Event.CUSTOMER_GONE)
    await published(engine)
    gone = {"8": Departure.DELETED, "9": Departure.MERGED}
    await published(engine, at=NOW + timedelta(days=1), departures=gone)
    async with transaction(engine) as connection:
        await tell_erased(connection, [CustomerId("3")], NOW + timedelta(days=2))
    first, second = await told(engine, hook)
    causes = [
        {one.customer_id: str(one.cause) for one in due.told.customers}  # type: ignore[union-attr]
        for due in (first, second)
    ]
    assert causes == [{"8": "deleted", "9": "merged"}, {"3": "erased"}]
    assert second.delivery.run_id is None


@takes_its_turn
async def test_who_is_erased_meanwhile_is_in_no_call(engine: AsyncEngine) -> None:
    hook = await followed(engine, Event.SEGMENT_CHANGED, Event.CUSTOMER_AT_RISK)
    await published(engine)
    await published(engine, [0.9] * 3, NOW + timedelta(days=1), moves=moves([1, 2, 3]))
    erased = [CustomerId("2")]
    async with transaction(engine) as connection:
        await tell_erased(connection, erased, await read_clock(connection))
    moved, risen = await told(engine, hook)  # its rows wait to be deleted
    assert people(moved) == people(risen) == ["1", "3"]
    async with transaction(engine) as connection:
        await store.erase_rows(connection, erased)
        again = [
            await redeliver(connection, hook.id, one.delivery.id, NOW) for one in (moved, risen)
        ]
        for column in (webhook_alarms.c.customer_id, segment_changes.c.customer_id):
            assert "2" not in {str(one) for one in await connection.scalars(select(column))}
    assert [people(one) for one in await told(engine, hook)] == [["1", "3"], ["1", "3"]]
    assert [one.message_id for one in again] == [
        moved.delivery.message_id,
        risen.delivery.message_id,
    ]


async def test_a_call_that_nobody_is_left_for_is_dropped(on_sqlite: AsyncEngine) -> None:
    hook = await followed(on_sqlite, Event.SEGMENT_CHANGED)
    await published(on_sqlite)
    await published(on_sqlite, at=NOW + timedelta(days=1), moves=moves([2]))
    async with transaction(on_sqlite) as connection:
        await connection.execute(delete(segment_changes))
    assert await told(on_sqlite, hook) == []
    async with transaction(on_sqlite) as connection:
        (left,) = await read_deliveries(connection, hook.id, limit=5)
    assert left.state is DeliveryState.DROPPED


async def test_what_is_not_published_is_not_told(on_sqlite: AsyncEngine) -> None:
    hook = await followed(on_sqlite)
    at_work = replace(await prepared(on_sqlite), moves=moves([1, 2]))
    await let_the_lease_expire(on_sqlite)
    with pytest.raises(LeaseLost):
        await store.publish(on_sqlite, at_work, now=NOW)
    assert await waiting(on_sqlite, hook) == []


@takes_its_turn
async def test_a_run_that_fails_is_told_however_it_does(engine: AsyncEngine) -> None:
    hook = await followed(engine, Event.RUN_FAILED)
    failed = await prepared(engine)
    assert await leases.fail(engine, failed.run_id, token="mine", error="It broke.")
    assert not await leases.fail(engine, failed.run_id, token="mine", error="It broke again.")
    lost = await prepared(engine)
    await let_the_lease_expire(engine)
    await leases.reap_expired(engine)
    await leases.reap_expired(engine)
    found = await waiting(engine, hook)
    assert [one.run_id for one in found] == [failed.run_id, lost.run_id]
    assert '"error":"It broke."' in (found[0].facts or "")


async def test_of_two_who_want_to_deliver_one_does(engine: AsyncEngine) -> None:
    hook = await followed(engine, Event.RUN_PUBLISHED)
    await published(engine)
    assert await read_due(engine) == [hook.id]
    assert await claim_webhook(engine, hook.id, "one")
    assert not await claim_webhook(engine, hook.id, "other")
    assert await read_due(engine) == []
    assert await next_due(engine, hook.id, "other") is None
    await expire(engine)
    assert await next_due(engine, hook.id, "one") is None
    assert await claim_webhook(engine, hook.id, "other")
    await release_webhook(engine, hook.id, "one")
    assert await next_due(engine, hook.id, "other") is not None


async def expire(engine: AsyncEngine) -> None:
    """Be so late that the lease of whoever delivers is over."""
    async with transaction(engine) as connection:
        late = database_now(-timedelta(seconds=1))
        await connection.execute(update(webhooks).values(lease_until=late))


async def as_if_passed(engine: AsyncEngine, time: timedelta) -> None:
    """Let time pass: what was or is to be done is so much earlier."""
    async with transaction(engine) as connection:
        for delivery in (await connection.execute(select(webhook_deliveries))).mappings().all():
            earlier = {
                name: delivery[name] - time
                for name in ("due_at", "first_tried_at", "tried_at")
                if delivery[name] is not None
            }
            changed = update(webhook_deliveries).where(webhook_deliveries.c.id == delivery["id"])
            await connection.execute(changed.values(earlier))


@takes_its_turn
async def test_what_fails_is_waited_for_and_overtaken_by_nothing(engine: AsyncEngine) -> None:
    hook = await followed(engine, Event.RUN_PUBLISHED)
    for night in range(3):
        await published(engine, at=NOW + timedelta(days=night))
    first = (await waiting(engine, hook))[0]
    assert await claim_webhook(engine, hook.id, "mine")
    due = await next_due(engine, hook.id, "mine")
    assert due is not None
    assert due.delivery.id == first.id
    after = await record_outcome(engine, due, FAILED)
    assert after.state is DeliveryState.WAITING
    assert await next_due(engine, hook.id, "mine") is None
    await release_webhook(engine, hook.id, "mine")
    assert await read_due(engine) == []
    await published(engine, at=NOW + timedelta(days=4))  # what comes meanwhile waits behind it
    assert await told(engine, hook) == []
    assert await read_due(engine) == []
    await as_if_passed(engine, timedelta(seconds=6))
    found = await told(engine, hook)
    assert [one.delivery.id for one in found][:1] == [first.id]
    assert len(found) == 4
    assert found[0].delivery.message_id == first.message_id
    assert found[0].delivery.attempts == 1


async def test_after_a_day_the_webhook_is_disabled_and_enabled_goes_on_where_it_stopped(
    engine: AsyncEngine,
) -> None:
    hook = await followed(engine, Event.RUN_PUBLISHED)
    await published(engine)
    await published(engine, at=NOW + timedelta(days=1))
    ids = [one.id for one in await waiting(engine, hook)]
    attempts = 0
    while True:
        assert await claim_webhook(engine, hook.id, "mine")
        due = await next_due(engine, hook.id, "mine")
        if due is None:
            break
        attempts += 1
        await record_outcome(engine, due, FAILED)
        await release_webhook(engine, hook.id, "mine")
        await as_if_passed(engine, timedelta(hours=4, seconds=1))
    await release_webhook(engine, hook.id, "mine")
    assert attempts == 7  # at once, then each four hours, until the day is over
    async with transaction(engine) as connection:
        disabled = await get_webhook(connection, hook.id)
        states = [one.state for one in await read_deliveries(connection, hook.id, limit=5)]
    assert disabled.disabled_because is DisabledBecause.UNDELIVERABLE
    assert states == [DeliveryState.WAITING, DeliveryState.DEAD]
    assert await read_due(engine) == []
    await published(engine, at=NOW + timedelta(days=2))
    async with transaction(engine) as connection:
        with pytest.raises(WebhookDisabled):
            await redeliver(connection, hook.id, ids[0], await read_clock(connection))
        await enable_webhook(connection, hook.id, await read_clock(connection))
    # What happened while it was disabled is not told.
    assert [one.delivery.id for one in await told(engine, hook)] == ids


async def test_a_trial_goes_ahead_of_all_and_is_tried_once_enabled_or_not(
    on_sqlite: AsyncEngine,
) -> None:
    hook = await followed(on_sqlite, Event.RUN_PUBLISHED)
    await published(on_sqlite)
    assert await claim_webhook(on_sqlite, hook.id, "mine")
    due = await next_due(on_sqlite, hook.id, "mine")
    assert due is not None
    await record_outcome(on_sqlite, due, FAILED)
    async with transaction(on_sqlite) as connection:
        trial = await tell_trial(connection, hook.id, await read_clock(connection))
    due = await next_due(on_sqlite, hook.id, "mine")
    assert due is not None
    assert (due.delivery.id, due.delivery.event) == (trial, Event.TEST)
    after = await record_outcome(on_sqlite, due, FAILED)
    assert (after.state, after.disables) == (DeliveryState.DEAD, None)
    async with transaction(on_sqlite) as connection:
        now = await read_clock(connection)
        await disable_webhook(connection, hook.id, DisabledBecause.ASKED, now)
        await tell_trial(connection, hook.id, now)
    due = await next_due(on_sqlite, hook.id, "mine")
    assert due is not None
    assert due.delivery.event is Event.TEST


async def test_both_secrets_sign_for_a_day(on_sqlite: AsyncEngine) -> None:
    hook = await followed(on_sqlite, Event.RUN_PUBLISHED)
    for hours, expected in ((24, ("new", "sealed")), (-1, ("newer",))):
        await published(on_sqlite)
        async with transaction(on_sqlite) as connection:
            until = await read_clock(connection) + timedelta(hours=hours)
            await replace_secret(connection, hook.id, expected[0], until)
        (due,) = await told(on_sqlite, hook)
        assert due.seals == expected


async def test_what_is_older_than_thirty_days_is_forgotten(on_sqlite: AsyncEngine) -> None:
    hook = await followed(on_sqlite, Event.RUN_PUBLISHED, Event.CUSTOMER_AT_RISK)
    await published(on_sqlite)
    for risks, days in (([0.9, 0.1, 0.1], 0), ([0.1, 0.9, 0.1], 30), ([0.1, 0.1, 0.1], 31)):
        await published(on_sqlite, risks, NOW + timedelta(days=days, minutes=1))
    async with transaction(on_sqlite) as connection:
        await forget_deliveries(connection, NOW + timedelta(days=31))
        left = await read_deliveries(connection, hook.id, limit=50)
        alarms = await connection.scalars(select(webhook_alarms.c.customer_id))
        assert alarms.all() == ["2"]
    assert {one.happened_at for one in left} == {
        NOW + timedelta(days=30, minutes=1),
        NOW + timedelta(days=31, minutes=1),
    }


async def test_a_webhook_goes_with_all_that_is_its(on_sqlite: AsyncEngine) -> None:
    hook, other = await followed(on_sqlite), await followed(on_sqlite)
    await published(on_sqlite)
    await published(on_sqlite, [0.9] * 3, NOW + timedelta(days=1), moves=moves([1]))
    async with transaction(on_sqlite) as connection:
        await delete_webhook(connection, hook.id)
        with pytest.raises(WebhookNotFound):
            await delete_webhook(connection, hook.id)
        for table in (webhook_deliveries, webhook_alarms):
            whose = await connection.scalars(select(table.c.webhook_id).distinct())
            assert whose.all() == [other.id]


async def test_there_are_only_so_many(on_sqlite: AsyncEngine) -> None:
    for _ in range(MOST_WEBHOOKS):
        await followed(on_sqlite)
    with pytest.raises(TooManyWebhooks):
        await followed(on_sqlite)


async def test_who_has_no_webhooks_writes_nothing(on_sqlite: AsyncEngine) -> None:
    await published(on_sqlite, moves=moves([1, 2]), departures={"9": Departure.DELETED})
    async with transaction(on_sqlite) as connection:
        assert await connection.scalar(select(func.count()).select_from(webhook_deliveries)) == 0
