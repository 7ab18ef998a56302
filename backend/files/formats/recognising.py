"""Which format a table is in, by the names of its columns, and what each column is."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from backend.core.errors import ImportRefused
from backend.files.formats.column_words import RANKED, plain_words
from backend.files.formats.own_tables import OWN
from backend.files.formats.shopify import SHOPIFY
from backend.files.formats.shopify_customers import SHOPIFY_CUSTOMERS
from backend.files.formats.table_format import Format
from backend.files.formats.woocommerce import WOOCOMMERCE
from backend.files.records import Line, TableName


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


PLATFORMS = (SHOPIFY, WOOCOMMERCE, SHOPIFY_CUSTOMERS)
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
        name = f"the guide's {table.replace('_', ' ')}"
        guide = replace(OWN[table], name=name, origin="guide", required=required)
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
    return _with_peoples_name({column: name for column, (_, name) in best.items()})


def _with_peoples_name(columns: dict[str, str]) -> dict[str, str]:
    """Take a bare name for a person's, unless orders are called so beside a platform's own id."""
    if columns.get("order_number") == "name" and columns.get("order_id", "id") != "id":
        del columns["order_number"]
        columns.setdefault("name", "name")
    return columns


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
