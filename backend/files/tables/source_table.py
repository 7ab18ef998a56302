"""A table as it lies in a file, before anybody knows what its columns mean."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from backend.files.records import Cell, Line, Rejected

ROWS_PER_BATCH = 5_000
Advance = Callable[[float], None]
Lines = Callable[[Advance], Iterator[Line | Rejected]]
# Says whether these names can be the header of a table that we know.
IsHeader = Callable[[Sequence[str]], bool]
ROWS_ABOVE_HEADER = 20
TOTALS = frozenset(
    (
        "total",
        "totals",
        "sum",
        "grand total",
        "gesamt",
        "gesamtsumme",
        "summe",
        "total général",
        "suma",
        "totale",
        "totaux",
    )
)


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A table in a file.

    Attributes
    ----------
    name
        The file, with the sheet where there are several.
    header
        Names of the columns, in small letters.
    lines
        Reads the lines below the header, or what is no line; each call from the start.
    is_typed
        Whether numbers and dates are such, and not text.
    encoding, encoding_evidence
        How its text is encoded, and what says so; "" where there is none.
    separator
        What stands between fields; "" for none.
    """

    name: str
    header: tuple[str, ...]
    lines: Lines = field(repr=False)
    is_typed: bool = False
    encoding: str = ""
    encoding_evidence: str = ""
    separator: str = ""


def header_names(cells: Sequence[Cell]) -> list[str]:
    """Return the names in a header row, in small letters and without blanks around them."""
    return [" ".join(str(cell).strip("\ufeff").split()).lower() for cell in cells]


def is_total(cells: Sequence[Cell]) -> bool:
    """Tell whether a row adds up those above it: it says so, and is half empty."""
    said = [cell for cell in cells if cell != ""]
    if not said or len(said) * 2 > len(cells) + 1 or not isinstance(said[0], str):
        return False
    return said[0].strip(" :").casefold() in TOTALS
