"""Making webhooks and changing them, each with its line in the audit."""

import secrets
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from backend.api.audited import Auditor
from backend.api.state import ApiState
from backend.core.errors import InvalidWebhook
from backend.core.glossary import Action, DisabledBecause
from backend.core.late import late
from backend.database.database_clock import read_clock
from backend.database.engine import AsyncConnection, transaction
from backend.store.delivery_rows import get_delivery, redeliver
from backend.store.outbox import tell_trial
from backend.store.webhook_rows import (
    add_webhook,
    delete_webhook,
    disable_webhook,
    enable_webhook,
    replace_secret,
)
from backend.webhooks.delivery import Delivery
from backend.webhooks.usable_url import why_unusable
from backend.webhooks.webhook import Webhook, WebhookWanted

SECRET_BYTES = 32
# So long receivers may take to learn the new secret.
BOTH_SIGN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class WebhookSecret:
    """A webhook, and its secret, to be shown once."""

    webhook: Webhook
    secret: str


@dataclass(frozen=True, slots=True)
class _Change:
    connection: AsyncConnection
    now: datetime


async def make_webhook(auditor: Auditor, wanted: WebhookWanted) -> WebhookSecret:
    """Make a webhook.

    Raises
    ------
    InvalidWebhook
        When it could never be told anything.
    TooManyWebhooks
        When there are as many as there may be.
    """
    _refuse_unusable(auditor.state, wanted)
    secret = _new_secret()
    async with transaction(auditor.state.engine) as connection:
        now = await read_clock(connection)
        webhook = await add_webhook(connection, wanted, _sealed(auditor.state, secret), now)
        await auditor.record(connection, Action.WEBHOOK_CREATED, webhook.id)
    return WebhookSecret(webhook, secret)


async def rotate(auditor: Auditor, webhook_id: str) -> WebhookSecret:
    """Give a webhook a new secret; for a day the one before signs too.

    Raises
    ------
    WebhookNotFound
        When there is none with this id.
    """
    secret = _new_secret()
    sealed = _sealed(auditor.state, secret)
    async with _changing(auditor, Action.WEBHOOK_SECRET_ROTATED, webhook_id) as change:
        until = change.now + BOTH_SIGN
        webhook = await replace_secret(change.connection, webhook_id, sealed, until)
    return WebhookSecret(webhook, secret)


async def disable(auditor: Auditor, webhook_id: str) -> Webhook:
    """Tell a webhook nothing from now on.

    Raises
    ------
    WebhookNotFound
        When there is none with this id.
    """
    async with _changing(auditor, Action.WEBHOOK_DISABLED, webhook_id) as change:
        because = DisabledBecause.ASKED
        return await disable_webhook(change.connection, webhook_id, because, change.now)


async def enable(auditor: Auditor, webhook_id: str) -> Webhook:
    """Tell a webhook again, from where it stopped.

    Raises
    ------
    WebhookNotFound
        When there is none with this id.
    """
    async with _changing(auditor, Action.WEBHOOK_ENABLED, webhook_id) as change:
        return await enable_webhook(change.connection, webhook_id, change.now)


async def drop_webhook(auditor: Auditor, webhook_id: str) -> None:
    """Delete a webhook and what waits for it.

    Raises
    ------
    WebhookNotFound
        When there is none with this id.
    """
    async with _changing(auditor, Action.WEBHOOK_DELETED, webhook_id) as change:
        await delete_webhook(change.connection, webhook_id)


async def send_trial(auditor: Auditor, webhook_id: str) -> Delivery:
    """Have a webhook sent something that says nothing, enabled or not.

    Raises
    ------
    WebhookNotFound
        When there is none with this id.
    """
    async with _changing(auditor, Action.WEBHOOK_TESTED, webhook_id) as change:
        delivery_id = await tell_trial(change.connection, webhook_id, change.now)
        return await get_delivery(change.connection, webhook_id, delivery_id)


async def tell_again(auditor: Auditor, webhook_id: str, delivery_id: int) -> Delivery:
    """Have something delivered again, under its id.

    Raises
    ------
    WebhookNotFound, DeliveryNotFound, WebhookDisabled
        When that cannot be.
    """
    async with _changing(auditor, Action.WEBHOOK_REDELIVERED, webhook_id) as change:
        return await redeliver(change.connection, webhook_id, delivery_id, change.now)


@asynccontextmanager
async def _changing(auditor: Auditor, action: Action, webhook_id: str) -> AsyncIterator[_Change]:
    """Record what is done in the transaction that does it."""
    async with transaction(auditor.state.engine) as connection:
        yield _Change(connection, await read_clock(connection))
        await auditor.record(connection, action, webhook_id)


def _refuse_unusable(state: ApiState, wanted: WebhookWanted) -> None:
    if problem := why_unusable(wanted.url, allow_private=state.webhooks_allow_private):
        raise InvalidWebhook("url", problem)
    if wanted.risk.again_below > wanted.risk.at_risk_from:
        raise InvalidWebhook("at_risk_again_below", "is above at_risk_from")


def _new_secret() -> str:
    return f"whsec_{b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"


def _sealed(state: ApiState, secret: str) -> str:
    sealed: str = late("backend.core.sealing").sealed(state.own_keys.at_rest, secret)
    return sealed
