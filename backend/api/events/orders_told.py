"""What an event says, whoever sends it and in whatever words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from backend.api.bodies import read_as
from backend.api.events.schema import OrdersChanged, ShopifyOrder, WooCommerceOrder
from backend.api.order_senders import SHOPIFY, WOOCOMMERCE, OrderSender
from backend.core.customer_id import CustomerId
from backend.store.order_events import OrderEvent

BY_KEY = "key"
NOBODY = "0"  # in WooCommerce's words


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdersTold:
    """An event, read.

    Attributes
    ----------
    event
        As its sender knows it.
    order_id
        The order that it is about; None where it names customers alone.
    customer_ids
        Whom it names.
    unreadable
        How many it names by what is nobody's id.
    """

    event: OrderEvent
    order_id: CustomerId | None = None
    customer_ids: Sequence[CustomerId] = ()
    unreadable: int = 0


def _of_shopify(body: bytes) -> tuple[str, str | None]:
    order = read_as(ShopifyOrder, body)
    return order.order_id or order.id, None if order.customer is None else order.customer.id


def _of_woocommerce(body: bytes) -> tuple[str, str | None]:
    order = read_as(WooCommerceOrder, body)
    return order.id, None if order.customer_id == NOBODY else order.customer_id


Reading = Callable[[bytes], tuple[str, str | None]]
"""Reads a platform's body: the order's id, and its customer's; None for a guest's."""

READINGS: Mapping[str, Reading] = {SHOPIFY: _of_shopify, WOOCOMMERCE: _of_woocommerce}


async def orders_told(request: Request) -> OrdersTold:
    """Tell a route what the event says that it was sent."""
    sender: OrderSender | None = getattr(request.state, "sender", None)
    body = await request.body()
    if sender is None:
        return _by_key(body)
    order_id, customer_id = READINGS[sender.name](body)
    named = None if customer_id is None else CustomerId.parse(customer_id)
    return OrdersTold(
        event=OrderEvent(sender.name, sender.event_id(body, request.headers)),
        order_id=CustomerId.parse(order_id),
        customer_ids=[] if named is None else [named],
    )


def _by_key(body: bytes) -> OrdersTold:
    sent = read_as(OrdersChanged, body)
    ids = {text: CustomerId.parse(text) for text in sent.customer_ids}
    known = [one for one in ids.values() if one is not None]
    return OrdersTold(
        event=OrderEvent(BY_KEY, sent.event_id),
        customer_ids=known,
        unreadable=len(ids) - len(known),
    )


Told = Annotated[OrdersTold, Depends(orders_told)]
