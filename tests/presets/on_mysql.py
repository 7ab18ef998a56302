"""How the platforms on MySQL and MariaDB store an invented shop."""

import json
from decimal import Decimal
from typing import Any

from tests.presets.invented import InventedShop, Order, Person, Platform, Tables

BIG = 100_000
LIVE = bytes.fromhex("0FA91CE3E96A4BC2BE4BD9CE752C3425")
DRAFT = bytes.fromhex("11111111111111111111111111111111")
REGISTERED = "2023-06-01 00:00:00"


def _number(person: Person | None) -> int | None:
    return None if person is None else person.number


def _plain_id(person: Person) -> str:
    return str(person.number)


def _id_or_email(person: Person) -> str:
    return person.guest_id if person.guest else str(person.number)


def woocommerce(shop: InventedShop) -> Tables:
    """Write the analytics tables; refunds are rows of their own."""
    statuses = {
        "counted": ("wc-completed", "wc-processing"),
        "partial": ("wc-processing",),
        "refunded": ("wc-refunded",),
        "cancelled": ("wc-cancelled", "wc-failed", "trash"),
        "pending": ("wc-pending", "wc-on-hold"),
        "cart": ("auto-draft", "wc-checkout-draft"),
    }
    tables: Tables = {
        "wp_wc_customer_lookup": [
            {
                "customer_id": person.number,
                "user_id": None if person.guest else person.number + 7,
                "username": "",
                "first_name": person.first_name,
                "last_name": person.last_name,
                "email": person.email,
                "date_registered": None if person.guest else REGISTERED,
            }
            for person in shop.people
        ],
        "wp_wc_order_stats": [],
        "wp_wc_order_product_lookup": [],
        "wp_woocommerce_order_items": [],
    }
    for order in shop.orders:
        row = {
            "order_id": order.number,
            "parent_id": 0,
            "date_created": order.naive,
            "date_created_gmt": order.naive,
            "total_sales": order.total,
            "status": order.any_of(*statuses[order.fate]),
            "customer_id": _number(order.person) or 0,
        }
        tables["wp_wc_order_stats"].append(row)
        if order.refunded:
            half = order.refunded / 2
            for place, part in enumerate((half, order.refunded - half)):
                refund = {"order_id": BIG * (1 + place) + order.number, "parent_id": order.number}
                tables["wp_wc_order_stats"].append({**row, **refund, "total_sales": -part})
        tables["wp_woocommerce_order_items"].append(
            {
                "order_item_id": order.number,
                "order_item_name": "Tee",
                "order_item_type": "line_item",
                "order_id": order.number,
            }
        )
        tables["wp_wc_order_product_lookup"].append(
            {
                "order_item_id": order.number,
                "order_id": order.number,
                "product_id": order.number % 9,
                "product_qty": 2,
                "product_net_revenue": order.total,
            }
        )
    return tables


def woocommerce_hpos(shop: InventedShop) -> Tables:
    """Write the order storage; guests are known by their e-mail alone."""
    statuses = {
        "counted": ("wc-completed", "wc-processing"),
        "partial": ("wc-completed",),
        "refunded": ("wc-refunded",),
        "cancelled": ("wc-cancelled", "wc-failed"),
        "pending": ("wc-pending", "wc-on-hold"),
        "cart": ("auto-draft", "trash", "draft", "wc-checkout-draft"),
    }
    accounts = [person for person in shop.people if not person.guest]
    tables: Tables = {
        "wp_users": [
            {"ID": person.number, "user_email": person.email, "user_registered": REGISTERED}
            for person in accounts
        ],
        "wp_usermeta": [
            {"user_id": person.number, "meta_key": key, "meta_value": value}
            for person in accounts
            for key, value in (
                ("first_name", person.first_name),
                ("last_name", person.last_name),
                ("wp_capabilities", "x"),
            )
        ],
        "wp_wc_orders": [],
        "wp_wc_order_addresses": [],
        "wp_woocommerce_order_items": [],
        "wp_woocommerce_order_itemmeta": [],
    }
    for order in shop.orders:
        known = order.person is not None and not order.person.guest
        row = {
            "id": order.number,
            "status": order.any_of(*statuses[order.fate]),
            "currency": "EUR",
            "type": "shop_order",
            "total_amount": order.total,
            "customer_id": _number(order.person) if known else 0,
            "billing_email": order.email,
            "date_created_gmt": order.naive,
            "parent_order_id": 0,
        }
        tables["wp_wc_orders"].append(row)
        if order.refunded:
            refund = {
                "id": BIG + order.number,
                "status": "wc-completed",
                "type": "shop_order_refund",
                "total_amount": -order.refunded,
                "customer_id": None,
                "billing_email": None,
                "parent_order_id": order.number,
            }
            tables["wp_wc_orders"].append({**row, **refund})
        if order.person is not None:
            tables["wp_wc_order_addresses"].append(
                {
                    "order_id": order.number,
                    "address_type": "billing",
                    "first_name": order.person.first_name,
                    "last_name": order.person.last_name,
                }
            )
            gift = {"order_id": order.number, "address_type": "shipping"}
            tables["wp_wc_order_addresses"].append({**gift, "first_name": "Z", "last_name": "Z"})
        item = {"order_item_id": order.number, "order_id": order.number}
        tables["wp_woocommerce_order_items"].append(
            {**item, "order_item_name": "Tee", "order_item_type": "line_item"}
        )
        shipping = {"order_item_id": BIG + order.number, "order_id": order.number}
        tables["wp_woocommerce_order_items"].append(
            {**shipping, "order_item_name": "Flat", "order_item_type": "shipping"}
        )
        tables["wp_woocommerce_order_itemmeta"].append(
            {"order_item_id": BIG + order.number, "meta_key": "cost", "meta_value": "5"}
        )
        tables["wp_woocommerce_order_itemmeta"] += [
            {"order_item_id": order.number, "meta_key": key, "meta_value": value}
            for key, value in (
                ("_product_id", str(order.number % 9)),
                ("_qty", "2"),
                ("_line_total", str(order.total)),
            )
        ]
    return tables


def magento2(shop: InventedShop) -> Tables:
    """Write base amounts beside what was paid and refunded."""
    states = {
        "counted": ("complete", "processing"),
        "partial": ("processing", "complete"),
        "refunded": ("closed",),
        "cancelled": ("canceled",),
        "pending": ("pending_payment", "payment_review", "holded"),
        "cart": ("new",),
    }
    return {
        "customer_entity": [
            {
                "entity_id": person.number,
                "email": person.email,
                "firstname": person.first_name,
                "lastname": person.last_name,
                "created_at": REGISTERED,
            }
            for person in shop.people
            if not person.guest
        ],
        "sales_order": [
            {
                "entity_id": order.number,
                "state": order.any_of(*states[order.fate]),
                "status": "a custom one",
                "customer_id": _number(order.person)
                if order.person is not None and not order.person.guest
                else None,
                "customer_is_guest": int(order.person is None or order.person.guest),
                "base_grand_total": order.total,
                "base_total_paid": order.total,
                "base_total_refunded": order.total if order.fate == "refunded" else order.refunded,
                "increment_id": f"{order.number:09}",
                "customer_email": order.email or None,
                "customer_firstname": order.person and order.person.first_name,
                "customer_lastname": order.person and order.person.last_name,
                "created_at": order.naive,
            }
            for order in shop.orders
        ],
        "sales_order_item": [
            {
                "item_id": 2 * order.number + child,
                "order_id": order.number,
                "parent_item_id": 2 * order.number if child else None,
                "product_id": 10 + child,
                "name": "Tee",
                "qty_ordered": 2,
                "base_price": 0 if child else order.total / 2,
            }
            for order in shop.orders
            for child in (0, 1)
        ],
    }


def prestashop(shop: InventedShop) -> Tables:
    """Write foreign currencies, and a new customer row for each order of a guest."""
    states = {"counted": (2,), "refunded": (7,), "cancelled": (6, 8), "pending": (1,)}
    customers: list[dict[str, Any]] = []
    orders: list[dict[str, Any]] = []
    customers += [_ps_customer(one, one.number, guest=one.guest) for one in shop.people]
    for order in shop.orders:
        customer_id = _number(order.person) or 0
        if order.person is not None and order.number % 2 == 0:
            customer_id = BIG + order.number  # bought without logging in
            customers.append(_ps_customer(order.person, customer_id, guest=True))
        orders.append(
            {
                "id_order": order.number,
                "reference": f"R{order.number:08}",
                "id_customer": customer_id,
                "current_state": order.any_of(*states[order.fate]),
                "conversion_rate": order.rate,
                "total_paid_tax_incl": order.foreign_total,
                # A paid state is enough, and so is being valid in a state of the shop's own.
                "valid": int(order.fate == "counted" and order.number % 2 == 0),
                "date_add": order.naive,
            }
        )
    gone = Person(9_999, guest=False)
    customers.append({**_ps_customer(gone, gone.number, guest=False), "deleted": 1})
    orders.append({**orders[0], "id_order": BIG, "id_customer": gone.number})
    return {
        "ps_customer": customers,
        "ps_orders": orders,
        "ps_order_detail": [
            {
                "id_order_detail": order.number,
                "id_order": order.number,
                "product_id": order.number % 9,
                "product_name": "Mug",
                "product_quantity": 2,
                "unit_price_tax_incl": order.foreign_total / 2,
            }
            for order in shop.orders
        ],
        "ps_order_state": [
            {"id_order_state": state, "paid": int(state == 2), "shipped": 0}
            for state in (1, 2, 6, 7, 8)
        ],
        "ps_configuration": [
            {"id_configuration": place, "name": name, "value": str(state)}
            for place, (name, state) in enumerate(
                (("PS_OS_CANCELED", 6), ("PS_OS_REFUND", 7), ("PS_OS_ERROR", 8))
            )
        ],
        "ps_product": [{"id_product": number, "id_manufacturer": 4} for number in range(9)],
        "ps_manufacturer": [{"id_manufacturer": 4, "name": "Acme"}],
    }


def _ps_customer(person: Person, number: int, *, guest: bool) -> dict[str, Any]:
    return {
        "id_customer": number,
        "email": person.email.upper() if number > BIG else person.email,
        "firstname": person.first_name,
        "lastname": person.last_name,
        "is_guest": int(guest),
        "deleted": 0,
        "date_add": REGISTERED,
    }


def opencart(shop: InventedShop) -> Tables:
    """Write numbered statuses; 0 is an abandoned checkout."""
    statuses = {
        "counted": (2, 3, 5, 15),
        "refunded": (11, 13),
        "cancelled": (7, 16),
        "pending": (1, 8),
        "cart": (0,),
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
            for person in shop.people
            if not person.guest
        ],
        "oc_order": [
            {
                "order_id": order.number,
                "customer_id": 0
                if order.person is None or order.person.guest
                else order.person.number,
                "firstname": "F",
                "lastname": "L",
                "email": order.email,
                "total": order.total,
                "order_status_id": order.any_of(*statuses[order.fate]),
                "currency_code": "EUR",
                "currency_value": Decimal("1.1"),
                "date_added": order.naive,
            }
            for order in shop.orders
        ],
        "oc_order_product": [
            {
                "order_product_id": order.number,
                "order_id": order.number,
                "product_id": order.number % 9,
                "name": "Mac",
                "quantity": 1,
                "price": order.total,
            }
            for order in shop.orders
        ],
        "oc_product": [{"product_id": number, "manufacturer_id": 1} for number in range(9)],
        "oc_manufacturer": [{"manufacturer_id": 1, "name": "Acme"}],
    }


def _bytes(number: int) -> bytes:
    return number.to_bytes(16, "big")


SHOPWARE_STATES = {
    "counted": (1, 6),
    "partial": (2,),
    "refunded": (3,),
    "cancelled": (4, 7),
    "pending": (5,),
}
SHIRT, SHIRT_IN_RED, ACME, FRENCH = 55, 56, 66, 77
SHOPWARES_OWN_LANGUAGE = bytes.fromhex("2FBB5FE2E29A4D70AA5854CE7CE3E20B")


def shopware6(shop: InventedShop) -> Tables:
    """Write binary ids, a draft version of every third order, and two transactions of each."""
    names = (
        "paid",
        "refunded_partially",
        "refunded",
        "cancelled",
        "open",
        "paid_partially",
        "failed",
    )
    tables: Tables = {
        "customer": [],
        "order": [],
        "order_customer": [],
        "order_transaction": [],
        "order_line_item": [],
        "state_machine_state": [
            {"id": _bytes(state), "technical_name": name} for state, name in enumerate(names, 1)
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
            {"product_manufacturer_id": _bytes(ACME), "language_id": language, "name": name}
            for language, name in ((SHOPWARES_OWN_LANGUAGE, "Acme"), (_bytes(FRENCH), "Acmé"))
        ],
    }
    for person in shop.people:
        tables["customer"].append(_sw_customer(person, person.number, guest=person.guest))
    for order in shop.orders:
        if order.person is None:
            continue
        customer = order.person.number
        if order.number % 2 == 0:
            customer = BIG + order.number
            tables["customer"].append(_sw_customer(order.person, customer, guest=True))
        for version in (LIVE, DRAFT)[: 2 if order.number % 3 == 0 else 1]:
            _sw_order(tables, order, customer, version)
    return tables


def _sw_customer(person: Person, number: int, *, guest: bool) -> dict[str, Any]:
    return {
        "id": _bytes(number),
        "email": person.email,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "guest": int(guest),
        "created_at": REGISTERED,
    }


def _sw_order(tables: Tables, order: Order, customer: int, version: bytes) -> None:
    key = {"order_id": _bytes(order.number), "order_version_id": version, "version_id": version}
    tables["order"].append(
        {
            "id": _bytes(order.number),
            "version_id": version,
            "state_id": _bytes(1),
            "order_number": str(10_000 + order.number),
            "currency_factor": order.rate,
            "order_date_time": order.naive,
            "price": json.dumps({"totalPrice": float(order.foreign_total) - (version == DRAFT)}),
        }
    )
    tables["order_customer"].append(
        {"id": _bytes(order.number), **key, "customer_id": _bytes(customer), "email": order.email}
    )
    last = order.any_of(*SHOPWARE_STATES[order.fate]) if version == LIVE else 3
    for place, state in enumerate((5, last)):
        tables["order_transaction"].append(
            {
                "id": _bytes(2 * order.number + place),
                **key,
                "state_id": _bytes(state),
                "created_at": f"2026-01-0{1 + place} 0{int(version == DRAFT)}:00:00",
            }
        )
    tables["order_line_item"] += [
        {
            "id": _bytes(2 * order.number + place),
            **key,
            "product_id": _bytes(SHIRT_IN_RED) if kind == "product" else None,
            "label": label,
            "quantity": 2,
            "type": kind,
            "unit_price": float(order.foreign_total) / 2,
        }
        for place, (label, kind) in enumerate((("Shirt", "product"), ("-10 %", "promotion")))
    ]


def sylius(shop: InventedShop) -> Tables:
    """Write minor units; carts share the table."""
    states = {
        "counted": ("paid", "partially_paid"),
        "partial": ("partially_refunded",),
        "refunded": ("refunded",),
        "cancelled": ("cancelled",),
        "pending": ("awaiting_payment",),
        # Payment may come before the last step of the checkout.
        "cart": ("cart", "paid"),
    }
    return {
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
        "sylius_order": [
            {
                "id": order.number,
                "customer_id": _number(order.person),
                "number": None if order.fate == "cart" else f"{order.number:09}",
                "checkout_completed_at": order.naive,
                "total": order.cents,
                "currency_code": "USD",
                "checkout_state": "cart" if order.fate == "cart" else "completed",
                "payment_state": order.any_of(*states[order.fate]),
            }
            for order in shop.orders
        ],
        "sylius_order_item": [
            {
                "id": order.number,
                "order_id": order.number,
                "variant_id": 9,
                "quantity": 2,
                "total": order.cents,
                "product_name": "Mug",
            }
            for order in shop.orders
        ],
        "sylius_product_variant": [{"id": 9, "product_id": 77}],
    }


def _sw_id(person: Person) -> str:
    return _bytes(person.number).hex()


PLATFORMS = {
    "woocommerce": Platform(
        "mysql",
        ("counted", "partial", "refunded", "cancelled", "pending", "cart"),
        "own_row",
        woocommerce,
        _plain_id,
        zone_is_known=True,
    ),
    "woocommerce_hpos": Platform(
        "mysql",
        ("counted", "partial", "refunded", "cancelled", "pending", "cart"),
        "by_email",
        woocommerce_hpos,
        _id_or_email,
        zone_is_known=True,
    ),
    "magento2": Platform(
        "mysql",
        ("counted", "partial", "refunded", "cancelled", "pending", "cart"),
        "by_email",
        magento2,
        _id_or_email,
        zone_is_known=True,
        traceless=(),
    ),
    "prestashop": Platform(
        "mysql",
        ("counted", "refunded", "cancelled", "pending"),
        "repeated_rows",
        prestashop,
        _plain_id,
        conversion=True,
    ),
    "opencart": Platform(
        "mysql",
        ("counted", "refunded", "cancelled", "pending", "cart"),
        "by_email",
        opencart,
        _id_or_email,
    ),
    "shopware6": Platform(
        "mysql",
        ("counted", "partial", "refunded", "cancelled", "pending"),
        "repeated_rows",
        shopware6,
        _sw_id,
        partial_refunds=False,
        conversion=True,
        zone_is_known=True,
    ),
    "sylius": Platform(
        "mysql",
        ("counted", "partial", "refunded", "cancelled", "pending", "cart"),
        "none",
        sylius,
        _plain_id,
        partial_refunds=False,
    ),
}
