"""What stands in a file, as what a table holds; whatever is not that is refused in words."""

import hashlib
import re
from decimal import Decimal

from backend.files.records import Cell, Cost, as_text

LARGEST_ID = 2**63 - 1
LARGEST_COUNT = 2**31 - 1  # the guide's INTEGER
LARGEST_AMOUNT = Decimal(10) ** 8  # the guide's DECIMAL(10,2)
CENT = Decimal("0.01")
# Ids made of an e-mail or a name lie above all that a shop counts upwards.
FIRST_MADE_ID = 2**62
LONGEST_ID = 255
# No more digits than an id can have: Python refuses to read thousands of them.
WHOLE_NUMBER = re.compile(r"(0|[1-9][0-9]{0,18})(\.0+)?")
ROUNDED = re.compile(r"\d([.,]\d+)?E\+\d+", re.IGNORECASE)


class NotThat(ValueError):
    """A value is not what its column holds; says which and what is expected.

    Attributes
    ----------
    kind
        The same without the value, which is one for all lines that have it.
    cost
        What is lost with it.
    """

    def __init__(self, column: str, cell: Cell, expected: str, *, cost: Cost = Cost.ROW) -> None:
        self.kind = f"{column}: expected {expected}"
        self.cost = cost
        text = as_text(cell)
        is_empty = text == ""
        super().__init__(
            f"{column} is empty" if is_empty else f"{column} is '{text}', expected {expected}"
        )


class LeftOut(NotThat):
    """A line is not wanted, by what was asked for."""

    def __init__(self, kind: str) -> None:
        super().__init__("", "", "", cost=Cost.NOTHING)
        self.kind = kind
        self.args = (kind,)


def whole_number(column: str, cell: Cell, largest: int = LARGEST_ID) -> int:
    """Read a number of things or an id, at least 0."""
    found = WHOLE_NUMBER.fullmatch(as_text(cell))
    if found is None or int(found[1]) > largest:
        raise NotThat(column, cell, "a whole number")
    return int(found[1])


def count(column: str, cell: Cell) -> int:
    """Read a number of things, at least 0."""
    return whole_number(column, cell, LARGEST_COUNT)


def key(column: str, cell: Cell) -> int | str:
    """Read an id: a number where it is written as one, else the text that it is.

    Raises
    ------
    NotThat
        When it is empty, too long, or a spreadsheet program has rounded it (4.5E+12).
    """
    text = as_text(cell).removeprefix("'")
    found = WHOLE_NUMBER.fullmatch(text)
    if found and int(found[1]) <= LARGEST_ID:
        return int(found[1])
    if text == "" or len(text) > LONGEST_ID:
        raise NotThat(column, text[:40], "an id")
    if ROUNDED.fullmatch(text):
        raise NotThat(column, text, "an id that no spreadsheet program has rounded")
    return text


def as_number(kind: str, found: int | str) -> int:
    """Return an id as the number that a table of the guide's holds: text becomes a made one."""
    return found if isinstance(found, int) else made_id(kind, found)


def in_bounds(column: str, cell: Cell, value: Decimal) -> Decimal:
    """Return an amount in cents.

    Raises
    ------
    NotThat
        When it is none that a table holds.
    """
    if not value.is_finite() or abs(value) >= LARGEST_AMOUNT:
        raise NotThat(column, cell, "an amount below 100 million")
    return value.quantize(CENT)


def made_id(*parts: object) -> int:
    """Make an id that is the same in every file: 62 bits of a hash, above `FIRST_MADE_ID`.

    Among ten million of them the chance of any two being the same is about one in ninety thousand.
    """
    text = "\x1f".join(str(part) for part in parts)
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return FIRST_MADE_ID | (int.from_bytes(digest, "big") >> 2)
