"""What readers hand on: rows for tables, and lines that are refused."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal
from zoneinfo import ZoneInfo

from backend.files.values import OneCurrency

TableName = Literal["customers", "orders", "line_items"]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file: its number, and its fields by column."""

    number: int
    fields: dict[str, str]

    def get(self, *names: str) -> str:
        """Return the first of these columns that says something; "" if none does."""
        for name in names:
            if (value := (self.fields.get(name) or "").strip()) != "":
                return value
        return ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line, or several that cannot be told apart, that is not loaded, and why."""

    line: int
    reason: str
    fields: dict[str, str] = field(default_factory=dict)
    lines: int = 1


@dataclass(frozen=True, slots=True)
class Record:
    """A row for a table.

    `is_hint` marks a customer known only from an order: it never overwrites what is known better.
    `is_whole` marks an order whose lines all follow: those that it had before are gone.
    """

    table: TableName
    row: Row
    is_hint: bool = False
    is_whole: bool = False


Item = Record | Rejected


@dataclass(frozen=True, slots=True)
class ShopTerms:
    """What readers must know of the shop: its zone, and the currency of its amounts."""

    zone: ZoneInfo
    currency: OneCurrency


Read = Callable[[Iterator[Line], ShopTerms], Iterator[Item]]
