"""Making webhooks and changing them, each with its line in the audit."""

import secrets
from base64 import b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from backend.api.audited import Auditor
from backend.api.state import ApiState
from backend.core.errors import InvalidWebhook
from backend.core.glossary import Action, DisabledBecause
from backend.core.late import late
from backend.database.database_clock import read_clock
from backend.database.engine import AsyncConnection
from backend.store.delivery_rows import get_delivery, redeliver
from backend.store.outbox import tell_trial
from backend.store.patience import changed
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

Result = TypeVar("Result")

SECRET_BYTES = 32
# So long receivers may take to learn the new secret.
BOTH_SIGN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class WebhookSecret:
    """A webhook, and its secret, to be shown once."""

    webhook: Webhook
    secret: str


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
    sealed = _sealed(auditor.state, secret)

    async def make(connection: AsyncConnection) -> Webhook:
        webhook = await add_webhook(connection, wanted, sealed, await read_clock(connection))
        await auditor.record(connection, Action.WEBHOOK_CREATED, webhook.id)
        return webhook

    return WebhookSecret(await changed(auditor.state.engine, make), secret)


async def rotate(auditor: Auditor, webhook_id: str) -> WebhookSecret:
    """Give a webhook a new secret; for a day the one before signs too.

    Raises
    ------
    WebhookNotFound
        When there is none with this id.
    """
    secret = _new_secret()
    sealed = _sealed(auditor.state, secret)

    async def replace(connection: AsyncConnection, webhook_id: str, *, now: datetime) -> Webhook:
        return await replace_secret(connection, webhook_id, sealed, now + BOTH_SIGN)

    webhook = await _done(auditor, Action.WEBHOOK_SECRET_ROTATED, webhook_id, replace)
    return WebhookSecret(webhook, secret)


async def disable(auditor: Auditor, webhook_id: str) -> Webhook:
    """Tell a webhook nothing from now on.

    Raises
    ------
    WebhookNotFound
        When there is none with this id.
    """
    stop = partial(disable_webhook, because=DisabledBecause.ASKED)
    return await _done(auditor, Action.WEBHOOK_DISABLED, webhook_id, stop)


async def enable(auditor: Auditor, webhook_id: str) -> Webhook:
    """Tell a webhook again, from where it stopped.

    Raises
    ------
    WebhookNotFound
        When there is none with this id.
    """
    return await _done(auditor, Action.WEBHOOK_ENABLED, webhook_id, enable_webhook)


async def drop_webhook(auditor: Auditor, webhook_id: str) -> None:
    """Delete a webhook and what waits for it.

    Raises
    ------
    WebhookNotFound
        When there is none with this id.
    """

    async def drop(connection: AsyncConnection, webhook_id: str, **_now: datetime) -> None:
        await delete_webhook(connection, webhook_id)

    await _done(auditor, Action.WEBHOOK_DELETED, webhook_id, drop)


async def send_trial(auditor: Auditor, webhook_id: str) -> Delivery:
    """Have a webhook sent something that says nothing, enabled or not.

    Raises
    ------
    WebhookNotFound
        When there is none with this id.
    """

    async def tell(connection: AsyncConnection, webhook_id: str, *, now: datetime) -> Delivery:
        delivery_id = await tell_trial(connection, webhook_id, now)
        return await get_delivery(connection, webhook_id, delivery_id)

    return await _done(auditor, Action.WEBHOOK_TESTED, webhook_id, tell)


async def tell_again(auditor: Auditor, webhook_id: str, delivery_id: int) -> Delivery:
    """Have something delivered again, under its id.

    Raises
    ------
    WebhookNotFound, DeliveryNotFound, WebhookDisabled
        When that cannot be.
    """
    again = partial(redeliver, delivery_id=delivery_id)
    return await _done(auditor, Action.WEBHOOK_REDELIVERED, webhook_id, again)


async def _done(
    auditor: Auditor,
    action: Action,
    webhook_id: str,
    change: Callable[..., Awaitable[Result]],
) -> Result:
    """Do something to a webhook, and record it in the transaction that does it."""

    async def recorded(connection: AsyncConnection) -> Result:
        result = await change(connection, webhook_id, now=await read_clock(connection))
        await auditor.record(connection, action, webhook_id)
        return result

    return await changed(auditor.state.engine, recorded)


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
