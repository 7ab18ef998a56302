"""Make webhooks, try them, and see what they were told."""

from typing import Annotated

from fastapi import Path, Query
from pydantic import BeforeValidator

from backend.api.audited import Audited
from backend.api.bodies import body_of, sent
from backend.api.fields import several
from backend.api.problem_answers import problems
from backend.api.routers import for_admin_keys
from backend.api.state import State
from backend.api.webhooks.keeping import (
    disable,
    drop_webhook,
    enable,
    make_webhook,
    rotate,
    send_trial,
    tell_again,
)
from backend.api.webhooks.schema import (
    DeliveryList,
    DeliveryView,
    WebhookList,
    WebhookMade,
    WebhookRequest,
    WebhookView,
)
from backend.core.glossary import DeliveryState
from backend.database.engine import transaction
from backend.store.delivery_rows import read_deliveries
from backend.store.webhook_rows import get_webhook, read_webhooks

NO_WEBHOOK = problems(404, _404="No webhook has the id 3f9a0c51d2e84b77.")
FULL = problems(409, _409="There are 20 webhooks already, the most there may be.")
DISABLED = problems(409, _409="Webhook 3f9a0c51d2e84b77 is disabled: enable it first.")
States = Annotated[list[DeliveryState], BeforeValidator(several)]
WebhookId = Annotated[str, Path(description="The id of a webhook", examples=["3f9a0c51d2e84b77"])]
DeliveryId = Annotated[
    int, Path(ge=1, le=2**63 - 1, description="The id of a delivery", examples=[12])
]

admin = for_admin_keys()


@admin.post(
    "/webhooks",
    status_code=201,
    responses=FULL,
    openapi_extra=body_of(WebhookRequest, required=True),
)
async def create_webhook(
    audited: Audited, wanted: Annotated[WebhookRequest, sent(WebhookRequest)]
) -> WebhookMade:
    """Have an address told what happens. Its secret is in this answer, and in no other."""
    made = await make_webhook(audited, wanted.as_wanted())
    return WebhookMade.with_secret(made.webhook, made.secret)


@admin.get("/webhooks")
async def list_webhooks(state: State) -> WebhookList:
    """List all webhooks."""
    async with transaction(state.engine) as connection:
        found = await read_webhooks(connection)
    return WebhookList(webhooks=[WebhookView.of(one) for one in found])


@admin.get("/webhooks/{webhook_id}", responses=NO_WEBHOOK)
async def read_webhook(state: State, webhook_id: WebhookId) -> WebhookView:
    """Tell of one webhook."""
    async with transaction(state.engine) as connection:
        return WebhookView.of(await get_webhook(connection, webhook_id))


@admin.delete("/webhooks/{webhook_id}", status_code=204, responses=NO_WEBHOOK)
async def remove_webhook(audited: Audited, webhook_id: WebhookId) -> None:
    """Delete a webhook, with what it was told and what waits for it."""
    await drop_webhook(audited, webhook_id)


@admin.post("/webhooks/{webhook_id}/test", status_code=202, responses=NO_WEBHOOK)
async def test_webhook(audited: Audited, webhook_id: WebhookId) -> DeliveryView:
    """Have a webhook sent a `webhook.test`, once, ahead of all that waits; disabled ones too."""
    return DeliveryView.of(await send_trial(audited, webhook_id))


@admin.post("/webhooks/{webhook_id}/rotate-secret", responses=NO_WEBHOOK)
async def rotate_secret(audited: Audited, webhook_id: WebhookId) -> WebhookMade:
    """Give a webhook a new secret, shown in this answer alone. For a day both sign."""
    made = await rotate(audited, webhook_id)
    return WebhookMade.with_secret(made.webhook, made.secret)


@admin.post("/webhooks/{webhook_id}/disable", responses=NO_WEBHOOK)
async def disable_webhook(audited: Audited, webhook_id: WebhookId) -> WebhookView:
    """Tell a webhook nothing of what happens from now on, until it is enabled."""
    return WebhookView.of(await disable(audited, webhook_id))


@admin.post("/webhooks/{webhook_id}/enable", responses=NO_WEBHOOK)
async def enable_webhook(audited: Audited, webhook_id: WebhookId) -> WebhookView:
    """Tell a webhook again, first what could not be delivered to it."""
    return WebhookView.of(await enable(audited, webhook_id))


@admin.get("/webhooks/{webhook_id}/deliveries", responses=NO_WEBHOOK)
async def list_deliveries(
    state: State,
    webhook_id: WebhookId,
    only: Annotated[
        States,
        Query(
            alias="state",
            description="Only those that are so; several by comma",
            examples=[["waiting"]],
        ),
    ] = [],  # noqa: B006, the framework copies it
    before: Annotated[
        int | None,
        Query(
            ge=1,
            le=2**63 - 1,
            description="Only those with a lower id: the next page",
            examples=[1000],
        ),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=500, description="At most so many", examples=[20])] = 50,
) -> DeliveryList:
    """List what a webhook was told and is to be told, the newest first; kept for thirty days."""
    async with transaction(state.engine) as connection:
        found = await read_deliveries(
            connection, webhook_id, limit=limit, states=only, before=before
        )
    return DeliveryList(deliveries=[DeliveryView.of(one) for one in found])


@admin.post(
    "/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver",
    status_code=202,
    responses={**NO_WEBHOOK, **DISABLED},
)
async def redeliver_webhook(
    audited: Audited, webhook_id: WebhookId, delivery_id: DeliveryId
) -> DeliveryView:
    """Have something told again, ahead of all that waits, under the id that it was told by."""
    return DeliveryView.of(await tell_again(audited, webhook_id, delivery_id))
