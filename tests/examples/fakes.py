"""Shopify's and WooCommerce's APIs, as far as the pulls speak to them, on loopback."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from zoneinfo import ZoneInfo

from tests.shops import Row, Shop

TOKEN = "plain-token"
BASIC = "Basic " + base64.b64encode(b"ck_key:cs_secret").decode()
SHOPIFY_PATH = "/admin/api/2026-10/"
WOOCOMMERCE_PATH = "/wp-json/wc/v3/orders"
SHOP_ZONE = ZoneInfo("America/New_York")
WOOCOMMERCE_STATUSES = {"paid": "completed", "refunded": "refunded"}
Query = dict[str, str]


class Refused(Exception):
    """The API answers with an error."""

    def __init__(self, status: int, reason: str, **headers: str) -> None:
        super().__init__(reason)
        self.status = status
        self.headers = headers


@dataclass(slots=True)
class Answer:
    """A page, and the headers beside it."""

    items: list[Row]
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Fake:
    """A platform's customers and orders, what was asked of it, and what it gave."""

    customers: dict[int, Row]
    orders: dict[int, Row]
    address: str = ""
    sorts_as_asked: bool = True
    queries: list[Query] = field(default_factory=list)
    given: list[int] = field(default_factory=list)
    # What happens at the n-th request, before it is answered.
    happens: dict[int, Callable[[], None]] = field(default_factory=dict)

    def forget(self) -> None:
        """Begin to count anew."""
        self.queries.clear()
        self.given.clear()
        self.happens.clear()

    def answer(self, path: str, query: Query, headers: Any) -> Answer:
        """Answer a request."""
        raise NotImplementedError

    def changed(self, order_id: int, at: datetime, **values: Any) -> None:
        """Change an order."""
        raise NotImplementedError


class Shopify(Fake):
    """Pages by a cursor in the Link header; times in the shop's zone."""

    def answer(self, path: str, query: Query, headers: Any) -> Answer:
        if headers["X-Shopify-Access-Token"] != TOKEN:
            raise Refused(401, "Invalid API key or access token")
        kind = path.removeprefix(SHOPIFY_PATH).removesuffix(".json")
        if "page_info" in query and set(query) - {"page_info", "limit"}:
            raise Refused(400, "Filters cannot be passed when page_info is present")
        asked = json.loads(base64.b64decode(query.get("page_info", "e30="))) or query
        found = self._found(kind, asked)
        limit = int(query.get("limit", 50))
        page, rest = found[:limit], found[limit:]
        links = {"Link": self._link(path, asked, page[-1], limit)} if rest else {}
        return Answer(page, {kind: page}, links)

    def _found(self, kind: str, asked: Query) -> list[Row]:
        if asked.get("order") != "updated_at asc":
            raise Refused(400, "this fake sorts by updated_at asc")
        items = {"customers": self.customers, "orders": self.orders}[kind].values()
        since = datetime.fromisoformat(asked["updated_at_min"])
        after = tuple(asked.get("after", ("", 0)))
        return sorted(
            (
                item
                for item in items
                if datetime.fromisoformat(item["updated_at"]) >= since
                and _place(item) > after
                and (kind == "customers" or asked.get("status") == "any" or is_open(item))
            ),
            key=_place,
        )

    def _link(self, path: str, asked: Query, last: Row, limit: int) -> str:
        state = json.dumps({**asked, "after": _place(last)}).encode()
        query = urlencode({"limit": limit, "page_info": base64.b64encode(state).decode()})
        return f'<{self.address}{path}?{query}>; rel="next"'

    def changed(self, order_id: int, at: datetime, **values: Any) -> None:
        self.orders[order_id] |= {"updated_at": local(at), **values}


def _place(item: Row) -> tuple[str, int]:
    changed = datetime.fromisoformat(item["updated_at"]).astimezone(UTC)
    return changed.isoformat(), item["id"]


def is_open(order: Row) -> bool:
    """Whether Shopify gives the order to who names no status."""
    return order["cancelled_at"] is None and order["closed_at"] is None


class WooCommerce(Fake):
    """Pages by number, told in headers; times in UTC that do not say so."""

    def answer(self, path: str, query: Query, headers: Any) -> Answer:
        if headers["Authorization"] != BASIC:
            raise Refused(401, "woocommerce_rest_cannot_view")
        if path != WOOCOMMERCE_PATH:
            raise Refused(404, "rest_no_route")
        if (query["orderby"], query["order"], query["dates_are_gmt"]) != (
            "modified",
            "asc",
            "true",
        ):
            raise Refused(400, "this fake sorts by modified asc, in UTC")
        size, number = int(query.get("per_page", 10)), int(query.get("page", 1))
        if size > 100:
            raise Refused(400, "per_page must be between 1 and 100")
        found = [
            order
            for order in self.orders.values()
            if order["date_modified_gmt"] > query["modified_after"]
        ]
        found.sort(key=lambda order: (order["date_modified_gmt"], order["id"]))
        page = found[(number - 1) * size : number * size]
        total = {"X-WP-Total": str(len(found)), "X-WP-TotalPages": str(-(-len(found) // size))}
        return Answer(page, page, total)

    def changed(self, order_id: int, at: datetime, **values: Any) -> None:
        self.orders[order_id] |= {"date_modified_gmt": bare(at), **values}


def bare(instant: datetime) -> str:
    """Write a time in UTC that does not say so."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def local(instant: datetime) -> str:
    """Write a time in the shop's zone."""
    return instant.astimezone(SHOP_ZONE).isoformat(timespec="seconds")


def shopify_of(shop: Shop) -> Shopify:
    """Return a shop as Shopify would tell it."""
    return Shopify(
        {row["id"]: _shopify_customer(row) for row in shop.customers},
        {row["id"]: _shopify_order(row, line) for row, line in _with_lines(shop)},
    )


def _with_lines(shop: Shop) -> Iterator[tuple[Row, Row]]:
    return zip(shop.orders, shop.lines, strict=True)


def created(row: Row) -> datetime:
    """Return when a row was made."""
    instant: datetime = row["created_at"]
    return instant.replace(tzinfo=UTC)


def _shopify_customer(row: Row) -> Row:
    return {
        **row,
        "total_spent": "0.00",
        "orders_count": 0,
        "created_at": local(created(row)),
        "updated_at": local(created(row)),
    }


def _shopify_order(row: Row, line: Row) -> Row:
    refund = {"kind": "refund", "status": "success", "amount": str(row["total_price"])}
    is_refunded = row["financial_status"] == "refunded"
    return {
        "id": row["id"],
        "name": row["order_number"],
        "test": False,
        "customer": {"id": row["customer_id"]},
        "total_price": str(row["total_price"]),
        "refunds": [{"transactions": [refund]}] if is_refunded else [],
        "created_at": local(created(row)),
        "updated_at": local(created(row) + timedelta(hours=1)),
        "cancelled_at": None,
        "closed_at": local(created(row)) if row["id"] % 2 else None,
        "financial_status": row["financial_status"],
        "fulfillment_status": row["fulfillment_status"],
        "line_items": [
            {
                "id": line["id"],
                "product_id": line["product_id"],
                "title": line["product_title"],
                "quantity": line["quantity"],
                "price": str(line["price"]),
                "vendor": line["vendor"],
            }
        ],
    }


def woocommerce_of(shop: Shop) -> WooCommerce:
    """Return a shop as WooCommerce would tell it; customer 7 orders as a guest."""
    people = {row["id"]: row for row in shop.customers}
    orders = {
        row["id"]: _woocommerce_order(row, line, people[row["customer_id"]])
        for row, line in _with_lines(shop)
    }
    return WooCommerce({}, orders)


def _woocommerce_order(row: Row, line: Row, person: Row) -> Row:
    refund = {"id": 1, "reason": "", "total": f"-{row['total_price']}"}
    return {
        "id": row["id"],
        "number": str(row["id"]),
        "status": WOOCOMMERCE_STATUSES[row["financial_status"]],
        "customer_id": 0 if person["id"] == 7 else person["id"],
        "billing": {
            # Guests type their address anew each time.
            "email": person["email"].upper() if row["id"] % 2 else person["email"],
            "first_name": person["first_name"],
            "last_name": person["last_name"],
        },
        "total": str(row["total_price"]),
        "refunds": [refund] if row["financial_status"] == "refunded" else [],
        "date_created_gmt": bare(created(row)),
        "date_modified_gmt": bare(created(row) + timedelta(hours=1)),
        "line_items": [
            {
                "id": line["id"],
                "product_id": line["product_id"],
                "name": line["product_title"],
                "quantity": line["quantity"],
                "price": float(line["price"] / Decimal(3)),
            }
        ],
    }


@contextmanager
def answering(fake: Fake) -> Iterator[Fake]:
    """Let a fake answer on a free port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(address.query).items()}
            fake.queries.append({"path": address.path, **query})
            try:
                fake.happens.get(len(fake.queries), lambda: None)()
                answer = fake.answer(address.path, query, self.headers)
            except Refused as error:
                self._send(error.status, {"errors": str(error)}, error.headers)
                return
            if not fake.sorts_as_asked:
                answer.items.reverse()
            if address.path.endswith(("orders", "orders.json")):
                fake.given += [item["id"] for item in answer.items]
            self._send(200, answer.body, answer.headers)

        def _send(self, status: int, body: Any, headers: dict[str, str]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
