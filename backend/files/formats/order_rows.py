"""An order as a file tells of it becomes rows: in one currency, in UTC, of somebody or nobody."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby

from backend.files import values
from backend.files.formats.terms import Terms
from backend.files.notation.date_texts import WrittenTime
from backend.files.people import Identified, PersonRead, clean_email, identified
from backend.files.records import Cell, Cost, Item, Line, Record, Rejected, Row, TableName
from backend.files.values import NotThat
from backend.results.loaded_files import Identity

REFUND = "refunded"
TEXT_LENGTHS = {
    "order_number": 50,
    "financial_status": 50,
    "fulfillment_status": 50,
    "product_title": 255,
    "vendor": 100,
    "currency": 3,
}


@dataclass(frozen=True, slots=True)
class ItemRead:
    """A line of an order, with its fields as they stand in the file.

    Attributes
    ----------
    product
        Its id, or what is unique about it: its number or title.
    price
        Of one piece.
    """

    line: int
    product: str
    title: str
    quantity: Cell
    price: Cell
    vendor: str = ""
    fields: Mapping[str, Cell] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OrderRead:
    """An order as a file tells of it.

    Attributes
    ----------
    key
        Its id on the platform.
    total
        In its own currency, less all that is known to have been given back.
    refund_of
        Key of the order that this one gives back of; None for an order.
    """

    line: int
    key: int | str
    number: str
    total: Decimal
    currency: str
    created: WrittenTime
    status: str
    fulfillment: str
    person: PersonRead
    items: Sequence[ItemRead] = ()
    refund_of: int | str | None = None


def cut(column: str, text: str) -> str | None:
    """Return a text as long as its column is; None for none."""
    return text[: TEXT_LENGTHS[column]] or None


ReadOrder = Callable[[list[Line], Terms], OrderRead]


def orders_by(column: str, lines: Iterable[Line], read: ReadOrder, terms: Terms) -> Iterator[Item]:
    """Put the lines of each order, which follow each other, together."""
    for _, group in groupby(lines, key=lambda line: line.get(column)):
        yield from order_or_refused(list(group), read, terms)


def order_or_refused(lines: list[Line], read: ReadOrder, terms: Terms) -> Iterator[Item]:
    """Yield all rows of the order that these lines are, or that it is refused whole."""
    try:
        yield from order_records(read(lines, terms), terms)
    except NotThat as problem:
        first = lines[0]
        yield _rejected(problem, first.number, first.fields, lines=len(lines))


def rows_or_refused(
    table: TableName, lines: Iterable[Line], read: Callable[[Line], Row]
) -> Iterator[Item]:
    """Yield the row that each line is, or that it is refused."""
    for line in lines:
        try:
            yield Record(table, read(line))
        except NotThat as problem:
            yield _rejected(problem, line.number, line.fields)


def order_records(order: OrderRead, terms: Terms) -> Iterator[Item]:
    """Yield the customer, the order and its lines; lines that make no sense are refused alone.

    Raises
    ------
    NotThat
        When the order cannot be loaded; before anything was yielded.
    """
    created = order.created.in_utc(terms.zone)
    factor = terms.money.factor(order.currency, created)
    who = _who(order.person, terms)
    row = _order_row(order, terms, factor)
    if who is not None:
        yield _customer(who, order, terms)
        row["customer_id"] = who.id
    yield Record("orders", row, is_whole=bool(order.items), by=who.by if who else Identity.NOBODY)
    for place, item in enumerate(order.items):
        yield _item(row["id"], place, item, terms, factor)


def _who(person: PersonRead, terms: Terms) -> Identified | None:
    def key(text: str) -> int | str:
        return values.key("customer_id", text)

    if terms.customer_ids_are_keys and person.has_platform_id:
        return Identified(key(person.platform_id), Identity.PLATFORM_ID)
    return identified(person, key)


def _order_row(order: OrderRead, terms: Terms, factor: Decimal) -> Row:
    total = (order.total - terms.refunds.get(order.key, 0)) * factor
    code = terms.money.code or order.currency.upper()
    return {
        "id": values.as_number("order", order.key),
        "customer_id": None,
        "order_number": cut("order_number", order.number),
        "total_price": values.in_bounds("total", "", total),
        "created_at": order.created.in_utc(terms.zone),
        "utc_from_zone": order.created.zone_of(terms.zone),
        # What gives back is no order: it counts nowhere, and is nobody's fault.
        "financial_status": REFUND
        if order.refund_of is not None
        else cut("financial_status", order.status.lower()),
        "refund_of": order.refund_of,
        "fulfillment_status": cut("fulfillment_status", order.fulfillment),
        "currency": code if len(code) == TEXT_LENGTHS["currency"] else None,
    }


def _customer(who: Identified, order: OrderRead, terms: Terms) -> Record:
    row = {
        "id": who.id,
        "email": clean_email(order.person.email),
        **order.person.names,
        "created_at": order.created.in_utc(terms.zone),
    }
    return Record("customers", row, is_hint=True)


def _item(order_id: int, place: int, item: ItemRead, terms: Terms, factor: Decimal) -> Item:
    try:
        price = terms.amount("price", item.price) if item.price != "" else Decimal(0)
        return Record(
            "line_items",
            {
                "id": values.made_id("item", order_id, place),
                "order_id": order_id,
                "product_id": product_number(item.product or item.title),
                "product_title": cut("product_title", item.title),
                "quantity": values.count("quantity", item.quantity),
                "price": (price * factor).quantize(values.CENT),
                "vendor": cut("vendor", item.vendor),
            },
        )
    except NotThat as problem:
        return _rejected(problem, item.line, item.fields, cost=Cost.PART)


def product_number(text: str) -> int | None:
    """Return a product's id as a number; one made of its text where it is none."""
    if not text:
        return None
    found = values.WHOLE_NUMBER.fullmatch(text)
    is_id = found is not None and int(found[1]) <= values.LARGEST_ID
    return int(found[1]) if found and is_id else values.made_id("product", text)


def _rejected(
    problem: NotThat,
    line: int,
    fields: Mapping[str, Cell],
    *,
    cost: Cost | None = None,
    lines: int = 1,
) -> Rejected:
    return Rejected(line, str(problem), fields, lines, problem.kind, cost or problem.cost)
