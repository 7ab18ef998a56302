"""Pull what changed in a WooCommerce shop into the guide's tables, by its REST API.

`python -m examples.woocommerce_pull`, with DATABASE_URL, WOOCOMMERCE_URL (https://shop.example.com),
WOOCOMMERCE_KEY and WOOCOMMERCE_SECRET, of a key that may read.
"""

import hashlib
import logging
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import dlt
from dlt.sources.helpers.requests import Request, Response
from dlt.sources.helpers.rest_client.paginators import BasePaginator
from dlt.sources.rest_api.typing import ClientConfig, Endpoint

from examples.pulling import Row, Slice, customers, instant, money, naive, orders, pull, setting

PAGE = int(setting("WOOCOMMERCE_PAGE", "100"))
SLICE_PAGES = int(setting("WOOCOMMERCE_SLICE_PAGES", "40"))
FIRST_GUEST_ID = 1 << 62
# The guide's words for WooCommerce's; anything else is not paid.
FINANCIAL_STATUSES = {
    "processing": "paid",
    "completed": "paid",
    "refunded": "refunded",
    "cancelled": "voided",
    "failed": "voided",
}


@dlt.source(name="woocommerce")
def woocommerce(part: Slice) -> Any:
    """Return a slice of the shop's orders, and who placed them.

    WooCommerce cannot tell which customers changed, so they are known from their orders.
    """
    changed = part.changes(
        woocommerce_client(), "changed_orders", endpoint(part), "date_modified_gmt"
    )
    return changed, customers(changed, customer_row), orders(changed, order_row)


def woocommerce_client() -> ClientConfig:
    """Say where the shop is, and who asks."""
    return {
        "base_url": f"{setting('WOOCOMMERCE_URL')}/wp-json/wc/v3/",
        "auth": {
            "type": "http_basic",
            "username": setting("WOOCOMMERCE_KEY"),
            "password": setting("WOOCOMMERCE_SECRET"),
        },
        "paginator": FromTheLastChange(),
    }


def endpoint(part: Slice) -> Endpoint:
    """Ask for what changed, the oldest change first."""
    return {
        "path": "orders",
        "params": {
            "per_page": PAGE,
            "orderby": "modified",
            "order": "asc",
            "dates_are_gmt": "true",
        },
        "data_selector": "$",
        "incremental": part.since("modified_after", before),
    }


class FromTheLastChange(BasePaginator):
    """Asks for what changed since the last order seen, instead of for the next page.

    An order that is changed while pages are read goes to the end, all others move up by one, and
    the first order of the next page would never be seen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.after: str | None = None
        self.page = 1

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        """Take the last order's second, or the next page where one second fills a page."""
        self._has_next_page = len(data or ()) >= PAGE
        if data:
            after = before(instant(data[-1]["date_modified_gmt"]))
            self.page = self.page + 1 if after == self.after else 1
            self.after = after

    def update_request(self, request: Request) -> None:
        """Ask on."""
        request.params |= {"modified_after": self.after, "page": self.page}  # type: ignore[operator]


def before(changed: datetime) -> str:
    """Write the second before: WooCommerce's `after` leaves out the very instant."""
    return (changed - timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S")


def customer_row(order: Row) -> Row | None:
    """Return a row of the guide's customers."""
    customer_id, billing = customer_id_of(order), order["billing"]
    if customer_id is None:
        return None
    return {
        "id": customer_id,
        "email": billing["email"] or None,
        "first_name": billing["first_name"],
        "last_name": billing["last_name"],
        "updated_at": naive(order["date_modified_gmt"]),
    }


def customer_id_of(order: Row) -> int | None:
    """Return the account's id, or for a guest the one that `python -m backend import` makes."""
    if order["customer_id"]:
        return int(order["customer_id"])
    email = order["billing"]["email"].strip().lower()
    return guest_id(email) if email else None


def guest_id(email: str) -> int:
    """Return 62 bits of a hash, above all ids of accounts."""
    digest = hashlib.blake2b(f"customer\x1f{email}".encode(), digest_size=8).digest()
    return FIRST_GUEST_ID | (int.from_bytes(digest, "big") >> 2)


def order_row(order: Row) -> Row:
    """Return a row of the guide's orders with its lines."""
    return {
        "id": order["id"],
        "customer_id": customer_id_of(order),
        "order_number": order["number"],
        "total_price": money(order["total"]),
        # Refunds are negative there.
        "refunded_amount": -sum((Decimal(each["total"]) for each in order["refunds"]), Decimal(0)),
        "created_at": naive(order["date_created_gmt"]),
        "updated_at": naive(order["date_modified_gmt"]),
        "financial_status": FINANCIAL_STATUSES.get(order["status"], "pending"),
        "fulfillment_status": "fulfilled" if order["status"] == "completed" else None,
        "line_items": [line_row(line, order["id"]) for line in order["line_items"]],
    }


def line_row(line: Row, order_id: int) -> Row:
    """Return a row of the guide's order lines; `price` is one piece's, after discounts."""
    return {
        "id": line["id"],
        "order_id": order_id,
        "product_id": line["product_id"],
        "product_title": line["name"],
        "quantity": line["quantity"],
        "price": money(line["price"]),
    }


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    pull("woocommerce_pull", woocommerce, SLICE_PAGES, datetime.now(UTC))
