"""How the platforms on PostgreSQL store an invented shop."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.presets.invented import Fate, InventedShop, Order, Person, Platform, Tables

BIG = 100_000
REGISTERED = datetime(2023, 6, 1, tzinfo=UTC)
REGISTERED_NAIVE = datetime(2023, 6, 1)  # noqa: DTZ001, these columns are naive


def _number(person: Person | None) -> int | None:
    return None if person is None else person.number


def _plain_id(person: Person) -> str:
    return str(person.number)


def _id_or_email(person: Person) -> str:
    return person.guest_id if person.guest else str(person.number)


def medusa2(shop: InventedShop) -> Tables:
    """Write versions of orders, soft-deleted rows, and guests who repeat e-mails."""
    customers: list[dict[str, Any]] = []
    orders: list[dict[str, Any]] = []
    summaries: list[dict[str, Any]] = []
    items: list[dict[str, Any]] = []
    customers += [
        _medusa_customer(one, f"cus_{one.number:05}", guest=one.guest) for one in shop.people
    ]
    for order in shop.orders:
        customer_id = None if order.person is None else f"cus_{order.person.number:05}"
        if order.person is not None and order.number % 2 == 0:
            customer_id = f"cus_x{order.number:05}"
            customers.append(_medusa_customer(order.person, customer_id, guest=True))
        orders.append(_medusa_order(order, customer_id))
        removed_one = {"id": f"sum_{order.number}_gone", "version": 2, "deleted_at": REGISTERED}
        summaries.append({**_medusa_summary(order, 1), **removed_one})
        for version in (1, 2):
            summaries.append(_medusa_summary(order, version))
            items += [
                {
                    "id": f"item_{order.number}_{version}{suffix}",
                    "order_id": f"order_{order.number}",
                    "version": version,
                    "item_id": "li_1",
                    "unit_price": order.total / 2,
                    "quantity": Decimal(quantity),
                    "deleted_at": deleted,
                }
                for suffix, quantity, deleted in (
                    ("", 2, None),
                    ("_gone", 2, REGISTERED),
                    ("_0", 0, None),
                )
            ]
    gone = Person(9_999, guest=False)
    removed = {**_medusa_customer(gone, "cus_gone", guest=False), "deleted_at": REGISTERED}
    orders.append({**orders[0], "id": "order_gone", "customer_id": "cus_gone", "version": 2})
    summaries.append({**summaries[2], "id": "sum_gone", "order_id": "order_gone"})
    return {
        "customer": [*({**row, "deleted_at": None} for row in customers), removed],
        "order": orders,
        "order_summary": summaries,
        "order_item": items,
        "order_line_item": [{"id": "li_1", "title": "M", "product_id": "prod_1"}],
    }


def _medusa_customer(person: Person, identity: str, *, guest: bool) -> dict[str, Any]:
    return {
        "id": identity,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
        "has_account": not guest,
        "created_at": REGISTERED,
    }


def _medusa_order(order: Order, customer_id: str | None) -> dict[str, Any]:
    return {
        "id": f"order_{order.number}",
        "display_id": order.number,
        "customer_id": customer_id,
        "version": 2,
        "status": "canceled" if order.fate == "cancelled" else "pending",
        "is_draft_order": order.fate == "cart",
        "email": order.email,
        "currency_code": "eur",
        "created_at": order.at,
        "deleted_at": REGISTERED if order.fate == "deleted" else None,
    }


def _medusa_summary(order: Order, version: int) -> dict[str, Any]:
    paid = Decimal(0) if order.fate in {"pending", "cancelled"} else order.total
    if order.fate == "counted" and order.number % 5 == 0:
        paid = order.total / 2
    refunded = order.total if order.fate == "refunded" else order.refunded
    wrong = Decimal(7) if version == 1 else Decimal(0)  # the version before an edit
    totals = {
        "current_order_total": float(order.total + wrong),
        "paid_total": float(paid + wrong),
        "refunded_total": float(refunded),
    }
    return {
        "id": f"sum_{order.number}_{version}",
        "order_id": f"order_{order.number}",
        "version": version,
        "totals": json.dumps(totals),
        "deleted_at": None,
    }


def saleor(shop: InventedShop) -> Tables:
    """Write uuids for orders, and guests who are known by e-mail alone."""
    statuses = {"cancelled": "canceled", "refunded": "returned", "cart": ""}
    charges = {"pending": "none", "cart": "none", "partial": "partial"}
    return {
        "account_user": [
            {
                "id": person.number,
                "email": person.email,
                "first_name": person.first_name,
                "last_name": person.last_name,
                "is_active": True,
                "date_joined": REGISTERED,
                "updated_at": REGISTERED,
            }
            for person in shop.people
            if not person.guest
        ],
        "order_order": [
            {
                "id": UUID(int=order.number),
                "number": order.number,
                "status": statuses.get(order.fate, "fulfilled")
                or order.any_of("draft", "unconfirmed", "expired"),
                "charge_status": charges.get(order.fate) or order.any_of("full", "overcharged"),
                "user_id": None
                if order.person is None or order.person.guest
                else order.person.number,
                "user_email": order.email,
                "currency": "USD",
                "total_gross_amount": order.total,
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
                "currency": "USD",
            }
            for order in shop.orders
        ],
        "product_productvariant": [{"id": 5, "product_id": 50}],
    }


def spree(shop: InventedShop) -> Tables:
    """Write carts beside orders; a cancelled order keeps its payment state."""
    payments = {
        "counted": "paid",
        "partial": "credit_owed",
        "pending": "balance_due",
        "cart": "paid",
    }
    return {
        "spree_users": [
            {
                "id": person.number,
                "email": person.email,
                "first_name": person.first_name,
                "last_name": person.last_name,
                "created_at": REGISTERED_NAIVE,
                "updated_at": REGISTERED_NAIVE,
            }
            for person in shop.people
            if not person.guest
        ],
        "spree_orders": [
            {
                "id": order.number,
                "number": f"R{order.number}",
                "total": order.total,
                "state": "cart" if order.fate == "cart" else "complete",
                "user_id": None
                if order.person is None or order.person.guest
                else order.person.number,
                "completed_at": None if order.fate == "cart" else order.naive,
                "payment_state": payments.get(order.fate) or order.any_of("paid", "void", "failed"),
                "email": order.any_of(order.email, order.email or None),
                "currency": "EUR",
                "canceled_at": order.any_of(order.naive, None, None)
                if order.fate == "cancelled"
                else None,
                "created_at": order.naive,
                "updated_at": order.naive,
            }
            for order in shop.orders
        ],
        "spree_line_items": [
            {
                "variant_id": 2,
                "order_id": order.number,
                "quantity": 2,
                "price": order.total / 2,
            }
            for order in shop.orders
        ],
        "spree_variants": [{"id": 2, "product_id": 1}],
        "spree_products": [{"id": 1, "name": "Tee"}],
    }


def odoo17(shop: InventedShop) -> Tables:
    """Write sales and point-of-sale orders, delivery addresses, and foreign currencies."""
    partners: list[dict[str, Any]] = []
    for person in shop.people:
        own = {
            "id": person.number,
            "name": f"{person.first_name} {person.last_name}",
            "email": person.email.upper(),
            "commercial_partner_id": person.number,
            "create_date": REGISTERED_NAIVE,
        }
        address = {**own, "id": BIG + person.number, "email": None}
        partners += [own, address]
    tables: Tables = {"res_partner": partners, "sale_order": [], "pos_order": []}
    for order in shop.orders:
        at_the_till = order.number % 3 == 0
        paid = ("paid", "done", "invoiced") if at_the_till else ("sale", "done")
        open_states = ("draft",) if at_the_till else ("draft", "sent")
        states = {
            "counted": paid[order.number // 3 % len(paid)],
            "cancelled": "cancel",
            "pending": order.any_of(*open_states),
        }
        delivered = order.number % 2 == 0
        partner = None if order.person is None else order.person.number + BIG * delivered
        row = {
            "id": order.number,
            "name": f"O{order.number}",
            "partner_id": partner,
            "state": states[order.fate],
            "date_order": order.naive,
            "amount_total": order.foreign_total,
            "currency_rate": Decimal(order.rate) if order.rate > 1 else None,
        }
        tables["pos_order" if at_the_till else "sale_order"].append(row)
    tables["product_template"] = [{"id": 1, "name": json.dumps({"en_US": "Desk"})}]
    tables["product_product"] = [{"id": 1, "product_tmpl_id": 1}]
    tables["sale_order_line"] = [
        {
            "order_id": row["id"],
            "product_id": 1 if kind is None else None,
            "name": "[D] Desk",
            "product_uom_qty": Decimal(2),
            "price_total": row["amount_total"],
            "display_type": kind,
            "is_downpayment": downpayment,
        }
        for row in tables["sale_order"]
        for kind, downpayment in ((None, None), ("line_section", False), (None, True))
    ]
    tables["pos_order_line"] = [
        {
            "order_id": row["id"],
            "product_id": 1,
            "full_product_name": "Desk",
            "qty": Decimal(1),
            "price_subtotal_incl": row["amount_total"],
        }
        for row in tables["pos_order"]
    ]
    return tables


def _shopify_order(order: Order) -> dict[str, Any]:
    statuses = {"partial": "partially_refunded", "refunded": "refunded", "pending": "pending"}
    return {
        "id": order.number,
        "name": f"#{1000 + order.number}",
        "order_number": 1000 + order.number,
        "total_price": order.total,
        "created_at": order.at,
        "financial_status": statuses.get(order.fate)
        or order.any_of("paid", "partially_paid", "authorized"),
        "cancelled_at": order.at if order.fate == "cancelled" else None,
        "test": order.fate == "test",
    }


def _shopify_customer(person: Person) -> dict[str, Any]:
    return {
        "id": person.number,
        "email": person.email,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "created_at": REGISTERED,
    }


def shopify_fivetran(shop: InventedShop) -> Tables:
    """Write test orders and rows marked as deleted."""
    return {
        "customer": [_shopify_customer(person) for person in shop.people],
        "order": [
            {
                **_shopify_order(order),
                "customer_id": _number(order.person),
                "_fivetran_deleted": order.fate == "deleted",
            }
            for order in shop.orders
        ],
        "order_line": [
            {
                "id": order.number,
                "order_id": order.number,
                "product_id": 5,
                "title": "Tee",
                "quantity": 1,
                "price": order.total,
                "vendor": "Acme",
            }
            for order in shop.orders
        ],
    }


def shopify_airbyte(shop: InventedShop) -> Tables:
    """Write every third row twice, the older one with another total."""
    tables: Tables = {"customers": [], "orders": []}
    for person in shop.people:
        row = {**_shopify_customer(person), "_airbyte_extracted_at": REGISTERED}
        older = {**row, "_airbyte_extracted_at": REGISTERED - timedelta(days=9), "email": "old"}
        tables["customers"] += [row, older] if person.number % 3 == 0 else [row]
    for order in shop.orders:
        line = {"id": order.number, "product_id": 5, "title": "Tee", "quantity": 2, "price": 5.0}
        row = {
            **_shopify_order(order),
            "customer": None if order.person is None else json.dumps({"id": order.person.number}),
            "deleted_at": order.at if order.fate == "deleted" else None,
            "line_items": json.dumps([{**line, "vendor": "Acme"}]),
            "_airbyte_extracted_at": REGISTERED,
        }
        older = {
            **row,
            "_airbyte_extracted_at": REGISTERED - timedelta(days=9),
            "total_price": order.total + order.any_of(1, -1),
            "line_items": json.dumps([line, {**line, "id": -order.number}]),
        }
        tables["orders"] += [older, row] if order.number % 3 == 0 else [row]
    return tables


def _medusa_id(person: Person) -> str:
    return f"cus_{person.number:05}"


SHOPIFY_FATES: tuple[Fate, ...] = (
    "counted",
    "partial",
    "refunded",
    "cancelled",
    "pending",
    "test",
    "deleted",
)
PLATFORMS = {
    "medusa2": Platform(
        "postgres",
        ("counted", "partial", "refunded", "cancelled", "pending", "cart", "deleted"),
        "repeated_rows",
        medusa2,
        _medusa_id,
        zone_is_known=True,
    ),
    "saleor": Platform(
        "postgres",
        ("counted", "partial", "refunded", "cancelled", "pending", "cart"),
        "by_email",
        saleor,
        _id_or_email,
        zone_is_known=True,
        partial_refunds=False,
    ),
    "spree": Platform(
        "postgres",
        ("counted", "partial", "cancelled", "pending", "cart"),
        "by_email",
        spree,
        _id_or_email,
        partial_refunds=False,
    ),
    "odoo17": Platform(
        "postgres",
        ("counted", "cancelled", "pending"),
        "none",
        odoo17,
        _plain_id,
        conversion=True,
        only_with_orders=True,
        traceless=(),
    ),
    "shopify_fivetran": Platform(
        "postgres",
        SHOPIFY_FATES,
        "none",
        shopify_fivetran,
        _plain_id,
        partial_refunds=False,
        zone_is_known=True,
    ),
    "shopify_airbyte": Platform(
        "postgres",
        SHOPIFY_FATES,
        "none",
        shopify_airbyte,
        _plain_id,
        partial_refunds=False,
        zone_is_known=True,
    ),
}
