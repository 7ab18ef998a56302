"""Files, line by line: which format each is in, and what its lines say. Never held whole."""

import csv
import difflib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq

from backend.core.errors import ImportRefused
from backend.data.importing import plain, shopify, woocommerce
from backend.data.importing.records import Item, Line, Rejected, TableName

ROWS_PER_BATCH = 5_000
Advance = Callable[[float], None]


class Reader(Protocol):
    """What `csv.reader` returns."""

    @property
    def line_num(self) -> int:
        """The line of the file that was read last."""
        ...

    def __next__(self) -> list[str]:
        """Return the fields of the next line."""
        ...


BROKEN = "the line has {found} fields, the header {expected}"


@dataclass(frozen=True, slots=True)
class Format:
    """How the lines of a file become rows."""

    name: str
    required: tuple[str, ...]
    read: Callable[[Iterator[Line], ZoneInfo], Iterator[Item]]


def _plain(table: TableName) -> Format:
    def read(lines: Iterator[Line], zone: ZoneInfo) -> Iterator[Item]:
        return plain.read_plain(table, lines, zone)

    return Format(f"the guide's {table}", plain.REQUIRED[table], read)


# The first whose columns are all there is taken: order lines ahead of what has fewer columns.
FORMATS = (
    Format("Shopify's orders export", shopify.REQUIRED, shopify.read_shopify),
    Format("WooCommerce's order export", woocommerce.REQUIRED, woocommerce.read_woocommerce),
    _plain("orders"),
    _plain("line_items"),
    _plain("customers"),
)


def read_file(path: Path, zone: ZoneInfo, advance: Advance) -> Iterator[Item]:
    """Yield the rows and the refused lines of one file.

    Parameters
    ----------
    path
        A CSV in UTF-8, or a Parquet file.
    zone
        The shop's zone: instants that name another are converted to it.
    advance
        Called with the share of the file that is read, in [0, 1].

    Raises
    ------
    ImportRefused
        When the file cannot be read, or its header is of no format we know.
    """
    if path.suffix.lower() == ".parquet":
        yield from _from_parquet(path, zone, advance)
        return
    try:
        size = max(path.stat().st_size, 1)
        with path.open("rb") as raw:
            text = io.TextIOWrapper(raw, "utf-8-sig", errors="surrogateescape", newline="")
            yield from _from_csv(path, csv.reader(text), zone, lambda: advance(raw.tell() / size))
    except OSError as error:
        raise ImportRefused(path.name, f"cannot be read ({error.strerror})") from None


def _from_csv(
    path: Path, reader: Reader, zone: ZoneInfo, advance: Callable[[], None]
) -> Iterator[Item]:
    header = [name.strip().lower() for name in _first_line(reader)]
    form = format_of(path.name, header)
    refused: list[Rejected] = []

    def lines() -> Iterator[Line]:
        for number, fields in _numbered(reader, refused):
            if number % ROWS_PER_BATCH == 0:
                advance()
            problem = _problem(fields, header)
            found = dict(zip(header, fields, strict=False))
            if problem:
                refused.append(Rejected(number, problem, found))
            elif fields:
                yield Line(number, found)

    yield from _interleaved(form.read(lines(), zone), refused)


def _first_line(reader: Reader) -> list[str]:
    try:
        return next(reader)
    except (StopIteration, csv.Error):
        return []


def _numbered(reader: Reader, refused: list[Rejected]) -> Iterator[tuple[int, list[str]]]:
    """Number the lines; what the reader cannot make sense of is refused and passed over."""
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            refused.append(Rejected(reader.line_num, f"is not CSV: {error}"))
            continue
        yield reader.line_num, fields


def _interleaved(items: Iterator[Item], refused: list[Rejected]) -> Iterator[Item]:
    for item in items:
        yield from _emptied(refused)
        yield item
    yield from _emptied(refused)


def _emptied(refused: list[Rejected]) -> Iterator[Rejected]:
    while refused:
        yield refused.pop(0)


def _problem(fields: list[str], header: list[str]) -> str | None:
    if fields and len(fields) != len(header):
        return BROKEN.format(found=len(fields), expected=len(header))
    if any("\udc80" <= character <= "\udcff" for field in fields for character in field):
        return "is not UTF-8"
    if any("\0" in field for field in fields):
        return "holds a zero byte"
    return None


def _from_parquet(path: Path, zone: ZoneInfo, advance: Advance) -> Iterator[Item]:
    try:
        file = pq.ParquetFile(path)
    except (OSError, ValueError) as error:
        raise ImportRefused(path.name, f"is no Parquet file ({error})") from None
    names = [name.strip().lower() for name in file.schema_arrow.names]
    form = format_of(path.name, names)
    total = max(file.metadata.num_rows, 1)

    def lines() -> Iterator[Line]:
        number = 0
        for batch in file.iter_batches(ROWS_PER_BATCH):
            for row in batch.rename_columns(names).to_pylist():
                number += 1
                yield Line(number, {name: _as_text(value) for name, value in row.items()})
            advance(number / total)

    yield from form.read(lines(), zone)


def _as_text(value: object) -> str:
    return "" if value is None or value != value else str(value)


def _nearness(form: Format, header: list[str]) -> float:
    """Return how well a header's names match those a format needs, in [0, 1]."""
    best = (
        max((difflib.SequenceMatcher(None, name, column).ratio() for column in header), default=0)
        for name in form.required
    )
    return sum(best) / len(form.required)


def format_of(file: str, header: list[str]) -> Format:
    """Recognise a file by its header.

    Raises
    ------
    ImportRefused
        When it is none of ours; names the nearest format and what is missing of it.
    """
    found = set(header)
    for form in FORMATS:
        if found.issuperset(form.required):
            return form
    nearest = max(FORMATS, key=lambda form: _nearness(form, header))
    missing = [name for name in nearest.required if name not in found]
    near = [match for name in missing for match in difflib.get_close_matches(name, header, n=1)]
    hint = f"; is {near[0]} meant?" if near else ""
    raise ImportRefused(
        file,
        f"has a header of no known format; for {nearest.name} it lacks {', '.join(missing)}{hint}",
    )
