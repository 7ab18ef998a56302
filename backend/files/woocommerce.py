"""WooCommerce's order export: one line per order with packed items, or one line per item.

WooCommerce itself exports no orders; this reads what its export extensions write, by the names
that they share: `order_id`, `status`, `order_total`, `billing_email`, a date, and items as
`line_items`, as `line_item_1` onwards, or as `item_…` columns with the order's fields repeated.
"""

from collections.abc import Iterator
from itertools import groupby
from zoneinfo import ZoneInfo

from backend.files import values
from backend.files.plain import TEXT_LENGTHS
from backend.files.records import Item, Line, Record, Rejected, Row, ShopTerms
from backend.files.values import NotThat

REQUIRED = ("order_id", "status", "order_total", "billing_email")
DATES = ("date", "order_date", "date_created")
STATUSES = {
    "completed": "paid",
    "processing": "paid",
    "pending": "pending",
    "on-hold": "pending",
    "cancelled": "voided",
    "failed": "voided",
    "refunded": "refunded",
}


def read_woocommerce(lines: Iterator[Line], shop: ShopTerms) -> Iterator[Item]:
    """Put the lines of each order together; what was refunded is subtracted from the total."""
    for order_id, group in groupby(lines, key=lambda line: line.get("order_id")):
        found = list(group)
        try:
            yield from _order(order_id, found, shop)
        except NotThat as problem:
            for line in found:
                yield Rejected(line.number, str(problem), line.fields)


def _order(order_id: str, lines: list[Line], shop: ShopTerms) -> Iterator[Item]:
    first = lines[0]
    shop.currency.check("order_currency", first.get("order_currency", "currency"))
    number = values.whole_number("order_id", order_id)
    order = _row(number, first, shop.zone)
    customer = _customer(first, order)
    if customer is not None:
        yield Record("customers", customer, is_hint=True)
        order["customer_id"] = customer["id"]
    yield Record("orders", order, is_whole=True)
    for place, item in enumerate(_items(lines)):
        yield _item(number, place, first.number, item)


def _row(number: int, line: Line, zone: ZoneInfo) -> Row:
    total = values.amount("order_total", line.get("order_total"))
    if refunded := line.get("refunded_total", "order_refunded_total"):
        total -= abs(values.amount("refunded_total", refunded))
    status = line.get("status").lower().removeprefix("wc-")
    return {
        "id": number,
        "customer_id": None,
        "order_number": line.get("order_number_formatted", "order_number", "order_id")[:50],
        "total_price": total,
        "created_at": values.instant("date", line.get(*DATES), zone),
        "financial_status": STATUSES.get(status, status)[:50] or None,
        "fulfillment_status": None,
    }


def _customer(line: Line, order: Row) -> Row | None:
    known = line.get("customer_id", "customer_user")
    email = line.get("billing_email", "customer_email")
    account = values.whole_number("customer_id", known) if known else 0
    if not account and not email:
        return None
    cleaned = values.email("billing_email", email) if email else None
    return {
        "id": account or values.made_id("customer", cleaned),
        "email": cleaned,
        "first_name": line.get("billing_first_name")[: TEXT_LENGTHS["first_name"]] or None,
        "last_name": line.get("billing_last_name")[: TEXT_LENGTHS["last_name"]] or None,
        "created_at": order["created_at"],
    }


def _items(lines: list[Line]) -> Iterator[dict[str, str]]:
    for line in lines:
        if line.get("item_id", "item_name"):
            yield {
                name.removeprefix("item_"): value.strip()
                for name, value in line.fields.items()
                if name.startswith("item_")
            }
        packed = [value for name, value in line.fields.items() if _holds_items(name)]
        for text in ";".join(packed).split(";"):
            if ":" in text:
                pairs = (part.partition(":") for part in text.split("|"))
                yield {name.strip(): value.strip() for name, _, value in pairs}


def _holds_items(column: str) -> bool:
    return column == "line_items" or column.removeprefix("line_item_").isdecimal()


def _item(order_id: int, place: int, line: int, item: dict[str, str]) -> Item:
    title = item.get("name", "")
    product = item.get("product_id", "")
    try:
        quantity = values.count("quantity", item.get("quantity") or "1")
        total = values.amount("total", item.get("total") or item.get("subtotal") or "0")
        return Record(
            "line_items",
            {
                "id": values.made_id("item", order_id, place),
                "order_id": order_id,
                "product_id": values.whole_number("product_id", product)
                if product
                else values.made_id("product", item.get("sku") or title),
                "product_title": title[: TEXT_LENGTHS["product_title"]] or None,
                "quantity": quantity,
                "price": (total / max(quantity, 1)).quantize(values.CENT),
                "vendor": None,
            },
        )
    except NotThat as problem:
        return Rejected(line, str(problem), item)
