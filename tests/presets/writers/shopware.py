"""Shopware 6: binary ids, versions of edits, states of order, payment and refund."""

import json
from decimal import Decimal

from tests.presets.events import Happening, Holds, Order, Person, ShopEvents, is_erased
from tests.presets.platform import BIG, REGISTERED, Platform, Row, Tables

LIVE = bytes.fromhex("0FA91CE3E96A4BC2BE4BD9CE752C3425")
DRAFT = bytes.fromhex("11111111111111111111111111111111")
SYSTEM_CURRENCY = bytes.fromhex("B7D2554B0CE847CD82F3AC9BD1C0DFCA")
SYSTEM_LANGUAGE = bytes.fromhex("2FBB5FE2E29A4D70AA5854CE7CE3E20B")
SHIRT, SHIRT_IN_RED, ACME, FRENCH, DOLLARS = 55, 56, 66, 77, 88
STATES = {
    name: number
    for number, name in enumerate(
        (
            "order.open",
            "order.cancelled",
            "order.completed",
            "payment.open",
            "payment.authorized",
            "payment.paid",
            "payment.paid_partially",
            "payment.refunded",
            "payment.refunded_partially",
            "payment.cancelled",
            "payment.failed",
            "payment.chargeback",
            "payment.in_progress",
            "payment.reminded",
            "payment.unconfirmed",
            "refund.completed",
            "refund.open",
            "delivery.shipped",
        ),
        start=200,
    )
}
WAITING = ("payment.open", "payment.in_progress", "payment.reminded", "payment.unconfirmed")
HOLDS = Holds(
    (
        "unpaid",
        "authorised",
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
        "marked_refunded",
    ),
    "repeated_rows",
    currencies="converted",
    erased="nobody",
)


def _bytes(number: int) -> bytes:
    return number.to_bytes(16, "big")


def _state(name: str) -> bytes:
    return _bytes(STATES[name])


def _money(amount: Decimal) -> str:
    return json.dumps({"totalPrice": float(amount)})


def _payment(order: Order) -> str:
    if order.has(Happening.MARKED_REFUNDED):
        return order.any_of("payment.refunded", "payment.chargeback")
    if order.gone_back:
        return "payment.refunded"
    if order.refunded:
        return "payment.refunded_partially"
    if order.has(Happening.AUTHORISED):
        return "payment.authorized"
    if order.has(Happening.FAILED):
        return order.any_of("payment.failed", "payment.cancelled")
    if not order.paid:
        return order.any_of(*WAITING)
    return "payment.paid" if order.paid == order.total else "payment.paid_partially"


def write(shop: ShopEvents) -> Tables:
    """Write a draft of every third order, and failed payments before and after the primary one."""
    tables: Tables = {name: [] for name in TABLES}
    tables["customer"] = [_customer(one, one.number) for one in shop.people if not is_erased(one)]
    for order in shop.orders:
        owner = None if is_erased(order.person) or not order.person else order.person.number
        if owner is not None and order.number % 2 == 0:
            owner = BIG + order.number  # bought without logging in
            assert order.person is not None
            tables["customer"].append(_customer(order.person, owner))
        for version in (LIVE, DRAFT) if order.number % 3 == 0 else (LIVE,):
            _put_order(tables, order, owner, version)
    return {**tables, **SETTINGS}


TABLES = (
    "order",
    "order_customer",
    "order_transaction",
    "order_transaction_capture",
    "order_transaction_capture_refund",
    "order_delivery",
    "order_line_item",
)


def _customer(person: Person, number: int) -> Row:
    return {
        "id": _bytes(number),
        "customer_number": str(number),
        "email": person.email.upper() if number > BIG else person.email,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "guest": int(person.guest or number > BIG),
        "created_at": REGISTERED,
    }


def _put_order(tables: Tables, order: Order, owner: int | None, version: bytes) -> None:
    of_order = {
        "order_id": _bytes(order.number),
        "order_version_id": version,
        "version_id": version,
    }
    state = "order.cancelled" if order.cancelled else "order.open"
    total = order.total if version == LIVE else order.total + 99
    tables["order"].append(
        {
            "id": _bytes(order.number),
            "version_id": version,
            "state_id": _state(state),
            "order_number": str(10_000 + order.number),
            "currency_id": SYSTEM_CURRENCY if order.rate == 1 else _bytes(DOLLARS),
            "currency_factor": order.rate,
            "order_date_time": order.naive,
            "primary_order_transaction_id": _bytes(_primary(order)),
            "price": _money(total),
            "created_at": order.naive,
        }
    )
    tables["order_customer"].append(
        {
            **of_order,
            "id": _bytes(order.number),
            "customer_id": None if owner is None else _bytes(owner),
            "email": order.email,
            "first_name": "F",
            "last_name": "L",
            "created_at": order.naive,
        }
    )
    payments = [_payment(order)] if order.number % 2 else ["payment.failed", _payment(order)]
    if order.number % 5 == 0:
        payments.append("payment.cancelled")
    for place, payment in enumerate(payments):
        tables["order_transaction"].append(
            {
                **of_order,
                "id": _bytes(BIG * place + order.number),
                "state_id": _state(payment),
                "amount": _money(total),
                "created_at": order.at.replace(microsecond=1000 * place),
            }
        )
    _put_refunds(tables, order, _bytes(_primary(order)), version)
    _put_lines(tables, order, of_order)


def _primary(order: Order) -> int:
    """Return the number of the transaction that was paid by, or is to be."""
    return order.number if order.number % 2 else BIG + order.number


def write_before_captures(shop: ShopEvents) -> Tables:
    """Write what Shopware did before it had captures and primary transactions: the last counts."""
    tables = write(shop)
    primary = {row["primary_order_transaction_id"] for row in tables["order"]}
    early = {_bytes(order.number) for order in shop.orders}
    tables["order_transaction"] = [
        row for row in tables["order_transaction"] if row["id"] in primary | early
    ]
    return tables


def _put_refunds(tables: Tables, order: Order, transaction: bytes, version: bytes) -> None:
    """Write what a payment method sent back, and one refund that never was completed."""
    amounts = order.amounts_of(Happening.REFUNDED)
    if not amounts:
        return
    made = {"version_id": version, "created_at": order.naive}
    tables["order_transaction_capture"].append(
        {
            **made,
            "id": _bytes(order.number),
            "order_transaction_id": transaction,
            "order_transaction_version_id": version,
            "state_id": _state("refund.completed"),
            "amount": _money(order.paid),
        }
    )
    refunds = [("refund.completed", amount) for amount in amounts] + [("refund.open", Decimal(3))]
    tables["order_transaction_capture_refund"] += [
        {
            **made,
            "id": _bytes(BIG * place + order.number),
            "capture_id": _bytes(order.number),
            "capture_version_id": version,
            "state_id": _state(state),
            "amount": _money(amount),
        }
        for place, (state, amount) in enumerate(refunds)
    ]


def _put_lines(tables: Tables, order: Order, of_order: Row) -> None:
    if order.has(Happening.SHIPPED):
        delivery = {**of_order, "id": _bytes(order.number), "state_id": _state("delivery.shipped")}
        tables["order_delivery"].append({**delivery, "created_at": order.naive})
    tables["order_line_item"] += [
        {
            **of_order,
            "id": _bytes(BIG * place + order.number),
            "product_id": product and _bytes(product),
            "identifier": kind,
            "label": "Tee",
            "type": kind,
            "quantity": 2,
            "unit_price": order.total / 2,
            "created_at": order.naive,
        }
        for place, (kind, product) in enumerate((("product", SHIRT_IN_RED), ("promotion", None)))
    ]


SETTINGS: Tables = {
    "currency": [
        {"id": identity, "iso_code": code, "factor": 1, "created_at": REGISTERED}
        for identity, code in ((SYSTEM_CURRENCY, "EUR"), (_bytes(DOLLARS), "USD"))
    ],
    "state_machine_state": [
        {
            "id": _bytes(number),
            "technical_name": name.partition(".")[2],
            "state_machine_id": _bytes(len(name.partition(".")[0])),
            "created_at": REGISTERED,
        }
        for name, number in STATES.items()
    ],
    "product": [
        {
            "id": _bytes(identity),
            "version_id": version,
            "parent_id": parent and _bytes(parent),
            "product_manufacturer_id": None if parent else _bytes(ACME),
        }
        for identity, parent in ((SHIRT, None), (SHIRT_IN_RED, SHIRT))
        for version in (LIVE, DRAFT)
    ],
    "product_manufacturer_translation": [
        {
            "product_manufacturer_id": _bytes(ACME),
            "product_manufacturer_version_id": LIVE,
            "language_id": language,
            "name": name,
        }
        for language, name in ((SYSTEM_LANGUAGE, "Acme"), (_bytes(FRENCH), "Acmé"))
    ],
}


def id_of(person: Person) -> str:
    """Return the id in hexadecimal digits."""
    return _bytes(person.number).hex()


BEFORE_CAPTURES = (
    "order_transaction_capture",
    "order_transaction_capture_refund",
    "order.primary_order_transaction_id",
)
PLATFORMS = {
    "shopware6": Platform(
        "shopware6", "mysql", "shopware6", HOLDS, write, id_of, zone_is_known=True
    ),
    "shopware6 before captures": Platform(
        "shopware6",
        "mysql",
        "shopware6",
        Holds(
            tuple(one for one in HOLDS.stories if one not in {"partly_refunded", "refunded_twice"}),
            "repeated_rows",
            currencies="converted",
            erased="nobody",
        ),
        write_before_captures,
        id_of,
        zone_is_known=True,
        without=BEFORE_CAPTURES,
        lacking=frozenset(BEFORE_CAPTURES),
    ),
}
