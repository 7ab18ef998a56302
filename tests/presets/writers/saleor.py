"""Saleor: uuids for orders, and what was charged, net of refunds, in the order's row."""

from uuid import UUID

from tests.presets.events import Happening, Holds, Order, Person, ShopEvents, is_erased
from tests.presets.platform import REGISTERED, Platform, Tables, id_or_email

STAFF = 900
HOLDS = Holds(
    (
        "cart",
        "unpaid",
        "authorised",
        "paid",
        "partly_paid",
        "shipped",
        "partly_shipped",
        "cancelled_unpaid",
        "cancelled_paid",
        "partly_refunded",
        "refunded_twice",
        "refunded",
    ),
    "by_email",
    counts="paid",
    erased="guest",
)


def _status(order: Order) -> str:
    if not order.is_placed:
        return order.any_of("draft", "unconfirmed", "expired")
    if order.cancelled:
        return "canceled"
    if order.gone_back and order.number % 2:
        return "returned"
    shipped = order.sum_of(Happening.SHIPPED)
    if not shipped:
        return "unfulfilled"
    return "fulfilled" if shipped == order.total else "partially_fulfilled"


def _charge(order: Order) -> str:
    """Return the status: after refunds nothing is left to charge, and it is full again."""
    if not order.paid:
        return "none"
    return "full" if order.paid >= order.total else "partial"


def write(shop: ShopEvents) -> Tables:
    """Write accounts, staff among them, and orders; a deleted account's orders lose it."""
    accounts = [one for one in shop.people if not one.guest and not is_erased(one)]
    joined = {"date_joined": REGISTERED, "updated_at": REGISTERED}
    return {
        "account_user": [
            {
                "id": person.number,
                "email": person.email,
                "first_name": person.first_name,
                "last_name": person.last_name,
                # One of the staff buys like everybody; another one never did.
                "is_staff": person.number == 1 or person.number == STAFF,
                **joined,
            }
            for person in (*accounts, Person(STAFF, guest=False))
        ],
        "order_order": [
            {
                "id": UUID(int=order.number),
                "number": order.number,
                "status": _status(order),
                "charge_status": _charge(order),
                "authorize_status": "full" if order.has(Happening.AUTHORISED) else "none",
                "user_id": order.account_left,
                "user_email": order.email,
                "currency": order.currency,
                "total_gross_amount": order.total,
                "total_charged_amount": order.paid - order.refunded,
                "created_at": order.at,
                "updated_at": order.at,
            }
            for order in shop.orders
        ],
        "order_orderline": [
            {
                "id": UUID(int=order.number),
                "order_id": UUID(int=order.number),
                "variant_id": 5,
                "product_name": "Tee",
                "quantity": 2,
                "unit_price_gross_amount": order.total / 2,
                "currency": order.currency,
            }
            for order in shop.orders
        ],
        "product_productvariant": [{"id": 5, "product_id": 50}],
    }


def id_of(person: Person) -> str:
    """Return the account's id; whose account was deleted is a guest."""
    return person.guest_id if is_erased(person) else id_or_email(person)


PLATFORMS = {
    "saleor": Platform(
        "saleor",
        "postgres",
        "saleor",
        HOLDS,
        write,
        id_of,
        {"CURRENCY": "EUR"},
        zone_is_known=True,
    )
}
