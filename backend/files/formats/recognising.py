"""Which format a table is in, by the names of its columns, and what each column is."""

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from backend.core.errors import ImportRefused
from backend.files.formats import own_tables, shopify, shopify_customers, woocommerce
from backend.files.formats.column_words import RANKED, plain_words
from backend.files.formats.terms import Terms
from backend.files.records import Item, Line, TableName

Read = Callable[[Iterator[Line], Terms], Iterator[Item]]
Origin = Literal["shopify", "shopify_customers", "woocommerce", "guide", "own"]


@dataclass(frozen=True, slots=True)
class Format:
    """How the lines of a table become rows.

    Attributes
    ----------
    name
        As people call it.
    origin
        Who writes such files.
    table
        What each of its lines, or several of them, are.
    required
        Columns without which it is not this format.
    dates, amounts, currencies
        Columns that tell the file's notation and currency.
    read
        Turns lines into rows.
    """

    name: str
    origin: Origin
    table: TableName
    required: tuple[str, ...]
    dates: tuple[str, ...]
    amounts: tuple[str, ...]
    currencies: tuple[str, ...]
    read: Read


@dataclass(frozen=True, slots=True)
class Recognised:
    """A format, and the file's name of each of its columns; of a platform's export, the same."""

    format: Format
    columns: Mapping[str, str] = field(default_factory=dict)

    def named(self, lines: Iterator[Line]) -> Iterator[Line]:
        """Call the columns of lines by our names."""
        if not self.columns:
            yield from lines
            return
        for line in lines:
            fields = {ours: line.fields.get(theirs, "") for ours, theirs in self.columns.items()}
            yield Line(line.number, fields)


PLATFORMS = (
    Format(
        name="Shopify's orders export",
        origin="shopify",
        table="orders",
        required=shopify.REQUIRED,
        dates=shopify.DATES,
        amounts=shopify.AMOUNTS,
        currencies=shopify.CURRENCIES,
        read=shopify.read_shopify,
    ),
    Format(
        name="WooCommerce's order export",
        origin="woocommerce",
        table="orders",
        required=woocommerce.REQUIRED,
        dates=woocommerce.DATES,
        amounts=woocommerce.AMOUNTS,
        currencies=woocommerce.CURRENCIES,
        read=woocommerce.read_woocommerce,
    ),
    Format(
        name="Shopify's customers export",
        origin="shopify_customers",
        table="customers",
        required=shopify_customers.REQUIRED,
        dates=(),
        amounts=shopify_customers.AMOUNTS,
        currencies=(),
        read=shopify_customers.read_shopify_customers,
    ),
)
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
            read=own_tables.read_own_orders,
        ),
        "line_items": Format(
            name="order lines in columns of one's own",
            origin="own",
            table="line_items",
            required=("order_id", "product_title"),
            dates=(),
            amounts=("price",),
            currencies=(),
            read=own_tables.read_own_lines,
        ),
        "customers": Format(
            name="customers in columns of one's own",
            origin="own",
            table="customers",
            required=("email",),
            dates=("created_at", "updated_at"),
            amounts=("total_spent",),
            currencies=(),
            read=own_tables.read_own_customers,
        ),
    }
)
# What an order's total is the sum of, where no column says it.
PARTS_OF_A_TOTAL = {"quantity", "price"}
# The guide's tables by its own names; and what its id is called among all the columns.
GUIDE: tuple[tuple[TableName, tuple[str, ...], str], ...] = (
    ("orders", ("id", "customer_id", "total_price", "created_at"), "order_id"),
    ("line_items", ("id", "order_id"), "line_id"),
    ("customers", ("id", "email"), "customer_id"),
)


def recognised(
    file: str, header: Sequence[str], asked: Mapping[str, str] = MappingProxyType({})
) -> Recognised:
    """Recognise a table by its header.

    Parameters
    ----------
    file
        Its name, for what is refused.
    header
        Names in small letters.
    asked
        Our name = the file's, as somebody says; they hold ahead of what is proposed.

    Raises
    ------
    ImportRefused
        When it is none of ours, names the nearest format and what is missing of it. Or when it
        names twice a column that is read.
    """
    here = {ours: theirs for ours, theirs in asked.items() if theirs in header}
    found = _known(header, here)
    if found is None:
        raise ImportRefused(file, _unknown(header))
    read = found.columns.values() or (
        *found.format.required,
        *found.format.amounts,
        *found.format.currencies,
    )
    if twice := [name for name in read if list(header).count(name) > 1]:
        raise ImportRefused(file, f"names the column {twice[0]} twice")
    return found


def is_known(header: Sequence[str], asked: Mapping[str, str]) -> bool:
    """Tell whether a row is the header of a table that we can read."""
    return (
        _known(header, {ours: name for ours, name in asked.items() if name in header}) is not None
    )


def _known(header: Sequence[str], here: Mapping[str, str]) -> Recognised | None:
    names = set(header)
    if not here:
        for form in PLATFORMS:
            if names.issuperset(form.required):
                return Recognised(form)
    return _guides(header, here) or _own(header, here)


def _guides(header: Sequence[str], here: Mapping[str, str]) -> Recognised | None:
    for table, required, own_id in GUIDE:
        if here or not set(header).issuperset(required):
            continue
        columns = proposed(table, header)
        columns = {ours: theirs for ours, theirs in columns.items() if theirs != "id"}
        form = OWN[table]
        guide = Format(
            name=f"the guide's {table.replace('_', ' ')}",
            origin="guide",
            table=table,
            required=required,
            dates=form.dates,
            amounts=form.amounts,
            currencies=form.currencies,
            read=form.read,
        )
        return Recognised(guide, {**columns, own_id: "id"})
    return None


def _own(header: Sequence[str], here: Mapping[str, str]) -> Recognised | None:
    for table, form in OWN.items():
        columns = {**proposed(table, [one for one in header if one not in here.values()]), **here}
        lacking = set(form.required) - columns.keys()
        if not lacking or (lacking == {"total_price"} and columns.keys() >= PARTS_OF_A_TOTAL):
            return Recognised(form, columns)
    return None


def proposed(table: TableName, header: Sequence[str]) -> dict[str, str]:
    """Return the columns of a table that names propose: the likeliest where several do."""
    best: dict[str, tuple[int, str]] = {}
    for name in header:
        column, rank = RANKED[table].get(plain_words(name), ("", 0))
        if column and rank < best.get(column, (1_000, ""))[0]:
            best[column] = (rank, name)
    return {column: name for column, (_, name) in best.items()}


def _unknown(header: Sequence[str]) -> str:
    needed = [(form.name, form.required) for form in PLATFORMS]
    needed += [(f"the guide's {table}", required) for table, required, _ in GUIDE]
    name, required = max(needed, key=lambda one: _nearness(one[1], header))
    missing = [column for column in required if column not in header]
    near = [match for one in missing for match in difflib.get_close_matches(one, header, n=1)]
    hint = f"; is {near[0]} meant?" if near else "."
    return (
        f"has a header of no known format; for {name} it lacks {', '.join(missing)}{hint} Say "
        "which column is which with --columns, such as order_id=Nr,total_price=Sum,created_at=Day"
    )


def _nearness(required: Sequence[str], header: Sequence[str]) -> float:
    """Return how well a header's names match those a format needs, in [0, 1]."""
    best = (
        max((difflib.SequenceMatcher(None, name, column).ratio() for column in header), default=0)
        for name in required
    )
    return sum(best) / len(required)
