"""What passes between the parts: lines of a file, rows for tables, and what is refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

from backend.results.loaded_files import Identity

TableName = Literal["customers", "orders", "line_items"]
Row = dict[str, Any]
# What stands in a field. Text is in the file's notation, anything else is what it is.
Cell = str | int | float | Decimal | datetime


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file: its number, and its fields by column."""

    number: int
    fields: Mapping[str, Cell]

    def cell(self, *names: str) -> Cell:
        """Return the first of these columns that says something; "" if none does."""
        for name in names:
            value = self.fields.get(name, "")
            if not isinstance(value, str):
                return value
            if stripped := value.strip():
                return stripped
        return ""

    def get(self, *names: str) -> str:
        """Return the same as text."""
        return as_text(self.cell(*names))


def as_text(cell: Cell) -> str:
    """Return a field as text; whole numbers of a spreadsheet without their fraction."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**63:
        return str(int(cell))
    return str(cell).strip()


class Cost(StrEnum):
    """What a refusal costs."""

    ROW = "row"  # an order or a customer
    PART = "part"  # something of an order that is loaded
    NOTHING = "nothing"  # it was not wanted, or is no order at all


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line, or several that cannot be told apart, that is not loaded, and why.

    `kind` is the reason without the line's own value, by which refusals are counted.
    """

    line: int
    reason: str
    fields: Mapping[str, Cell] = field(default_factory=dict)
    lines: int = 1
    kind: str = ""
    cost: Cost = Cost.ROW


@dataclass(frozen=True, slots=True)
class Record:
    """A row for a table.

    `is_hint` marks a customer known only from an order: it never overwrites what is known better.
    `is_whole` marks an order whose lines all follow: those that it had before are gone. `by` says
    by what the one who placed an order is known.
    """

    table: TableName
    row: Row
    is_hint: bool = False
    is_whole: bool = False
    by: Identity | None = None


Item = Record | Rejected
