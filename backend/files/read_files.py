"""Files, line by line: which format each is in, and what its lines say. Never held whole."""

import csv
import difflib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TextIO

import pyarrow.parquet as pq

from backend.core.errors import ImportRefused
from backend.files import plain, shopify, woocommerce
from backend.files.records import Item, Line, Read, Rejected, ShopTerms, TableName

ROWS_PER_BATCH = 5_000
Advance = Callable[[float], None]


DELIMITERS = ",;\t|"
BROKEN = "the line has {found} fields, the header {expected}"


@dataclass(frozen=True, slots=True)
class Format:
    """How the lines of a file become rows."""

    name: str
    required: tuple[str, ...]
    read: Read


def _plain(table: TableName) -> Format:
    read = partial(plain.read_plain, table)
    return Format(f"the guide's {table}", plain.REQUIRED[table], read)


# The first whose columns are all there is taken: order lines ahead of what has fewer columns.
FORMATS = (
    Format("Shopify's orders export", shopify.REQUIRED, shopify.read_shopify),
    Format("WooCommerce's order export", woocommerce.REQUIRED, woocommerce.read_woocommerce),
    _plain("orders"),
    _plain("line_items"),
    _plain("customers"),
)


def read_file(path: Path, shop: ShopTerms, advance: Advance) -> Iterator[Item]:
    """Yield the rows and the refused lines of one file.

    Parameters
    ----------
    path
        A CSV in UTF-8, with commas, semicolons, tabs or bars; or a Parquet file.
    shop
        Its zone, to which instants that name another are converted, and its currency.
    advance
        Called with the share of the file that is read, in [0, 1].

    Raises
    ------
    ImportRefused
        When the file cannot be read, or its header is of no format we know.
    """
    if path.suffix.lower() == ".parquet":
        yield from _from_parquet(path, shop, advance)
        return
    try:
        size = max(path.stat().st_size, 1)
        with path.open("rb") as raw:
            text = io.TextIOWrapper(raw, "utf-8-sig", errors="surrogateescape", newline="")
            yield from _from_csv(path, text, shop, lambda: advance(raw.tell() / size))
    except OSError as error:
        raise ImportRefused(str(path), f"cannot be read ({error.strerror})") from None


def _from_csv(
    path: Path, text: TextIO, shop: ShopTerms, advance: Callable[[], None]
) -> Iterator[Item]:
    first = text.readline()
    if problem := _problem_of_text([first]):
        raise ImportRefused(path.name, f"{problem}: save it as CSV in UTF-8")
    delimiter, header = _header(first)
    form = format_of(path.name, header)
    refused: list[Rejected] = []

    def lines() -> Iterator[Line]:
        for number, fields in _numbered(text, delimiter, refused):
            if number % ROWS_PER_BATCH == 0:
                advance()
            problem = _problem(fields, header)
            found = dict(zip(header, fields, strict=False))
            if problem:
                refused.append(Rejected(number, problem, found))
            elif fields:
                yield Line(number, found)

    yield from _interleaved(form.read(lines(), shop), refused)


def _header(line: str) -> tuple[str, list[str]]:
    """Return the delimiter that makes most of the first line, and the names in it."""
    parsed = {
        delimiter: next(csv.reader([line], delimiter=delimiter), []) for delimiter in DELIMITERS
    }
    delimiter = max(parsed, key=lambda one: len(parsed[one]))
    return delimiter, [name.strip().lower() for name in parsed[delimiter]]


def _numbered(
    text: TextIO, delimiter: str, refused: list[Rejected]
) -> Iterator[tuple[int, list[str]]]:
    """Number each row by its first line; what is no CSV is refused and passed over."""
    reader = csv.reader(text, delimiter=delimiter)
    while True:
        before = 1 + reader.line_num  # the header is read already
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            last = 1 + reader.line_num
            problem = f"is not CSV up to line {last}, and not read: {error}"
            refused.append(Rejected(before + 1, problem, lines=last - before))
            continue
        yield before + 1, fields


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
    return _problem_of_text(fields)


def _problem_of_text(fields: list[str]) -> str | None:
    if any("\udc80" <= character <= "\udcff" for field in fields for character in field):
        return "is not UTF-8"
    if any("\0" in field for field in fields):
        return "holds a zero byte"
    return None


def _from_parquet(path: Path, shop: ShopTerms, advance: Advance) -> Iterator[Item]:
    try:
        file = pq.ParquetFile(path)
    except (OSError, ValueError) as error:
        raise ImportRefused(path.name, f"is no Parquet file ({error})") from None
    names = [name.strip().lower() for name in file.schema_arrow.names]
    form = format_of(path.name, names)
    total = max(file.metadata.num_rows, 1)

    def lines() -> Iterator[Line]:
        number = 0
        for rows in _rows(path, file, names):
            for row in rows:
                number += 1
                yield Line(number, {name: _as_text(value) for name, value in row.items()})
            advance(number / total)

    yield from form.read(lines(), shop)


def _rows(path: Path, file: pq.ParquetFile, names: list[str]) -> Iterator[list[dict[str, object]]]:
    """Read batch by batch; a damage in the middle is the file's, whoever waits for its rows."""
    try:
        for batch in file.iter_batches(ROWS_PER_BATCH):
            yield batch.rename_columns(names).to_pylist()
    except (OSError, ValueError, TypeError, NotImplementedError) as error:
        problem = str(error).partition("\n")[0].rstrip(".")
        raise ImportRefused(path.name, f"is damaged and cannot be read on ({problem})") from None


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
        When it is none of ours; names the nearest format and what is missing of it. Or when it
        names a column twice.
    """
    found = set(header)
    for form in FORMATS:
        if found.issuperset(form.required):
            if twice := [name for name in form.required if header.count(name) > 1]:
                raise ImportRefused(file, f"names the column {twice[0]} twice")
            return form
    nearest = max(FORMATS, key=lambda form: _nearness(form, header))
    missing = [name for name in nearest.required if name not in found]
    near = [match for name in missing for match in difflib.get_close_matches(name, header, n=1)]
    hint = f"; is {near[0]} meant?" if near else ""
    raise ImportRefused(
        file,
        f"has a header of no known format; for {nearest.name} it lacks {', '.join(missing)}{hint}",
    )
