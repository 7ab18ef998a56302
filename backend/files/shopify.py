"""Shopify's orders export: one line per item, the order's own fields on its first line only."""

from collections.abc import Iterator
from itertools import groupby
from zoneinfo import ZoneInfo

from backend.files import values
from backend.files.plain import TEXT_LENGTHS
from backend.files.records import Item, Line, Record, Rejected, Row, ShopTerms
from backend.files.values import NotThat

REQUIRED = ("name", "email", "financial status", "created at", "total", "lineitem quantity")


def read_shopify(lines: Iterator[Line], shop: ShopTerms) -> Iterator[Item]:
    """Put the lines of each order together.

    A partial refund is subtracted from the total; a cancelled order is voided. An order without
    an Id, as old exports have it, gets one of its name. Items have no id in the file: they get
    one of the order and their place.
    """
    for name, group in groupby(lines, key=lambda line: line.get("name")):
        found = list(group)
        try:
            yield from _order(name, found, shop)
        except NotThat as problem:
            for line in found:
                yield Rejected(line.number, str(problem), line.fields)


def _order(name: str, lines: list[Line], shop: ShopTerms) -> Iterator[Item]:
    first = lines[0]
    shop.currency.check("Currency", first.get("currency"))
    if not name:
        raise NotThat("Name is empty")
    order_id = (
        values.whole_number("Id", first.get("id"))
        if first.get("id")
        else values.made_id("order", name)
    )
    customer = _customer(first, shop.zone)
    order = _row(order_id, name, first, shop.zone)
    if customer is not None:
        yield Record("customers", customer, is_hint=True)
        order["customer_id"] = customer["id"]
    yield Record("orders", order, is_whole=True)
    for place, line in enumerate(lines):
        yield _item(order_id, place, line)


def _row(order_id: int, name: str, line: Line, zone: ZoneInfo) -> Row:
    total = values.amount("Total", line.get("total"))
    if refunded := line.get("refunded amount"):
        total -= values.amount("Refunded Amount", refunded)
    status = "voided" if line.get("cancelled at") else line.get("financial status").lower()
    return {
        "id": order_id,
        "customer_id": None,
        "order_number": name[: TEXT_LENGTHS["order_number"]],
        "total_price": total,
        "created_at": values.instant("Created at", line.get("created at"), zone),
        "financial_status": status[: TEXT_LENGTHS["financial_status"]] or None,
        "fulfillment_status": line.get("fulfillment status")[:50] or None,
    }


def _customer(line: Line, zone: ZoneInfo) -> Row | None:
    if not line.get("email"):
        return None
    email = values.email("Email", line.get("email"))
    first_name, _, last_name = line.get("billing name", "shipping name").partition(" ")
    return {
        "id": values.made_id("customer", email),
        "email": email,
        "first_name": first_name[: TEXT_LENGTHS["first_name"]] or None,
        "last_name": last_name[: TEXT_LENGTHS["last_name"]] or None,
        "created_at": values.instant("Created at", line.get("created at"), zone),
    }


def _item(order_id: int, place: int, line: Line) -> Item:
    title = line.get("lineitem name")
    try:
        return Record(
            "line_items",
            {
                "id": values.made_id("item", order_id, place),
                "order_id": order_id,
                # The export names the product, not its id.
                "product_id": values.made_id("product", line.get("lineitem sku") or title),
                "product_title": title[: TEXT_LENGTHS["product_title"]] or None,
                "quantity": values.count("Lineitem quantity", line.get("lineitem quantity")),
                "price": values.amount("Lineitem price", line.get("lineitem price") or "0"),
                "vendor": line.get("vendor")[: TEXT_LENGTHS["vendor"]] or None,
            },
        )
    except NotThat as problem:
        return Rejected(line.number, str(problem), line.fields)
