"""How webhooks are: how many are told, how many are not and why, and what waits."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from backend.core.glossary import DeliveryState, DisabledBecause
from backend.database.engine import AsyncConnection
from backend.store.tables import webhook_deliveries, webhooks

ENABLED = "enabled"
STATES = (ENABLED, *map(str, DisabledBecause))


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSigns:
    """How webhooks are.

    Attributes
    ----------
    by_state
        How many are enabled, and how many are disabled, by why.
    waiting
        Deliveries to those that are enabled.
    """

    by_state: Mapping[str, int]
    waiting: int


async def read_webhook_signs(connection: AsyncConnection) -> WebhookSigns:
    """Count them; an index answers for each webhook."""
    waits = select(func.count()).where(
        webhook_deliveries.c.webhook_id == webhooks.c.id,
        webhook_deliveries.c.state == DeliveryState.WAITING,
    )
    asked = select(webhooks.c.disabled_because, waits.scalar_subquery())
    rows = (await connection.execute(asked)).all()
    counts = Counter(because or ENABLED for because, _ in rows)
    return WebhookSigns(
        by_state={state: counts[state] for state in STATES},
        waiting=sum(waiting for because, waiting in rows if because is None),
    )
