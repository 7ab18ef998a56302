"""Deliveries as rows: read, told again, forgotten."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, delete, select, update

from backend.core.errors import DeliveryNotFound, WebhookDisabled
from backend.core.glossary import DeliveryProblem, DeliveryState, Event
from backend.database.engine import AsyncConnection
from backend.store.alarm_rows import forget_alarms
from backend.store.tables import webhook_deliveries
from backend.store.webhook_rows import get_webhook, waiting_anew

KEPT_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One call that is to be made, or was.

    Attributes
    ----------
    id
        Ascending: what happened later has a greater one.
    message_id
        The same in every attempt, however often.
    happened_at
        When what it tells was so.
    facts
        What it says as JSON; None where it is about customers.
    first_id, last_id
        Of the rows it is about.
    people
        How many there were when it was written.
    due_at
        Not before.
    first_tried_at, tried_at
        The first and the last attempt; None before the first.
    status_code, problem
        What came of the last one.
    """

    id: int
    message_id: str
    webhook_id: str
    event: Event
    run_id: str | None
    happened_at: datetime
    facts: str | None
    first_id: int | None
    last_id: int | None
    people: int
    batch: int
    batches: int
    state: DeliveryState
    due_at: datetime
    attempts: int
    first_tried_at: datetime | None
    tried_at: datetime | None
    status_code: int | None
    problem: DeliveryProblem | None


COLUMNS = [webhook_deliveries.c[field.name] for field in fields(Delivery)]


async def read_deliveries(
    connection: AsyncConnection,
    webhook_id: str,
    *,
    limit: int,
    states: Sequence[DeliveryState] = (),
    before: int | None = None,
) -> list[Delivery]:
    """Return what a webhook was told and is to be told, the newest first.

    Parameters
    ----------
    connection
        In a transaction.
    webhook_id
        Which.
    limit
        At most so many.
    states
        Only those that are so; empty: all.
    before
        Only those with a lower id.

    Raises
    ------
    WebhookNotFound
        When there is none with this id.
    """
    await get_webhook(connection, webhook_id)
    table = webhook_deliveries.c
    conditions = [table.webhook_id == webhook_id]
    if states:
        conditions.append(table.state.in_([str(one) for one in states]))
    if before is not None:
        conditions.append(table.id < before)
    newest = select(*COLUMNS).where(*conditions).order_by(table.id.desc()).limit(limit)
    return [delivery_of(row) for row in (await connection.execute(newest)).mappings()]


async def get_delivery(connection: AsyncConnection, webhook_id: str, delivery_id: int) -> Delivery:
    """Return one delivery.

    Raises
    ------
    WebhookNotFound, DeliveryNotFound
        When there is none with these ids.
    """
    await get_webhook(connection, webhook_id)
    table = webhook_deliveries.c
    asked = select(*COLUMNS).where(table.webhook_id == webhook_id, table.id == delivery_id)
    if (row := (await connection.execute(asked)).mappings().one_or_none()) is None:
        raise DeliveryNotFound(delivery_id)
    return delivery_of(row)


async def redeliver(
    connection: AsyncConnection, webhook_id: str, delivery_id: int, now: datetime
) -> Delivery:
    """Have it told again, under its id, ahead of all that waits.

    Raises
    ------
    WebhookNotFound, DeliveryNotFound
        When there is none with these ids.
    WebhookDisabled
        When it would wait until somebody enables it.
    """
    if (await get_webhook(connection, webhook_id)).disabled_at is not None:
        raise WebhookDisabled(webhook_id)
    await get_delivery(connection, webhook_id, delivery_id)
    again = update(webhook_deliveries).where(webhook_deliveries.c.id == delivery_id)
    await connection.execute(again.values(waiting_anew(now)))
    return await get_delivery(connection, webhook_id, delivery_id)


async def forget_deliveries(connection: AsyncConnection, now: datetime) -> None:
    """Delete what happened more than thirty days ago, told or not."""
    old = now - KEPT_FOR
    await connection.execute(
        delete(webhook_deliveries).where(webhook_deliveries.c.happened_at < old)
    )
    await forget_alarms(connection, old)


def delivery_of(row: RowMapping) -> Delivery:
    """Read a delivery's row."""
    problem = row["problem"]
    words = {
        "event": Event(row["event"]),
        "state": DeliveryState(row["state"]),
        "problem": None if problem is None else DeliveryProblem(problem),
    }
    return Delivery(**{**row, **words})
