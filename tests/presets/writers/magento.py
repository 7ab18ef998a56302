"""Magento 1 and 2: base amounts beside what was paid, cancelled and refunded."""

from decimal import Decimal

from tests.presets.events import Happening, Holds, Order, Person, ShopEvents, is_erased
from tests.presets.platform import REGISTERED, Platform, Row, Tables, id_or_email

HOLDS = Holds(
    (
        "unpaid",
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


def _state(order: Order) -> str:
    if order.cancelled:
        return "canceled"
    if order.gone_back or order.has(Happening.CLOSED):
        return "closed"
    if not order.paid:
        return order.any_of("new", "pending_payment", "payment_review", "holded")
    return "complete" if order.sum_of(Happening.SHIPPED) == order.total else "processing"


def write(shop: ShopEvents) -> Tables:
    """Write base amounts and the order's own; a deleted account's orders lose it."""
    return {
        "customer_entity": [
            {
                "entity_id": person.number,
                "website_id": 1,
                "email": person.email,
                "firstname": person.first_name,
                "lastname": person.last_name,
                "created_at": REGISTERED,
            }
            for person in shop.accounts_left
        ],
        "sales_order": [_order(order) for order in shop.orders],
        "sales_order_item": [
            {
                "item_id": 2 * order.number + child,
                "order_id": order.number,
                "parent_item_id": 2 * order.number if child else None,
                "product_id": 10 + child,
                "product_type": "simple" if child else "configurable",
                "name": "Tee",
                "qty_ordered": 2,
                "base_price": 0 if child else order.wanted / 2,
            }
            for order in shop.orders
            for child in (0, 1)
        ],
    }


def _order(order: Order) -> Row:
    def base(amount: Decimal) -> Decimal:
        return amount / order.rate

    called_off = order.sum_of(Happening.CANCELLED)
    return {
        "entity_id": order.number,
        "state": _state(order),
        "status": "of_our_own",
        "customer_id": order.account_left,
        "customer_is_guest": int(order.account is None),
        "base_grand_total": base(order.total),
        "grand_total": order.total,
        "base_to_global_rate": 1,
        "base_to_order_rate": order.rate,
        "base_total_paid": base(order.paid) or None,
        "base_total_canceled": base(called_off) if called_off else None,
        "base_total_refunded": base(order.refunded) if order.refunded else None,
        "increment_id": f"{order.number:09}",
        "base_currency_code": "EUR",
        "global_currency_code": "EUR",
        "order_currency_code": order.currency,
        "customer_email": order.email or None,
        "customer_firstname": order.person.first_name if order.person else None,
        "customer_lastname": order.person.last_name if order.person else None,
        "created_at": order.naive,
    }


def id_of(person: Person) -> str:
    """Return the account's id; whose account was deleted is a guest."""
    return person.guest_id if is_erased(person) else id_or_email(person)


def write_two_websites(shop: ShopEvents) -> Tables:
    """Write orders of two websites, each with a base currency of its own."""
    tables = write(shop)
    for row, order in zip(tables["sales_order"], shop.orders, strict=True):
        row |= {
            "base_currency_code": order.currency,
            "base_to_global_rate": 1 / order.rate if order.rate != 1 else 1,
            "base_to_order_rate": 1,
            "base_grand_total": order.total,
            "base_total_paid": order.paid or None,
            "base_total_canceled": order.sum_of(Happening.CANCELLED) or None,
            "base_total_refunded": order.refunded or None,
        }
    return tables


FIRST_NAME, LAST_NAME, CUSTOMER = 5, 7, 1


def write_magento1(shop: ShopEvents) -> Tables:
    """Write the same into flat tables, and names as attributes."""
    return in_flat_tables(write(shop))


def write_magento1_two_websites(shop: ShopEvents) -> Tables:
    """Write two websites into flat tables."""
    return in_flat_tables(write_two_websites(shop))


def in_flat_tables(tables: Tables) -> Tables:
    """Return what Magento 2 holds as Magento 1 does."""
    names: list[Row] = []
    for row in tables["customer_entity"]:
        for attribute, name in ((FIRST_NAME, "firstname"), (LAST_NAME, "lastname")):
            value = {"entity_id": row["entity_id"], "value": row.pop(name)}
            names.append({**value, "attribute_id": attribute, "entity_type_id": CUSTOMER})
    return {
        "eav_entity_type": [{"entity_type_id": CUSTOMER, "entity_type_code": "customer"}],
        "eav_attribute": [
            {"attribute_id": attribute, "entity_type_id": CUSTOMER, "attribute_code": code}
            for attribute, code in ((FIRST_NAME, "firstname"), (LAST_NAME, "lastname"))
        ],
        "customer_entity": tables["customer_entity"],
        "customer_entity_varchar": names,
        "sales_flat_order": tables["sales_order"],
        "sales_flat_order_item": tables["sales_order_item"],
    }


TWO_WEBSITES = Holds(HOLDS.stories, "by_email", erased="guest")
PLATFORMS = {
    "magento1": Platform(
        "magento1", "mysql", "magento1", HOLDS, write_magento1, id_of, zone_is_known=True
    ),
    "magento1, one of two base currencies": Platform(
        "magento1",
        "mysql",
        "magento1",
        TWO_WEBSITES,
        write_magento1_two_websites,
        id_of,
        {"CURRENCY": "EUR"},
        zone_is_known=True,
    ),
    "magento2": Platform("magento2", "mysql", "magento2", HOLDS, write, id_of, zone_is_known=True),
    "magento2, one of two base currencies": Platform(
        "magento2",
        "mysql",
        "magento2",
        TWO_WEBSITES,
        write_two_websites,
        id_of,
        {"CURRENCY": "EUR"},
        zone_is_known=True,
    ),
    "magento2, converted to the global currency": Platform(
        "magento2",
        "mysql",
        "magento2",
        HOLDS,
        write_two_websites,
        id_of,
        {"CURRENCY_RATE": "multiply"},
        zone_is_known=True,
    ),
}
