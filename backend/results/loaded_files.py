"""What became of files: how each was understood, and what was taken of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class Identity(StrEnum):
    """By what the one who placed an order is known."""

    EMAIL = "email"
    PHONE = "phone"
    PLATFORM_ID = "platform_id"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Understanding:
    """How a table in a file was read.

    Attributes
    ----------
    name
        The file, with the sheet where there are several.
    format
        Whose export it is.
    columns
        Our name of each column that is read = the file's.
    encoding, encoding_evidence, separator
        Of text; "" where there is none.
    dates, decimal
        The order of day, month and year; what stands before the fraction of an amount. "" where
        nothing in the file depends on it.
    currencies
        Lines by the currency they name.
    """

    name: str
    format: str
    columns: Mapping[str, str] = field(default_factory=dict)
    encoding: str = ""
    encoding_evidence: str = ""
    separator: str = ""
    dates: str = ""
    decimal: str = ""
    currencies: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusals:
    """Orders, customers or lines that were not taken for one reason.

    Attributes
    ----------
    kind
        The reason without a value.
    count
        How many.
    line, example
        The number of the first, and the reason as it is there.
    """

    kind: str
    count: int
    line: int
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSummary:
    """What was taken of a table in a file.

    Attributes
    ----------
    read
        Orders, customers or lines in it, without those that were left out.
    loaded, replaced
        How many are new, and how many took the place of one with the same id.
    refused
        What was not taken, the commonest reason first.
    left_out
        What was not wanted, or is none: another currency, a line that adds up others.
    parts_refused
        Lines of orders that were taken without them.
    first, last
        When the first and the last order was placed, UTC.
    sums
        What its orders add up to, by currency; "" where none is named.
    identities
        Its orders by what tells who placed them.
    open_although_fulfilled
        Orders that are not paid, though they are fulfilled: paid on delivery, perhaps.
    """

    understood: Understanding
    read: int
    loaded: int
    replaced: int
    refused: Sequence[Refusals] = ()
    left_out: Sequence[Refusals] = ()
    parts_refused: Sequence[Refusals] = ()
    first: datetime | None = None
    last: datetime | None = None
    sums: Mapping[str, Decimal] = field(default_factory=dict)
    identities: Mapping[Identity, int] = field(default_factory=dict)
    open_although_fulfilled: int = 0

    @property
    def taken_share(self) -> float:
        """Share of what was read that was taken, in [0, 1]; 0 of nothing."""
        return (self.loaded + self.replaced) / self.read if self.read else 0.0


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What became of all files of a call.

    Attributes
    ----------
    files
        One per table in a file.
    rows
        How many rows each of the shop's tables holds now.
    spent
        How many customers of an export state what they have spent, and how many of those state
        another sum than their orders in these files add up to; None where none states it.
    is_loaded
        Whether enough of every file was taken; else the tables are as they were.
    """

    files: Sequence[FileSummary]
    rows: Mapping[str, int]
    spent: tuple[int, int] | None = None
    is_loaded: bool = True

    def not_loaded(self) -> "ImportSummary":
        """Return the same of what was taken back."""
        return replace(self, is_loaded=False)


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row as it would be loaded: its table, and its values by column."""

    table: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FileLook:
    """How a table in a file would be read, with its first rows."""

    understood: Understanding
    rows: Sequence[ShownRow]
    refused: Sequence[Refusals] = ()
