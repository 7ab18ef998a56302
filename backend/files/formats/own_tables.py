"""Tables of one's own making: the guide's columns, or any that are called what people call them."""

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import groupby
from types import MappingProxyType

from backend.files import values
from backend.files.formats.order_rows import (
    ItemRead,
    OrderRead,
    cut,
    order_or_refused,
    product_number,
    rows_or_refused,
)
from backend.files.formats.table_format import Format
from backend.files.formats.terms import Terms, sign_beside
from backend.files.people import PersonRead, clean_email, identified
from backend.files.records import Cell, Cost, Item, Line, Rejected, Row, TableName
from backend.files.values import NotThat

ZERO = Decimal(0)
A_REFUND = "a refund, subtracted from its order"
ITEM_COLUMNS = ("product_id", "product_title", "quantity", "price")


def read_own_orders(lines: Iterator[Line], terms: Terms) -> Iterator[Item]:
    """Put the lines of each order together; one line each where no line names a product.

    Refunds are a column, or lines below zero that name the order: its own id again, or that in
    `refund_of`, with an id of their own.
    """
    for _, group in groupby(lines, key=lambda line: line.get("order_id")):
        found = []
        for line in group:
            if gives_back_of_itself(line, terms):
                yield Rejected(line.number, A_REFUND, kind=A_REFUND, cost=Cost.NOTHING)
            else:
                found.append(line)
        if found:
            yield from order_or_refused(found, _order, terms)


def order_of(line: Line) -> int | str | None:
    """Return the id of the order that a line is of; None for no id."""
    try:
        return values.key("order_id", line.cell("order_id"))
    except NotThat:
        return None


def refunded_order(line: Line) -> int | str | None:
    """Return the id of another order that a line names as the one it gives back of, if any."""
    if line.get("refund_of") in {"", "0", line.get("order_id")}:
        return None
    return values.key("refund_of", line.cell("refund_of"))


def total_of(line: Line, terms: Terms) -> Decimal | None:
    """Return a line's total; None where it is no amount."""
    try:
        return terms.amount("total_price", line.cell("total_price"))
    except NotThat:
        return None


def gives_back_of_itself(line: Line, terms: Terms) -> bool:
    """Tell whether a line gives back of the order whose id it has."""
    if order_of(line) not in terms.refunds or line.get("refund_of") not in {
        "",
        line.get("order_id"),
    }:
        return False
    return (total_of(line, terms) or 0) < 0


def _order(lines: list[Line], terms: Terms) -> OrderRead:
    first = lines[0]
    key = values.key("order_id", first.cell("order_id", "order_number"))
    has_items = any(first.get(column) for column in ITEM_COLUMNS)
    total = _total(lines, terms)
    return OrderRead(
        line=first.number,
        key=key,
        number=first.get("order_number", "order_id"),
        total=total,
        currency=first.get("currency") or sign_beside(first.cell("total_price", "price")),
        created=terms.moment("created_at", first.cell("created_at")),
        status=first.get("financial_status"),
        fulfillment=first.get("fulfillment_status"),
        person=_person(first),
        items=[_item(line) for line in lines] if has_items else (),
        refund_of=refunded_order(first) if total < 0 else None,
    )


def _total(lines: list[Line], terms: Terms) -> Decimal:
    """Return the total that every line of an order repeats, less what was given back.

    Where no column says it, it is what the lines add up to.
    """
    if "total_price" not in lines[0].fields:
        return sum((_worth(line, terms) for line in lines), ZERO)
    totals = {terms.amount("total_price", line.cell("total_price")) for line in lines}
    if len(totals) > 1:
        said = " and ".join(str(one) for one in sorted(totals)[:2])
        raise NotThat("total_price", said, "one total on every line of an order")
    refunded = lines[0].cell("refunded_amount")
    given = ZERO if refunded == "" else abs(terms.amount("refunded_amount", refunded))
    return totals.pop() - given


def _worth(line: Line, terms: Terms) -> Decimal:
    pieces = terms.amount("quantity", line.cell("quantity"))
    return (terms.amount("price", line.cell("price")) * pieces).quantize(values.CENT)


def _person(line: Line) -> PersonRead:
    return PersonRead(
        email=line.get("email"),
        phone=line.get("phone"),
        country=_country(line.get("country")),
        platform_id=line.get("customer_id"),
        first_name=line.get("first_name"),
        last_name=line.get("last_name"),
        name=line.get("name"),
    )


def _country(text: str) -> str:
    return text if len(text) == 2 else ""  # a country's two letters


def _item(line: Line) -> ItemRead:
    return ItemRead(
        line=line.number,
        product=line.get("product_id", "product_title"),
        title=line.get("product_title"),
        quantity=line.cell("quantity") or "1",
        price=line.cell("price"),
        vendor=line.get("vendor"),
        fields=line.fields,
    )


def read_own_customers(lines: Iterator[Line], terms: Terms) -> Iterator[Item]:
    """Turn each line into a customer, known by the id that orders name."""
    return rows_or_refused("customers", lines, lambda line: _customer(line, terms))


def _customer(line: Line, terms: Terms) -> Row:
    person = _person(line)
    created, updated = (_instant(column, line, terms) for column in ("created_at", "updated_at"))
    return {
        "id": _customer_id(person),
        "email": clean_email(person.email),
        **person.names,
        "total_spent": _unless_empty(terms, "total_spent", line.cell("total_spent")),
        "orders_count": _count(line.cell("orders_count")),
        "created_at": created,
        "updated_at": updated,
    }


def _customer_id(person: PersonRead) -> int | str:
    if person.platform_id:
        return values.key("customer_id", person.platform_id)
    who = identified(person, lambda text: values.key("customer_id", text))
    if who is None:
        raise NotThat("customer_id", "", "an id, an e-mail or a phone")
    return who.id


def _instant(column: str, line: Line, terms: Terms) -> object:
    """Return a date of a customer's; none where it cannot be read: nothing is reckoned with it."""
    try:
        return terms.moment(column, line.cell(column)).in_utc(terms.zone)
    except NotThat:
        return None


def _unless_empty(terms: Terms, column: str, cell: Cell) -> Decimal | None:
    try:
        return None if cell == "" else terms.amount(column, cell)
    except NotThat:
        return None


def _count(cell: Cell) -> int | None:
    try:
        return None if cell == "" else values.count("orders_count", cell)
    except NotThat:
        return None


def read_own_lines(lines: Iterator[Line], terms: Terms) -> Iterator[Item]:
    """Turn each line into one of an order; without an id it gets one of the order and its place."""
    places: Counter[int] = Counter()
    return rows_or_refused("line_items", lines, lambda line: _own_line(line, terms, places))


def _own_line(line: Line, terms: Terms, places: Counter[int]) -> Row:
    order_id = values.as_number("order", values.key("order_id", line.cell("order_id")))
    quantity, price = line.cell("quantity"), line.cell("price")
    own_id = line.cell("line_id")
    if own_id == "":
        places[order_id] += 1
    return {
        "id": values.made_id("item", order_id, places[order_id] - 1)
        if own_id == ""
        else values.as_number("item", values.key("line_id", own_id)),
        "order_id": order_id,
        "product_id": product_number(line.get("product_id", "product_title")),
        "product_title": cut("product_title", line.get("product_title")),
        "quantity": None if quantity == "" else values.count("quantity", quantity),
        "price": None if price == "" else terms.amount("price", price),
        "vendor": cut("vendor", line.get("vendor")),
    }


OWN: Mapping[TableName, Format] = MappingProxyType(
    {
        "orders": Format(
            name="orders in columns of one's own",
            origin="own",
            table="orders",
            required=("order_id", "created_at", "total_price"),
            dates=("created_at",),
            amounts=("total_price", "refunded_amount", "price"),
            currencies=("currency",),
            read=read_own_orders,
        ),
        "line_items": Format(
            name="order lines in columns of one's own",
            origin="own",
            table="line_items",
            required=("order_id", "product_title"),
            dates=(),
            amounts=("price",),
            currencies=(),
            read=read_own_lines,
        ),
        "customers": Format(
            name="customers in columns of one's own",
            origin="own",
            table="customers",
            required=("email",),
            dates=("created_at", "updated_at"),
            amounts=("total_spent",),
            currencies=(),
            read=read_own_customers,
        ),
    }
)
