"""Bagisto: base amounts ordered, invoiced and refunded; cancelled items leave the total alone."""

from decimal import Decimal

from tests.presets.events import Happening, Holds, Order, Person, ShopEvents, is_erased
from tests.presets.platform import BIG, REGISTERED, Platform, Row, Tables, id_or_email

HOLDS = Holds(
    (
        "unpaid",
        "failed",
        "paid",
        "shipped",
        "partly_shipped",
        "cancelled_unpaid",
        "partly_cancelled",
        "partly_refunded",
        "refunded_twice",
        "refunded",
        "fee_kept",
    ),
    "by_email",
    currencies="converted",
    erased="guest",
)


def _status(order: Order) -> str:
    if order.has(Happening.FAILED):
        return order.any_of("failed", "fraud")
    if order.cancelled:
        return "canceled"
    if order.gone_back or order.has(Happening.CLOSED):
        return "closed"
    if not order.paid:
        return order.any_of("pending", "pending_payment")
    return "completed" if order.sum_of(Happening.SHIPPED) == order.total else "processing"


def write(shop: ShopEvents) -> Tables:
    """Write a deleted account's orders without it."""
    return {
        "customers": [
            {
                "id": person.number,
                "first_name": person.first_name,
                "last_name": person.last_name,
                "email": person.email,
                "created_at": REGISTERED,
            }
            for person in shop.accounts_left
        ],
        "orders": [_order(order) for order in shop.orders],
        "order_items": [item for order in shop.orders for item in _items(order)],
    }


def _order(order: Order) -> Row:
    account = order.account_left
    return {
        "id": order.number,
        "increment_id": str(order.number),
        "status": _status(order),
        "is_guest": int(order.account is None),
        "customer_email": order.email or None,
        "customer_first_name": order.person.first_name if order.person else None,
        "customer_last_name": order.person.last_name if order.person else None,
        "customer_id": account,
        "customer_type": "Customer" if account else None,
        "base_currency_code": "EUR",
        "channel_currency_code": "EUR",
        "order_currency_code": order.currency,
        **_amounts("grand_total", order.total, order.rate),
        **_amounts("grand_total_invoiced", order.paid, order.rate),
        **_amounts("grand_total_refunded", order.refunded, order.rate),
        "created_at": order.naive,
    }


def _amounts(name: str, amount: Decimal, rate: Decimal) -> Row:
    return {name: amount, f"base_{name}": amount / rate}


def _items(order: Order) -> list[Row]:
    """Return a configurable product and the one that was chosen of it."""
    called_off = int(order.has(Happening.CANCELLED)) * (2 if order.cancelled else 1)
    item = {"order_id": order.number, "name": "Tee", "qty_ordered": 2, "qty_canceled": called_off}
    parent = {"id": order.number, "type": "configurable", "product_id": 10, "parent_id": None}
    child = {
        "id": BIG + order.number,
        "type": "simple",
        "product_id": 11,
        "parent_id": order.number,
    }
    return [
        {**item, **parent, "base_price": order.wanted / 2},
        {**item, **child, "parent_id": order.number, "base_price": Decimal(0)},
    ]


def id_of(person: Person) -> str:
    """Return the account's id; whose account was deleted is a guest."""
    return person.guest_id if is_erased(person) else id_or_email(person)


PLATFORMS = {"bagisto": Platform("bagisto", "mysql", "bagisto", HOLDS, write, id_of)}
