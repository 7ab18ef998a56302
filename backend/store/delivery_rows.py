"""Deliveries as rows: read, told again, forgotten."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, delete, select, update

from backend.core.errors import DeliveryNotFound, WebhookDisabled
from backend.core.glossary import DeliveryProblem, DeliveryState, Event
from backend.database.engine import AsyncConnection
from backend.store.alarm_rows import forget_alarms
from backend.store.tables import webhook_deliveries
from backend.store.webhook_rows import get_webhook, waiting_anew
from backend.webhooks.delivery import Delivery

KEPT_FOR = timedelta(days=30)


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
    await forget_alarms(connection, old)
    await connection.execute(
        delete(webhook_deliveries).where(webhook_deliveries.c.happened_at < old)
    )


def delivery_of(row: RowMapping) -> Delivery:
    """Read a delivery's row."""
    problem = row["problem"]
    words = {
        "event": Event(row["event"]),
        "state": DeliveryState(row["state"]),
        "problem": None if problem is None else DeliveryProblem(problem),
    }
    return Delivery(**{**row, **words})
