"""WooCommerce's order export: one line per order with packed items, or one line per item.

WooCommerce itself exports no orders; this reads what its export extensions write, by the names
that they share: `order_id`, `status`, `order_total`, `billing_email`, a date, and items as
`line_items`, as `line_item_1` onwards, or as `item_…` columns with the order's fields repeated.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

from backend.files import values
from backend.files.formats.order_rows import ItemRead, OrderRead, orders_by
from backend.files.formats.table_format import Format
from backend.files.formats.terms import Terms, sign_beside
from backend.files.people import PersonRead
from backend.files.records import Cell, Item, Line, as_text
from backend.files.values import NotThat

DATES = ("date", "order_date", "date_created")
REFUNDS = ("refunded_total", "order_refunded_total")
CURRENCIES = ("order_currency", "currency")
STATUSES = {
    "completed": "paid",
    "processing": "paid",
    "pending": "pending",
    "on-hold": "pending",
    "cancelled": "voided",
    "failed": "voided",
    "refunded": "refunded",
}
# One of the refunds that are packed into a field: amount:20.00|reason:|date:2026-02-10
PACKED_REFUND = re.compile(r"(?:^|[;|])\s*amount:([^|;]*)")
ZERO = Decimal(0)


def read_woocommerce(lines: Iterator[Line], terms: Terms) -> Iterator[Item]:
    """Put the lines of each order together; what was refunded is subtracted from the total."""
    return orders_by("order_id", lines, _order, terms)


def _order(lines: list[Line], terms: Terms) -> OrderRead:
    first = lines[0]
    status = first.get("status").lower().removeprefix("wc-")
    return OrderRead(
        line=first.number,
        key=values.key("order_id", first.cell("order_id")),
        number=first.get("order_number_formatted", "order_number", "order_id"),
        total=terms.amount("order_total", first.cell("order_total")) - _refunded(first, terms),
        currency=first.get(*CURRENCIES) or sign_beside(first.cell("order_total")),
        created=terms.moment("date", first.cell(*DATES)),
        status=STATUSES.get(status, status),
        fulfillment="",
        person=_person(first),
        items=list(_items(lines, terms)),
    )


def _refunded(line: Line, terms: Terms) -> Decimal:
    """Return what was given back: said as a sum, or as a list of refunds; the larger of both."""
    cell = line.cell(*REFUNDS)
    total = ZERO if cell == "" else abs(terms.amount("refunded_total", cell))
    listed = PACKED_REFUND.findall(line.get("refund_items"))
    return max(total, sum((abs(terms.amount("refund_items", one)) for one in listed), ZERO))


def _person(line: Line) -> PersonRead:
    return PersonRead(
        email=line.get("billing_email", "customer_email"),
        phone=line.get("billing_phone"),
        country=line.get("billing_country"),
        platform_id=line.get("customer_id", "customer_user"),
        first_name=line.get("billing_first_name"),
        last_name=line.get("billing_last_name"),
    )


def _items(lines: list[Line], terms: Terms) -> Iterator[ItemRead]:
    for line in lines:
        if line.get("item_id", "item_name"):
            fields = {
                name.removeprefix("item_"): value
                for name, value in line.fields.items()
                if name.startswith("item_")
            }
            yield _item(line.number, fields, terms)
        packed = [as_text(value) for name, value in line.fields.items() if _holds_items(name)]
        for text in ";".join(packed).split(";"):
            if ":" in text:
                pairs = (part.partition(":") for part in text.split("|"))
                unpacked = {name.strip(): value.strip() for name, _, value in pairs}
                yield _item(line.number, unpacked, terms)


def _holds_items(column: str) -> bool:
    return column == "line_items" or column.removeprefix("line_item_").isdecimal()


def _item(line: int, fields: Mapping[str, Cell], terms: Terms) -> ItemRead:
    item = Line(line, fields)
    quantity = item.cell("quantity") or "1"
    return ItemRead(
        line=line,
        product=item.get("product_id", "sku", "name"),
        title=item.get("name"),
        quantity=quantity,
        price=_price(item.cell("total", "subtotal", "sub_total"), quantity, terms),
        fields=fields,
    )


def _price(total: Cell, quantity: Cell, terms: Terms) -> Cell:
    """Return the price of one piece; what cannot be read is handed on, and refused there."""
    try:
        pieces = max(values.count("quantity", quantity), 1)
        return ZERO if total == "" else terms.amount("total", total) / pieces
    except NotThat:
        return total


WOOCOMMERCE = Format(
    name="WooCommerce's order export",
    origin="woocommerce",
    table="orders",
    required=("order_id", "status", "order_total", "billing_email"),
    dates=DATES,
    amounts=(
        "order_total",
        *REFUNDS,
        "order_subtotal",
        "shipping_total",
        "item_total",
        "item_price",
    ),
    currencies=CURRENCIES,
    read=read_woocommerce,
)
