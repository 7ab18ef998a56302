"""Shopify's orders export: one line per item, the order's own fields on its first line only."""

from collections.abc import Iterator
from decimal import Decimal

from backend.files import values
from backend.files.formats.order_rows import ItemRead, OrderRead, orders_by
from backend.files.formats.table_format import Format
from backend.files.formats.terms import Terms, sign_beside
from backend.files.people import PersonRead
from backend.files.records import Item, Line
from backend.files.values import NotThat

# What shops call a gift card, in five languages.
GIFT_CARDS = (
    "gift card",
    "giftcard",
    "gift voucher",
    "gutschein",
    "geschenkkarte",
    "carte cadeau",
    "chèque cadeau",
    "tarjeta regalo",
    "tarjeta de regalo",
    "carta regalo",
    "buono regalo",
)
ZERO = Decimal(0)


def read_shopify(lines: Iterator[Line], terms: Terms) -> Iterator[Item]:
    """Put the lines of each order together.

    Of the total is subtracted what was refunded, what is outstanding of an order that is paid in
    part, and what bought gift cards: those count when they are spent. A cancelled order is voided.
    An order without an Id, as old exports have it, gets one of its name. Items have no id in the
    file: they get one of the order and their place.
    """
    return orders_by("name", lines, _order, terms)


def _order(lines: list[Line], terms: Terms) -> OrderRead:
    first = lines[0]
    name = first.get("name")
    if not name:
        raise NotThat("Name", "", "an order's name")
    return OrderRead(
        line=first.number,
        key=_key(first, name),
        number=name,
        total=_total(lines, terms),
        currency=first.get("currency") or sign_beside(first.cell("total")),
        created=terms.moment("Created at", first.cell("created at")),
        status="voided" if first.get("cancelled at") else first.get("financial status"),
        fulfillment=first.get("fulfillment status"),
        person=_person(first),
        items=[_item(line) for line in lines],
    )


def _key(line: Line, name: str) -> int | str:
    """Return the order's Id; its name where there is none, or a spreadsheet program rounded it."""
    try:
        return values.key("Id", line.cell("id"))
    except NotThat:
        return name


def _total(lines: list[Line], terms: Terms) -> Decimal:
    first = lines[0]
    paid = terms.amount("Total", first.cell("total")) - _given(first, "refunded amount", terms)
    if first.get("financial status").lower() == "partially_paid":
        paid -= _given(first, "outstanding balance", terms)
    gifts = sum((_gift_card(line, terms) for line in lines), ZERO)
    return paid - max(min(gifts, paid), ZERO)


def _given(line: Line, column: str, terms: Terms) -> Decimal:
    cell = line.cell(column)
    return ZERO if cell == "" else abs(terms.amount(column.title(), cell))


def _gift_card(line: Line, terms: Terms) -> Decimal:
    """Return what a line pays for a gift card; 0 where it is none, or says nothing readable."""
    title = line.get("lineitem name").casefold()
    is_sent = line.get("lineitem requires shipping").casefold() == "true"
    if is_sent or not any(word in title for word in GIFT_CARDS):
        return ZERO
    try:
        price = terms.amount("Lineitem price", line.cell("lineitem price"))
        pieces = values.count("Lineitem quantity", line.cell("lineitem quantity"))
        return price * pieces - _given(line, "lineitem discount", terms)
    except NotThat:
        return ZERO


def _person(line: Line) -> PersonRead:
    return PersonRead(
        email=line.get("email"),
        phone=line.get("phone", "billing phone", "shipping phone"),
        country=line.get("billing country", "shipping country"),
        name=line.get("billing name", "shipping name"),
    )


def _item(line: Line) -> ItemRead:
    title = line.get("lineitem name")
    return ItemRead(
        line=line.number,
        product=line.get("lineitem sku") or title,
        title=title,
        quantity=line.cell("lineitem quantity"),
        price=line.cell("lineitem price"),
        vendor=line.get("vendor"),
        fields=line.fields,
    )


SHOPIFY = Format(
    name="Shopify's orders export",
    origin="shopify",
    table="orders",
    required=("name", "email", "financial status", "created at", "total", "lineitem quantity"),
    dates=("created at", "paid at", "cancelled at"),
    amounts=(
        "total",
        "refunded amount",
        "outstanding balance",
        "subtotal",
        "taxes",
        "shipping",
        "lineitem price",
        "lineitem discount",
    ),
    currencies=("currency",),
    read=read_shopify,
)
