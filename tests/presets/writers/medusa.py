"""Medusa 2: totals per version of an order, as JSON; guests repeat their e-mail."""

import json
from decimal import Decimal

from tests.presets.events import Happening, Holds, Order, Person, ShopEvents, is_erased
from tests.presets.platform import REGISTERED, Platform, Row, Tables

HOLDS = Holds(
    (
        "cart",
        "unpaid",
        "authorised",
        "paid",
        "partly_paid",
        "edited",
        "cancelled_unpaid",
        "cancelled_paid",
        "partly_refunded",
        "refunded_twice",
        "refunded",
        "deleted",
    ),
    "repeated_rows",
    counts="paid",
    erased="nobody",
)


def id_of(person: Person) -> str:
    """Return the id of somebody's first row."""
    return f"cus_{person.number:05}"


def write(shop: ShopEvents) -> Tables:
    """Write each order's current version and the one before; every other guest row anew."""
    tables: Tables = {
        "customer": [_customer(one, id_of(one), guest=one.guest) for one in shop.people],
        "order": [],
        "order_summary": [],
        "order_item": [],
        "order_line_item": [
            {"id": "li_1", "title": "Tee", "product_id": "prod_1", "unit_price": 10}
        ],
    }
    for order in shop.orders:
        owner = id_of(order.person) if order.person else None
        if order.person is not None and order.number % 2 == 0 and not is_erased(order.person):
            owner = f"cus_z{order.number:05}"
            tables["customer"].append(_customer(order.person, owner, guest=True))
        tables["order"].append(_order(order, owner))
        tables["order_summary"] += [_summary(order, version) for version in (1, 2)]
        tables["order_item"] += _items(order)
    return tables


def _customer(person: Person, identity: str, *, guest: bool) -> Row:
    return {
        "id": identity,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
        "has_account": not guest,
        "created_at": REGISTERED,
        "deleted_at": REGISTERED if is_erased(person) else None,
    }


def _order(order: Order, owner: str | None) -> Row:
    return {
        "id": f"order_{order.number}",
        "display_id": order.number,
        "customer_id": owner,
        "version": 2,
        "status": "canceled" if order.cancelled else "pending",
        "is_draft_order": not order.is_placed,
        "email": order.email,
        "currency_code": order.currency.lower(),
        "created_at": order.at,
        "deleted_at": REGISTERED if order.has(Happening.DELETED) else None,
    }


def _summary(order: Order, version: int) -> Row:
    wrong = Decimal(7) if version == 1 else Decimal(0)  # the version before an edit
    # From 2.21 on a refund writes a credit line that lessens the total; before, it does not.
    lessened = order.refunded if order.number % 2 else Decimal(0)
    totals = {
        "current_order_total": float(order.total + wrong - lessened),
        "original_order_total": float(order.total),
        "paid_total": float(order.paid + wrong),
        "refunded_total": float(order.refunded),
        "transaction_total": float(order.paid - order.refunded),
        "credit_line_total": float(lessened),
    }
    return {
        "id": f"ordsum_{order.number}_{version}",
        "order_id": f"order_{order.number}",
        "version": version,
        "totals": json.dumps(totals),
    }


def _items(order: Order) -> list[Row]:
    return [
        {
            "id": f"orditem_{order.number}_{version}{suffix}",
            "order_id": f"order_{order.number}",
            "version": version,
            "item_id": "li_1",
            "unit_price": order.total / 2,
            "quantity": quantity,
            "deleted_at": deleted,
        }
        for version in (1, 2)
        for suffix, quantity, deleted in (("", 2, None), ("_gone", 2, REGISTERED), ("_0", 0, None))
    ]


PLATFORMS = {
    "medusa2": Platform(
        "medusa2",
        "postgres",
        "medusa2",
        HOLDS,
        write,
        id_of,
        {"CURRENCY": "EUR"},
        zone_is_known=True,
        findings=frozenset({"unknown_customer"}),
    )
}
