"""OpenCart: statuses are numbers, and which of them are sales stands in the settings."""

import json

from tests.presets.events import FOREIGN_RATE, Happening, Holds, Order, ShopEvents
from tests.presets.platform import REGISTERED, Platform, Tables, id_or_email

PENDING, PROCESSING, SHIPPED, COMPLETE, CANCELLED, DENIED = 1, 2, 3, 5, 7, 8
REVERSAL, FAILED, REFUNDED, REVERSED, CHARGEBACK, EXPIRED, PROCESSED, VOIDED = (
    9,
    10,
    11,
    12,
    13,
    14,
    15,
    16,
)
# A status that this shop made, and counts.
PACKED = 23
HOLDS = Holds(
    (
        "cart",
        "unpaid",
        "failed",
        "paid",
        "shipped",
        "edited",
        "cancelled_unpaid",
        "cancelled_paid",
        "marked_refunded",
    ),
    "by_email",
    currencies="converted",
    erased="nobody",
)


def _status(order: Order) -> int:
    if not order.is_placed:
        return 0
    if order.cancelled:
        return order.any_of(CANCELLED, VOIDED, EXPIRED)
    if order.gone_back:
        return order.any_of(REFUNDED, CHARGEBACK)
    if order.has(Happening.FAILED):
        return FAILED
    if not order.paid:
        return order.any_of(PENDING, DENIED, REVERSAL, REVERSED)
    return (
        order.any_of(SHIPPED, COMPLETE)
        if order.has(Happening.SHIPPED)
        else order.any_of(PROCESSING, PACKED)
    )


def write(shop: ShopEvents) -> Tables:
    """Write base totals; the account of who was erased is deleted, their orders keep its number."""
    settings = {
        "config_currency": "EUR",
        "config_processing_status": json.dumps([str(PROCESSING), str(SHIPPED), str(PACKED)]),
        "config_complete_status": json.dumps([str(COMPLETE), str(SHIPPED)]),
    }
    return {
        "oc_customer": [
            {
                "customer_id": person.number,
                "firstname": person.first_name,
                "lastname": person.last_name,
                "email": person.email,
                "date_added": REGISTERED,
            }
            for person in shop.accounts_left
        ],
        "oc_order": [
            {
                "order_id": order.number,
                "customer_id": order.account or 0,
                "firstname": "F",
                "lastname": "L",
                "email": order.email,
                "total": order.total / order.rate,
                "order_status_id": _status(order),
                "currency_code": order.currency,
                "currency_value": FOREIGN_RATE if order.rate != 1 else 1,
                "date_added": order.naive,
                "date_modified": order.naive,
            }
            for order in shop.orders
        ],
        "oc_order_product": [
            {
                "order_product_id": order.number,
                "order_id": order.number,
                "product_id": 1 + order.number % 9,
                "name": "Tee",
                "quantity": 2,
                "price": order.wanted / 2,
            }
            for order in shop.orders
        ],
        "oc_product": [{"product_id": number, "manufacturer_id": 1} for number in range(1, 10)],
        "oc_manufacturer": [{"manufacturer_id": 1, "name": "Acme"}],
        "oc_setting": [
            {
                "store_id": store,
                "code": "config",
                "key": key,
                "value": value if store == 0 else "[]",
                "serialized": int(value.startswith("[")),
            }
            for store in (0, 1)
            for key, value in settings.items()
        ],
    }


PLATFORMS = {
    "opencart": Platform(
        "opencart",
        "mysql",
        "opencart",
        HOLDS,
        write,
        id_or_email,
        findings=frozenset({"unknown_customer"}),
    )
}
