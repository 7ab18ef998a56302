"""Where a shop's own webhooks arrive."""

from backend.api.bodies import body_of
from backend.api.bounded_request import BoundedRequest
from backend.api.events.accepting import accept
from backend.api.events.orders_told import Told
from backend.api.events.schema import EventAccepted, OrdersChanged
from backend.api.order_senders import sender_of
from backend.api.routers import ForAdmins, for_admin_keys
from backend.api.state import ApiState, State
from backend.clients.request_counts import Usage

EVENT_BYTES = 1_000_000


class ForSenders(ForAdmins):
    """A route that a signature opens, of a platform whose secret is known; else admin keys do."""

    async def admit(self, state: ApiState, request: BoundedRequest) -> Usage | None:
        """Look at the signature, which is of the whole body."""
        sender = sender_of(request.headers, state.order_senders)
        if sender is None:
            return await super().admit(state, request)
        is_right = sender.has_signed(await request.body(), request.headers)
        await state.admission.admit_signed(request, sender.signed_in, is_right=is_right)
        request.state.sender = sender
        return None


admin = for_admin_keys(ForSenders)


@admin.post(
    "/events/orders",
    status_code=202,
    max_body_size=EVENT_BYTES,
    openapi_extra=body_of(OrdersChanged, required=True),
)
async def tell_of_orders(state: State, told: Told) -> EventAccepted:
    """Say whose orders changed: they are scored within seconds, by the served run's model.

    Their rows are published under an `as_of` of their own, with their move if any, and webhooks
    are told. Shopify and WooCommerce may call this themselves: where their secrets are set
    (SHOPIFY_WEBHOOK_SECRET, WOOCOMMERCE_WEBHOOK_SECRET) their signatures open it, and the body is
    the platform's order.
    """
    return await accept(state, told)
