"""Customers as rows of a table: what each is called, a way to their page, their numbers. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any
from urllib.parse import urlencode

from backend.api.lists.row import ID, PERSON
from backend.results.customer_numbers import SHOWN
from backend.results.declared import Flag, Label
from backend.web.cells import value_at, written
from backend.web.entrance import APP
from backend.wording import customers_room_sentences as words

# What a row is called by, and what its segment links to.
TOLD_BESIDE = {ID, *PERSON, "archetype.id"}
WORDS = {str(one.shown_as) for one in SHOWN if isinstance(one.kind, Label | Flag)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnHead:
    """The head of a column, which sorts by it.

    Attributes
    ----------
    link
        The same list sorted by it; None where lists cannot be.
    sorted
        "ascending" or "descending" where the list is sorted by it, as `aria-sort` says it; else "".
    arrow
        The same to be seen.
    """

    name: str
    link: str | None
    sorted: str
    arrow: str
    is_number: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerCell:
    """A cell of a row; of a segment, with its id."""

    text: str
    is_number: bool
    segment_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerLine:
    """A customer in the list.

    Attributes
    ----------
    name, beside
        What they are called, and what tells them apart from others of that name; "" for nothing.
    link
        Of their page.
    """

    name: str
    beside: str
    link: str
    cells: Sequence[CustomerCell]


def columns_of(fields: Iterable[str]) -> list[str]:
    """Return the fields that have a column of their own."""
    return [one for one in fields if one not in TOLD_BESIDE]


def plain_heads(columns: Sequence[str]) -> list[ColumnHead]:
    """Head a table that is in one order alone."""
    return [head(name) for name in (ID, *columns)]


def head(name: str, link: str | None = None, direction: str = "") -> ColumnHead:
    """Head a column; see `ColumnHead`."""
    return ColumnHead(
        name=words.CUSTOMER if name == ID else words.number(name),
        link=link,
        sorted=direction,
        arrow=words.ARROWS[direction],
        is_number=name != ID and name not in WORDS,
    )


def customer_line(row: Mapping[str, Any], columns: Sequence[str], zone: tzinfo) -> CustomerLine:
    """Return the row of a customer, from a profile's fields."""
    customer_id, email = row[ID], row.get("email")
    name = " ".join(filter(None, (row.get("first_name"), row.get("last_name"))))
    called = name or email or customer_id
    return CustomerLine(
        name=called,
        beside=next((one for one in (email, customer_id) if one and one != called), ""),
        link=f"{APP}/customer?{urlencode({'id': customer_id})}",
        cells=[_cell(row, one, zone) for one in columns],
    )


def _cell(row: Mapping[str, Any], name: str, zone: tzinfo) -> CustomerCell:
    value = value_at(row, name)
    in_segment = row["archetype"].get("id") if name == "archetype.name" else None
    return CustomerCell(
        text=written(name, value, None, zone), is_number=name not in WORDS, segment_id=in_segment
    )
