"""Sylius: minor units, carts among the orders, refunds by the plugin or of a whole payment."""

from tests.presets.events import Happening, Holds, Order, ShopEvents
from tests.presets.platform import BIG, REGISTERED, Platform, Row, Tables, plain_id

HOLDS = Holds(
    (
        "cart",
        "unpaid",
        "authorised",
        "paid",
        "shipped",
        "partly_shipped",
        "cancelled_unpaid",
        "cancelled_paid",
        "partly_refunded",
        "refunded_twice",
        "refunded",
        "marked_refunded",
    ),
    "own_row",
)


def _payment_state(order: Order) -> str:
    if not order.is_placed:
        return "cart"
    if order.cancelled and not order.paid:
        return "cancelled"
    if order.gone_back:
        return "refunded"
    if order.refunded:
        return "partially_refunded"
    if order.has(Happening.AUTHORISED):
        return "authorized"
    return "paid" if order.paid else "awaiting_payment"


def _state(order: Order) -> str:
    if not order.is_placed:
        return "cart"
    return "cancelled" if order.cancelled else order.any_of("new", "fulfilled")


def write(shop: ShopEvents) -> Tables:
    """Write refunds of every second order as the plugin does, else as payments that went back."""
    tables: Tables = {
        "sylius_customer": [
            {
                "id": person.number,
                "email": person.email,
                "first_name": person.first_name,
                "last_name": person.last_name,
                "created_at": REGISTERED,
            }
            for person in shop.people
        ],
        "sylius_order": [_order(order) for order in shop.orders],
        "sylius_payment": [],
        "sylius_refund_refund": [],
        "sylius_order_item": [_line(order) for order in shop.orders],
        "sylius_product_variant": [{"id": 9, "product_id": 77, "code": "TEE"}],
    }
    for order in shop.orders:
        _put_payments(tables, order)
    return tables


def _cents(amount: object) -> int:
    return round(float(str(amount)) * 100)


def _put_payments(tables: Tables, order: Order) -> None:
    backs = order.amounts_of(Happening.REFUNDED)
    payment = {"order_id": order.number, "currency_code": order.currency}
    if order.number % 2:
        tables["sylius_refund_refund"] += [
            {
                "id": BIG * place + order.number,
                "order_id": order.number,
                "amount": _cents(amount),
                "type": "order_item_unit",
            }
            for place, amount in enumerate(backs)
        ]
        backs = []
    parts = [("refunded", amount) for amount in backs]
    if order.paid > sum(backs):
        parts.append(("completed", order.paid - sum(backs)))
    tables["sylius_payment"] += [
        {**payment, "id": BIG * place + order.number, "amount": _cents(amount), "state": state}
        for place, (state, amount) in enumerate(parts)
    ]


def _order(order: Order) -> Row:
    placed = order.is_placed
    return {
        "id": order.number,
        "customer_id": order.person.number if order.person else None,
        "number": f"{order.number:09}" if placed else None,
        "state": _state(order),
        "checkout_completed_at": order.naive if placed else None,
        "items_total": _cents(order.total),
        "adjustments_total": 0,
        "total": _cents(order.total),
        "currency_code": order.currency,
        "locale_code": "en_US",
        "checkout_state": "completed" if placed else "cart",
        "payment_state": _payment_state(order),
        "shipping_state": "shipped" if order.has(Happening.SHIPPED) else "ready",
    }


def _line(order: Order) -> Row:
    return {
        "id": order.number,
        "order_id": order.number,
        "variant_id": 9,
        "quantity": 2,
        "unit_price": _cents(order.total) // 2,
        "total": _cents(order.total),
        "product_name": "Tee",
    }


WITHOUT_PLUGIN = tuple(
    one for one in HOLDS.stories if one not in {"partly_refunded", "refunded_twice", "refunded"}
)
EUROS = {"CURRENCY": "EUR"}
# Of the plugin's two ways to name an order, each version has one.
LACKING = frozenset({"sylius_refund_refund.order_number"})
PLATFORMS = {
    "sylius": Platform("sylius", "mysql", "sylius", HOLDS, write, plain_id, EUROS, lacking=LACKING),
    "sylius without the refund plugin": Platform(
        "sylius",
        "mysql",
        "sylius",
        Holds(WITHOUT_PLUGIN, "own_row"),
        write,
        plain_id,
        EUROS,
        without=("sylius_refund_refund",),
        lacking=frozenset({"sylius_refund_refund"}),
    ),
    "sylius on PostgreSQL": Platform(
        "sylius", "postgres", "sylius", HOLDS, write, plain_id, EUROS, lacking=LACKING
    ),
}
