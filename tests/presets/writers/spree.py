"""Spree and Solidus: carts among the orders, and payment_total that refunds lessen."""

from tests.presets.events import Happening, Holds, Order, ShopEvents
from tests.presets.platform import REGISTERED, Platform, Row, Tables, id_or_email

HOLDS = Holds(
    (
        "cart",
        "unpaid",
        "failed",
        "paid",
        "partly_paid",
        "shipped",
        "edited",
        "cancelled_unpaid",
        "cancelled_paid",
        "partly_refunded",
        "refunded_twice",
        "refunded",
    ),
    "by_email",
    counts="paid",
)


def _payment_state(order: Order) -> str | None:
    """Return the state, which a refund misleads in either direction."""
    if not order.is_placed:
        return None
    if order.refunded:
        return order.any_of("paid", "balance_due", "credit_owed")
    if order.cancelled:
        return order.any_of("paid", "void", "balance_due")
    if order.has(Happening.FAILED):
        return "failed"
    return "paid" if order.paid >= order.total else "balance_due"


def write(shop: ShopEvents) -> Tables:
    """Write first and last names of users and addresses, as Spree does."""
    return {
        "spree_users": [
            {
                "id": person.number,
                "email": person.email,
                "first_name": person.first_name,
                "last_name": person.last_name,
                "created_at": REGISTERED,
                "updated_at": REGISTERED,
            }
            for person in shop.people
            if not person.guest
        ],
        "spree_addresses": [
            {
                "id": person.number,
                "firstname": person.first_name,
                "lastname": person.last_name,
                "created_at": REGISTERED,
            }
            for person in shop.people
        ],
        "spree_orders": [_order(order) for order in shop.orders],
        "spree_line_items": [
            {"variant_id": 2, "order_id": order.number, "quantity": 2, "price": order.total / 2}
            for order in shop.orders
        ],
        "spree_variants": [{"id": 2, "product_id": 1}],
        "spree_products": [{"id": 1, "name": "Tee"}],
    }


def _order(order: Order) -> Row:
    state = "canceled" if order.cancelled else "complete"
    return {
        "id": order.number,
        "number": f"R{order.number}",
        "total": order.total,
        "state": state if order.is_placed else "cart",
        "user_id": order.account,
        "completed_at": order.naive if order.is_placed else None,
        "bill_address_id": order.person.number if order.person else None,
        "payment_total": order.paid - order.refunded,
        "payment_state": _payment_state(order),
        "shipment_state": "shipped" if order.has(Happening.SHIPPED) else "ready",
        "email": order.any_of(order.email, order.email or None),
        "currency": order.currency,
        "canceled_at": order.naive if order.cancelled else None,
        "created_at": order.naive,
        "updated_at": order.naive,
    }


def write_solidus(shop: ShopEvents) -> Tables:
    """Write whole names into addresses alone; an account's address may be that of its orders."""
    tables = write(shop)
    for row in tables["spree_users"]:
        del row["first_name"], row["last_name"]
        row["bill_address_id"] = row["id"]
    for row in tables["spree_addresses"]:
        row["name"] = f"{row.pop('firstname')} {row.pop('lastname')}"
    return tables


def write_spree6(shop: ShopEvents) -> Tables:
    """Write what Spree 6 calls otherwise."""
    tables = write(shop)
    tables["spree_customers"] = tables.pop("spree_users")
    for row in tables["spree_orders"]:
        row["customer_id"] = row.pop("user_id")
    return tables


EUROS = {"CURRENCY": "EUR"}
PLATFORMS = {
    "spree": Platform(
        "spree", "postgres", "spree", HOLDS, write, id_or_email, EUROS, variant="Spree 4 or 5"
    ),
    "spree6": Platform(
        "spree", "postgres", "spree6", HOLDS, write_spree6, id_or_email, EUROS, variant="Spree 6"
    ),
    "solidus": Platform("solidus", "postgres", "solidus", HOLDS, write_solidus, id_or_email, EUROS),
}
