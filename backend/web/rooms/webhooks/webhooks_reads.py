"""What the pages of webhooks are told from. Nothing is kept: deliveries go on all the time."""

from collections.abc import Sequence
from dataclasses import dataclass

from backend.api.state import ApiState
from backend.database.engine import transaction
from backend.store.delivery_rows import read_deliveries
from backend.store.webhook_rows import get_webhook, read_webhooks
from backend.webhooks.delivery import Delivery
from backend.webhooks.webhook import Webhook

DELIVERIES_SHOWN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSeen:
    """A webhook, and the newest of what it was told and is to be told."""

    webhook: Webhook
    deliveries: Sequence[Delivery]


async def see_webhooks(state: ApiState) -> list[WebhookSeen]:
    """Read all webhooks, each with its newest delivery."""
    async with transaction(state.engine) as connection:
        return [
            WebhookSeen(webhook=one, deliveries=await read_deliveries(connection, one.id, limit=1))
            for one in await read_webhooks(connection)
        ]


async def see_webhook(state: ApiState, webhook_id: str) -> WebhookSeen:
    """Read one webhook.

    Raises
    ------
    WebhookNotFound
        When there is none with this id.
    """
    async with transaction(state.engine) as connection:
        return WebhookSeen(
            webhook=await get_webhook(connection, webhook_id),
            deliveries=await read_deliveries(connection, webhook_id, limit=DELIVERIES_SHOWN),
        )
