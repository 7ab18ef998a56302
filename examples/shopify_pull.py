"""Pull what changed in a Shopify shop into the guide's tables, by its Admin REST API.

`python -m examples.shopify_pull`, with DATABASE_URL, SHOPIFY_URL (https://name.myshopify.com) and
SHOPIFY_TOKEN, of an app that may read customers and all orders.
"""

import logging
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import dlt
from dlt.sources.rest_api.typing import ClientConfig, Endpoint

from examples.pulling import Row, Slice, customers, money, naive, orders, pull, setting

PAGE = int(setting("SHOPIFY_PAGE", "250"))
SLICE_PAGES = int(setting("SHOPIFY_SLICE_PAGES", "40"))


@dlt.source(name="shopify")
def shopify(part: Slice) -> Any:
    """Return a slice of the shop's customers and orders."""
    client = shopify_client()
    asked = endpoint("customers", part)
    people = part.changes(client, "changed_customers", asked, "updated_at")
    # Without a status, Shopify leaves closed and cancelled orders out.
    asked = endpoint("orders", part, status="any")
    bought = part.changes(client, "changed_orders", asked, "updated_at")
    return people, customers(people, customer_row), bought, orders(bought, order_row)


def shopify_client() -> ClientConfig:
    """Say where the shop is, and who asks."""
    version = setting("SHOPIFY_API_VERSION", "2026-10")
    return {
        "base_url": f"{setting('SHOPIFY_URL')}/admin/api/{version}/",
        "auth": {
            "type": "api_key",
            "name": "X-Shopify-Access-Token",
            "api_key": setting("SHOPIFY_TOKEN"),
            "location": "header",
        },
        # The link to the next page holds all it needs; Shopify refuses other filters beside it.
        "paginator": "header_link",
    }


def endpoint(name: str, part: Slice, **filters: str) -> Endpoint:
    """Ask for what changed, the oldest change first."""
    return {
        "path": f"{name}.json",
        "params": {"limit": PAGE, "order": "updated_at asc", **filters},
        "data_selector": name,
        "incremental": part.since("updated_at_min", lambda instant: instant.isoformat()),
    }


def customer_row(person: Row) -> Row:
    """Return a row of the guide's customers; an app without access to names sees none."""
    return {
        "id": person["id"],
        "email": person.get("email"),
        "first_name": person.get("first_name"),
        "last_name": person.get("last_name"),
        "total_spent": money(person.get("total_spent")),
        "orders_count": person.get("orders_count"),
        "created_at": naive(person["created_at"]),
        "updated_at": naive(person["updated_at"]),
    }


def order_row(order: Row) -> Row | None:
    """Return a row of the guide's orders with its lines; trial orders have none."""
    if order["test"]:
        return None
    return {
        "id": order["id"],
        # An order taken at the till may belong to nobody.
        "customer_id": (order["customer"] or {}).get("id"),
        "order_number": order["name"],
        "total_price": money(order["total_price"]),
        "refunded_amount": refunded(order),
        "created_at": naive(order["created_at"]),
        "updated_at": naive(order["updated_at"]),
        # A cancelled order may still be called paid.
        "financial_status": "voided" if order["cancelled_at"] else order["financial_status"],
        "fulfillment_status": order["fulfillment_status"],
        "line_items": [line_row(line, order["id"]) for line in order["line_items"]],
    }


def refunded(order: Row) -> Decimal:
    """Sum what was paid back."""
    return sum(
        (
            Decimal(payment["amount"])
            for refund in order["refunds"]
            for payment in refund["transactions"]
            if payment["kind"] == "refund" and payment["status"] == "success"
        ),
        Decimal(0),
    )


def line_row(line: Row, order_id: int) -> Row:
    """Return a row of the guide's order lines."""
    return {
        "id": line["id"],
        "order_id": order_id,
        "product_id": line["product_id"],
        "product_title": line["title"],
        "quantity": line["quantity"],
        "price": money(line["price"]),
        "vendor": line["vendor"],
    }


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    pull("shopify_pull", shopify, SLICE_PAGES, datetime.now(UTC))
