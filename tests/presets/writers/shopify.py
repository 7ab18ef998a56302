"""Shopify as loaders copy it: by REST, by GraphQL, and with JSON inside the orders."""

import json
from datetime import timedelta
from decimal import Decimal

from tests.presets.events import Happening, Holds, Order, Person, ShopEvents
from tests.presets.platform import BIG, REGISTERED, Platform, Row, Tables, plain_id

STORIES = (
    "unpaid",
    "authorised",
    "paid",
    "partly_paid",
    "shipped",
    "partly_shipped",
    "edited",
    "cancelled_unpaid",
    "cancelled_paid",
    "partly_refunded",
    "refunded_twice",
    "refunded",
    "deleted",
    "test",
)
HOLDS = Holds(STORIES, authorised_counts=True)


def _status(order: Order) -> str:
    if order.gone_back:
        return "refunded"
    if order.refunded:
        return "partially_refunded"
    if order.has(Happening.AUTHORISED):
        return "authorized"
    if not order.paid:
        return "pending"
    return "paid" if order.paid >= order.total else "partially_paid"


def _customer(person: Person) -> Row:
    return {
        "id": person.number,
        "email": person.email,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "created_at": REGISTERED,
    }


def _customers(shop: ShopEvents) -> list[Row]:
    """Return everybody, and who was merged into the first one."""
    merged = {"id": BIG, "email": "merged@example.org", "_fivetran_deleted": True}
    first = _customer(shop.people[0])
    return [*map(_customer, shop.people), {**first, **merged}]


def _order(order: Order) -> Row:
    return {
        "id": order.number,
        "customer_id": order.person.number if order.person else None,
        "name": f"#{1000 + order.number}",
        "created_at": order.at,
        "cancelled_at": order.at if order.cancelled else None,
        "test": order.has(Happening.TEST),
        "_fivetran_deleted": order.has(Happening.DELETED),
    }


def _line(order: Order) -> Row:
    return {
        "id": order.number,
        "order_id": order.number,
        "product_id": 5,
        "title": "Tee",
        "quantity": 2,
        "vendor": "Acme",
    }


def _backs(order: Order) -> list[tuple[int, Decimal]]:
    return [
        (BIG * place + order.number, amount)
        for place, amount in enumerate(order.amounts_of(Happening.REFUNDED), start=1)
    ]


def write_rest(shop: ShopEvents) -> Tables:
    """Write what the REST connection copies: refunds with their lines and transactions."""
    tables: Tables = {
        "customer": _customers(shop),
        "order": [
            {
                **_order(order),
                "total_price": float(order.total),
                "currency": order.currency,
                "financial_status": _status(order),
            }
            for order in shop.orders
        ],
        "order_line": [{**_line(order), "price": float(order.total) / 2} for order in shop.orders],
        "refund": [],
        "order_line_refund": [],
        "order_adjustment": [],
        "transaction": [],
    }
    for order in shop.orders:
        sale = {"id": order.number, "order_id": order.number, **_as_paid(order, order.paid)}
        tables["transaction"].append({**sale, "kind": "sale", "status": "success"})
        for number, amount in _backs(order):
            tables["refund"].append({"id": number, "order_id": order.number})
            _put_what_was_taken_back(tables, order, number, amount)
            own = {"id": number, "refund_id": number, "kind": "refund", **_as_paid(order, amount)}
            failed = {"id": 5 * BIG + number, "status": "failure"}
            tables["transaction"] += [
                {**sale, **own, "status": "success"},
                {**sale, **own, **failed},
            ]
    return tables


def _as_paid(order: Order, amount: Decimal) -> Row:
    """Return an amount in the currency that the customer paid in, which may be a third one."""
    if order.number % 4:
        return {"amount": amount, "currency": order.currency}
    return {"amount": amount * 3, "currency": "PLN"}


def _put_what_was_taken_back(tables: Tables, order: Order, number: int, amount: Decimal) -> None:
    """Write a line that was returned, or shipping of a cent, which lessens what an order is."""
    row = {"id": number, "refund_id": number}
    if amount < 1:
        shipping = {"kind": "shipping_refund", "amount": -amount, "tax_amount": 0}
        tables["order_adjustment"].append({**row, "order_id": order.number, **shipping})
        return
    line = {"order_line_id": order.number, "subtotal": amount, "total_tax": 0}
    tables["order_line_refund"].append({**row, **line})


def write_graphql(shop: ShopEvents) -> Tables:
    """Write what the GraphQL connection copies: other names, and words in capitals."""
    tables: Tables = {
        "customer": _customers(shop),
        "order": [
            {
                **_order(order),
                "total_price_set_shop_amount": float(order.total),
                "currency_code": order.currency,
                "display_financial_status": _status(order).upper(),
                "display_fulfillment_status": "UNFULFILLED",
            }
            for order in shop.orders
        ],
        "order_line": [
            {**_line(order), "original_unit_price_set_shop_amount": float(order.total) / 2}
            for order in shop.orders
        ],
        "refund": [],
        "transaction": [],
    }
    for order in shop.orders:
        for number, amount in _backs(order):
            back = {"id": number, "order_id": order.number}
            sum_ = float(str(amount))
            tables["refund"].append({**back, "total_refunded_set_shop_amount": sum_})
            tables["transaction"].append(
                {**back, "amount_set_shop_amount": sum_, "kind": "REFUND", "status": "SUCCESS"}
            )
    return tables


def write_airbyte(shop: ShopEvents) -> Tables:
    """Write every third row twice, the older one with another total."""
    tables: Tables = {"customers": [], "orders": []}
    older = {"_airbyte_extracted_at": REGISTERED - timedelta(days=9)}
    for person in shop.people:
        row = {**_customer(person), "_airbyte_extracted_at": REGISTERED}
        again = [{**row, **older, "email": "old@example.org"}] if person.number % 3 == 0 else []
        tables["customers"] += [row, *again]
    for order in shop.orders:
        row = _airbyte_order(order)
        lines = json.loads(row["line_items"])
        wrong = {
            "current_total_price": order.total + 1,
            "line_items": json.dumps([*lines, {**lines[0], "id": -order.number}]),
        }
        again = [{**row, **older, **wrong}] if order.number % 3 == 0 else []
        tables["orders"] += [*again, row]
    return tables


def _airbyte_order(order: Order) -> Row:
    head = _order(order)
    del head["customer_id"], head["_fivetran_deleted"]
    return {
        **head,
        "customer": json.dumps({"id": order.person.number}) if order.person else None,
        "total_price": order.total,
        "current_total_price": order.total - order.refunded,
        "currency": order.currency,
        "financial_status": _status(order),
        "deleted_at": order.at if order.has(Happening.DELETED) else None,
        "line_items": json.dumps([{**_line(order), "price": float(order.total) / 2}]),
        "_airbyte_extracted_at": REGISTERED,
    }


EUROS = {"CURRENCY": "EUR"}
REST, GRAPHQL = "copied by REST", "copied by GraphQL"
PLATFORMS = {
    "shopify_fivetran": Platform(
        "shopify_fivetran",
        "postgres",
        "shopify_fivetran",
        HOLDS,
        write_rest,
        plain_id,
        EUROS,
        zone_is_known=True,
        variant=REST,
    ),
    "shopify_fivetran, few tables": Platform(
        "shopify_fivetran",
        "postgres",
        "shopify_fivetran",
        Holds(tuple(one for one in STORIES if one != "deleted"), authorised_counts=True),
        write_rest,
        plain_id,
        EUROS,
        zone_is_known=True,
        without=("transaction", "order._fivetran_deleted"),
        variant=REST,
        lacking=frozenset({"transaction", "order._fivetran_deleted"}),
    ),
    "shopify_fivetran by GraphQL": Platform(
        "shopify_fivetran",
        "postgres",
        "shopify_fivetran_graphql",
        HOLDS,
        write_graphql,
        plain_id,
        EUROS,
        zone_is_known=True,
        variant=GRAPHQL,
    ),
    "shopify_airbyte": Platform(
        "shopify_airbyte",
        "postgres",
        "shopify_airbyte",
        HOLDS,
        write_airbyte,
        plain_id,
        EUROS,
        zone_is_known=True,
    ),
}
