"""Vendure: minor units, carts among the orders, payments and refunds that may be settled."""

from decimal import Decimal

from tests.presets.events import Happening, Holds, Order, ShopEvents, is_erased
from tests.presets.platform import BIG, REGISTERED, Platform, Row, Tables, plain_id

HOLDS = Holds(
    (
        "cart",
        "authorised",
        "paid",
        "shipped",
        "partly_shipped",
        "edited",
        "cancelled_unpaid",
        "cancelled_paid",
        "partly_refunded",
        "refunded_twice",
        "refunded",
    ),
    "own_row",
    counts="paid",
    erased="nobody",
)


def _state(order: Order) -> str:
    if not order.is_placed:
        return order.any_of("AddingItems", "ArrangingPayment", "Draft")
    if order.cancelled:
        return "Cancelled"
    if order.has(Happening.AUTHORISED) or not order.paid:
        return "PaymentAuthorized"
    shipped = order.sum_of(Happening.SHIPPED)
    if not shipped:
        return "PaymentSettled"
    return order.any_of("Shipped", "Delivered") if shipped == order.total else "PartiallyShipped"


def _cents(amount: Decimal) -> int:
    return int(amount * 100)


def write(shop: ShopEvents) -> Tables:
    """Write refunds with and without cancelling what was bought, and the orders of sellers."""
    tables: Tables = {
        "customer": [
            {
                "id": person.number,
                "firstName": person.first_name,
                "lastName": person.last_name,
                "emailAddress": person.email,
                "userId": None if person.guest else person.number,
                "createdAt": REGISTERED,
                "deletedAt": REGISTERED if is_erased(person) else None,
            }
            for person in shop.people
        ],
        "order": [],
        "payment": [],
        "refund": [],
        "order_line": [],
        "product_variant": [{"id": 9, "sku": "TEE", "productId": 77}],
        "product_translation": [
            {"id": n, "languageCode": code, "name": "Tee", "slug": "", "description": ""}
            | {"baseId": 77}
            for n, code in enumerate(("en", "de"))
        ],
    }
    for order in shop.orders:
        _put_order(tables, order)
        _put_payments(tables, order)
    return tables


def _put_order(tables: Tables, order: Order) -> None:
    """Write an order, and the same once more as its seller's part."""
    row = _order(order)
    tables["order"].append(row)
    tables["order_line"].append(_line(order, order.number))
    if order.is_placed and order.number % 4 == 0:
        row["type"] = "Aggregate"
        number = BIG + order.number
        part = {"id": number, "type": "Seller", "code": f"S{order.number}"}
        tables["order"].append({**row, **part, "aggregateOrderId": order.number})
        tables["order_line"].append(_line(order, number))
        tables["payment"].append(_payment(number, number, order.paid, "Settled"))


def _order(order: Order) -> Row:
    # Whoever takes items out of an order pays money back, and lessens the order.
    left = order.total - (order.refunded if order.number % 2 else 0)
    return {
        "id": order.number,
        "type": "Regular",
        "code": f"C{order.number}",
        "state": _state(order),
        "active": not order.is_placed,
        "orderPlacedAt": order.naive if order.is_placed else None,
        "createdAt": order.naive,
        "couponCodes": "",
        "shippingAddress": "{}",
        "billingAddress": "{}",
        "currencyCode": order.currency,
        "customerId": order.person.number if order.person else None,
        "subTotal": _cents(left),
        "subTotalWithTax": _cents(left),
    }


def _line(order: Order, number: int) -> Row:
    taken_out = order.cancelled or (order.gone_back and order.number % 2)
    return {
        "id": number,
        "orderId": number,
        "quantity": 0 if taken_out else 2,
        "orderPlacedQuantity": 2 if order.is_placed else 0,
        "listPrice": _cents(order.total) // 2,
        "listPriceIncludesTax": True,
        "adjustments": "[]",
        "taxLines": "[]",
        "productVariantId": 9,
    }


def _put_payments(tables: Tables, order: Order) -> None:
    """Write payments that were settled, authorised or declined, and refunds likewise."""
    payments = [("Declined", order.total)]
    payments += [("Settled", amount) for amount in order.amounts_of(Happening.PAID)]
    payments += [("Authorized", amount) for amount in order.amounts_of(Happening.AUTHORISED)]
    tables["payment"] += [
        _payment(2 * BIG + 10 * order.number + place, order.number, amount, state)
        for place, (state, amount) in enumerate(payments)
    ]
    if not order.paid:
        return
    backs = [("Failed", order.paid)]
    backs += [("Settled", amount) for amount in order.amounts_of(Happening.REFUNDED)]
    tables["refund"] += [
        {
            "id": 10 * order.number + place,
            "paymentId": 2 * BIG + 10 * order.number + 1,
            "state": state,
            "method": "card",
            "metadata": "{}",
            "items": _cents(amount),
            "shipping": 0,
            "adjustment": 0,
            "total": _cents(amount),
        }
        for place, (state, amount) in enumerate(backs)
    ]


def _payment(number: int, order: int, amount: Decimal, state: str) -> Row:
    return {
        "id": number,
        "orderId": order,
        "amount": _cents(amount),
        "state": state,
        "method": "card",
        "metadata": "{}",
    }


EUROS = {"CURRENCY": "EUR"}
PLATFORMS = {
    "vendure": Platform("vendure", "postgres", "vendure", HOLDS, write, plain_id, EUROS),
    "vendure on MySQL": Platform(
        "vendure", "mysql", "vendure_mysql", HOLDS, write, plain_id, EUROS
    ),
}
