"""Who delivers to which webhook: one process at a time, one delivery after the other.

A lease by the database's clock holds a webhook for who delivers to it, so that several workers
neither overtake each other nor deliver one row at the same time. It is renewed ahead of each
attempt, and lasts much longer than one may take.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, exists, or_, select, update

from backend.core.glossary import DeliveryState, Event
from backend.database.database_clock import database_now, read_clock
from backend.database.engine import AsyncConnection, AsyncEngine, transaction
from backend.store.delivery_rows import COLUMNS, delivery_of
from backend.store.tables import webhook_deliveries, webhooks
from backend.store.told_people import PeopleTold, read_people_told
from backend.store.webhook_rows import disable_webhook, get_webhook, hold_webhook
from backend.webhooks.attempts import Aftermath, Outcome, aftermath
from backend.webhooks.delivery import Delivery
from backend.webhooks.webhook import Webhook

LEASE = timedelta(seconds=60)
DELIVERIES = webhook_deliveries.c


@dataclass(frozen=True, slots=True, kw_only=True)
class DueDelivery:
    """The next that is to be told, and by what secrets it is signed.

    Attributes
    ----------
    told
        What it says as JSON, or of whom.
    seals
        The secrets as they are kept: the one that holds, and the one before while that signs too.
    """

    webhook: Webhook
    delivery: Delivery
    told: str | PeopleTold
    seals: tuple[str, ...]


async def read_due(engine: AsyncEngine) -> list[str]:
    """Return the webhooks that something waits for and nobody delivers to."""
    is_test = DELIVERIES.event == Event.TEST
    waits = exists().where(
        DELIVERIES.webhook_id == webhooks.c.id,
        DELIVERIES.state == DeliveryState.WAITING,
        DELIVERIES.due_at <= database_now(),
        or_(webhooks.c.disabled_at.is_(None), is_test),
    )
    async with transaction(engine) as connection:
        return list(await connection.scalars(select(webhooks.c.id).where(_is_free(), waits)))


def _is_free() -> ColumnElement[bool]:
    return or_(webhooks.c.lease_until.is_(None), webhooks.c.lease_until < database_now())


async def claim_webhook(engine: AsyncEngine, webhook_id: str, token: str) -> bool:
    """Take a webhook to deliver to; False where somebody else has."""
    taken = {"lease_token": token, "lease_until": database_now(LEASE)}
    free = update(webhooks).where(webhooks.c.id == webhook_id, _is_free())
    async with transaction(engine, may_be_locked=True) as connection:
        return (await connection.execute(free.values(taken))).rowcount == 1


async def release_webhook(engine: AsyncEngine, webhook_id: str, token: str) -> None:
    """Let others deliver to it."""
    ours = update(webhooks).where(webhooks.c.id == webhook_id, webhooks.c.lease_token == token)
    async with transaction(engine) as connection:
        await connection.execute(ours.values(lease_token=None, lease_until=None))


async def next_due(engine: AsyncEngine, webhook_id: str, token: str) -> DueDelivery | None:
    """Return what is to be told now, with the lease renewed; None where nothing is."""
    async with transaction(engine) as connection:
        while await _renewed(connection, webhook_id, token):
            webhook = await get_webhook(connection, webhook_id)
            if (delivery := await _first_due(connection, webhook)) is None:
                return None
            told = delivery.facts or await read_people_told(connection, webhook, delivery)
            if told is not None:
                seals = await _seals(connection, webhook_id)
                return DueDelivery(webhook=webhook, delivery=delivery, told=told, seals=seals)
            await _change(connection, delivery, state=str(DeliveryState.DROPPED))
    return None


async def _renewed(connection: AsyncConnection, webhook_id: str, token: str) -> bool:
    ours = (webhooks.c.id == webhook_id, webhooks.c.lease_token == token)
    still = update(webhooks).where(*ours, webhooks.c.lease_until > database_now())
    renewed = await connection.execute(still.values(lease_until=database_now(LEASE)))
    return renewed.rowcount == 1


async def _first_due(connection: AsyncConnection, webhook: Webhook) -> Delivery | None:
    """Return the first that waits, trials ahead of all; None where that is not due yet."""
    asked = [DELIVERIES.webhook_id == webhook.id, DELIVERIES.state == DeliveryState.WAITING]
    if webhook.disabled_at is not None:
        asked.append(DELIVERIES.event == Event.TEST)
    trials_first = case((DELIVERIES.event == Event.TEST, 0), else_=1)
    first = select(*COLUMNS).where(*asked).order_by(trials_first, DELIVERIES.id).limit(1)
    if (row := (await connection.execute(first)).mappings().one_or_none()) is None:
        return None
    delivery = delivery_of(row)
    if delivery.due_at <= await read_clock(connection):
        return delivery
    await _wait_behind(connection, delivery, delivery.due_at)
    return None


async def _wait_behind(connection: AsyncConnection, first: Delivery, due_at: datetime) -> None:
    """Have what comes after a delivery wait for it, so that nobody looks for it meanwhile."""
    behind = (
        DELIVERIES.webhook_id == first.webhook_id,
        DELIVERIES.state == DeliveryState.WAITING,
        DELIVERIES.event != Event.TEST,
        DELIVERIES.due_at < due_at,
    )
    await connection.execute(update(webhook_deliveries).where(*behind).values(due_at=due_at))


async def _seals(connection: AsyncConnection, webhook_id: str) -> tuple[str, ...]:
    columns = (webhooks.c.secret, webhooks.c.previous_secret, webhooks.c.previous_until)
    found = await connection.execute(select(*columns).where(webhooks.c.id == webhook_id))
    secret, previous, until = found.one()
    if until is None or until <= await read_clock(connection):
        return (secret,)
    return (secret, previous)


async def record_outcome(engine: AsyncEngine, due: DueDelivery, outcome: Outcome) -> Aftermath:
    """Keep what came of an attempt, and say what comes after it."""
    delivery = due.delivery
    async with transaction(engine) as connection:
        await hold_webhook(connection, delivery.webhook_id)
        now = await read_clock(connection)
        first = delivery.first_tried_at or now
        attempts = delivery.attempts + 1
        after = aftermath(outcome, delivery.event, attempts, first, now)
        await _change(
            connection,
            delivery,
            state=str(after.state),
            attempts=attempts,
            first_tried_at=first,
            tried_at=now,
            status_code=outcome.status_code,
            problem=outcome.problem,
        )
        if after.due_at is not None:
            await _wait_behind(connection, delivery, after.due_at)
        if after.disables is not None:
            await disable_webhook(connection, delivery.webhook_id, after.disables, now)
    return after


async def _change(connection: AsyncConnection, delivery: Delivery, **values: Any) -> None:
    """Change a delivery that still waits: who asked for it anew meanwhile is not undone."""
    waiting = (DELIVERIES.id == delivery.id, DELIVERIES.state == DeliveryState.WAITING)
    await connection.execute(update(webhook_deliveries).where(*waiting).values(values))
