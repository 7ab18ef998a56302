"""Webhooks as rows: made, listed, switched on and off, and their secrets."""

import json
import secrets
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Select, delete, func, insert, select, update

from backend.core.errors import TooManyWebhooks, WebhookNotFound
from backend.core.glossary import Cause, DeliveryState, DisabledBecause, Event
from backend.database.engine import AsyncConnection
from backend.store.tables import webhook_alarms, webhook_deliveries, webhooks
from backend.webhooks.webhook import MovesWanted, RiskLimits, Webhook, WebhookWanted

# Each is written for in the transaction that publishes.
MOST_WEBHOOKS = 20
COLUMNS = [
    column
    for column in webhooks.columns
    if column.name not in {"secret", "previous_secret", "lease_token", "lease_until"}
]


async def add_webhook(
    connection: AsyncConnection, wanted: WebhookWanted, secret: str, now: datetime
) -> Webhook:
    """Keep a new webhook.

    Parameters
    ----------
    connection
        In a transaction.
    wanted
        What it is to be.
    secret
        Encrypted.
    now
        The time.

    Raises
    ------
    TooManyWebhooks
        When there are as many as there may be.
    """
    count = await connection.scalar(select(func.count()).select_from(webhooks)) or 0
    if count >= MOST_WEBHOOKS:
        raise TooManyWebhooks(MOST_WEBHOOKS)
    webhook_id = secrets.token_hex(8)
    row = {
        "id": webhook_id,
        "url": wanted.url,
        "events": json.dumps(wanted.events),
        "moves": json.dumps(asdict(wanted.moves)),
        "at_risk_from": wanted.risk.at_risk_from,
        "again_below": wanted.risk.again_below,
        "people": int(wanted.people),
        "secret": secret,
        "is_seeded": 0,
        "created_at": now,
    }
    await connection.execute(insert(webhooks).values(row))
    return await get_webhook(connection, webhook_id)


async def read_webhooks(connection: AsyncConnection) -> list[Webhook]:
    """Return all webhooks, the first made first."""
    rows = await connection.execute(_selected().order_by(webhooks.c.created_at, webhooks.c.id))
    return [webhook_of(row) for row in rows.mappings()]


async def get_webhook(connection: AsyncConnection, webhook_id: str) -> Webhook:
    """Return one webhook.

    Raises
    ------
    WebhookNotFound
        When there is none with this id.
    """
    found = await connection.execute(_selected().where(webhooks.c.id == webhook_id))
    if (row := found.mappings().one_or_none()) is None:
        raise WebhookNotFound(webhook_id)
    return webhook_of(row)


async def hold_webhook(connection: AsyncConnection, webhook_id: str) -> None:
    """Keep others from changing a webhook, ahead of what is told it."""
    held = select(webhooks.c.id).where(webhooks.c.id == webhook_id)
    await connection.execute(held.with_for_update())


async def replace_secret(
    connection: AsyncConnection, webhook_id: str, secret: str, previous_until: datetime
) -> Webhook:
    """Sign with a new secret, encrypted, and until then with the one before too.

    Raises
    ------
    WebhookNotFound
        When there is none with this id.
    """
    changed = {"previous_secret": webhooks.c.secret, "previous_until": previous_until}
    await _change(connection, webhook_id, **changed)
    await _change(connection, webhook_id, secret=secret)
    return await get_webhook(connection, webhook_id)


async def disable_webhook(
    connection: AsyncConnection, webhook_id: str, because: DisabledBecause, now: datetime
) -> Webhook:
    """Tell it nothing from now on; why it was disabled first stays.

    Raises
    ------
    WebhookNotFound
        When there is none with this id.
    """
    enabled = (webhooks.c.id == webhook_id, webhooks.c.disabled_at.is_(None))
    why = {"disabled_at": now, "disabled_because": str(because)}
    await connection.execute(update(webhooks).where(*enabled).values(why))
    return await get_webhook(connection, webhook_id)


async def enable_webhook(connection: AsyncConnection, webhook_id: str, now: datetime) -> Webhook:
    """Go on where it stopped: what could not be delivered has another day.

    Raises
    ------
    WebhookNotFound
        When there is none with this id.
    """
    was = await get_webhook(connection, webhook_id)
    await _change(connection, webhook_id, disabled_at=None, disabled_because=None)
    if was.disabled_at is not None:
        left = webhook_deliveries.c.state.in_([DeliveryState.WAITING, DeliveryState.DEAD])
        of_it = (webhook_deliveries.c.webhook_id == webhook_id, left)
        no_test = webhook_deliveries.c.event != Event.TEST
        await connection.execute(
            update(webhook_deliveries).where(*of_it, no_test).values(waiting_anew(now))
        )
    return await get_webhook(connection, webhook_id)


def waiting_anew(now: datetime) -> dict[str, Any]:
    """Return what makes a delivery wait as if it had never been tried."""
    waiting = {"state": str(DeliveryState.WAITING), "due_at": now, "attempts": 0}
    return {**waiting, "first_tried_at": None}


async def delete_webhook(connection: AsyncConnection, webhook_id: str) -> None:
    """Delete a webhook with all that it was told and was to be told.

    Raises
    ------
    WebhookNotFound
        When there is none with this id.
    """
    await hold_webhook(connection, webhook_id)
    await get_webhook(connection, webhook_id)
    for table in (webhook_alarms, webhook_deliveries):
        await connection.execute(delete(table).where(table.c.webhook_id == webhook_id))
    await connection.execute(delete(webhooks).where(webhooks.c.id == webhook_id))


async def _change(connection: AsyncConnection, webhook_id: str, **values: Any) -> None:
    await connection.execute(update(webhooks).where(webhooks.c.id == webhook_id).values(**values))


def _selected() -> Select[Any]:
    return select(*COLUMNS)


def webhook_of(row: RowMapping) -> Webhook:
    """Read a webhook's row."""
    moves, because = json.loads(row["moves"]), row["disabled_because"]
    return Webhook(
        id=row["id"],
        url=row["url"],
        events=tuple(Event(one) for one in json.loads(row["events"])),
        moves=MovesWanted(
            from_segment_ids=tuple(moves["from_segment_ids"]),
            to_segment_ids=tuple(moves["to_segment_ids"]),
            causes=tuple(Cause(one) for one in moves["causes"]),
        ),
        risk=RiskLimits(
            at_risk_from=float(row["at_risk_from"]), again_below=float(row["again_below"])
        ),
        people=bool(row["people"]),
        created_at=row["created_at"],
        is_seeded=bool(row["is_seeded"]),
        disabled_at=row["disabled_at"],
        disabled_because=None if because is None else DisabledBecause(because),
        previous_until=row["previous_until"],
    )
