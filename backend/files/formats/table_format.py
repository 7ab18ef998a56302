"""What a format is: by which columns it is known, and what turns its lines into rows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

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
