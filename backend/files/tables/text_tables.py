"""Text tables: what separates their fields, where the header is, and lines quoted as a whole."""

import csv
import io
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from backend.core.errors import ImportRefused
from backend.files.records import Cost, Line, Rejected
from backend.files.tables.encodings import Encoding, encoding_of
from backend.files.tables.source_table import (
    ROWS_ABOVE_HEADER,
    ROWS_PER_BATCH,
    Advance,
    IsHeader,
    SourceTable,
    header_names,
    is_total,
)

SEPARATORS = ",;\t|"
SEPARATOR_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
TOO_LONG = "the line has {found} fields, the header {expected}"


def text_table(path: Path, asked_encoding: str | None, is_header: IsHeader) -> SourceTable:
    """Look at a text file's header.

    Parameters
    ----------
    path
        A file of lines; with commas, semicolons, tabs or bars.
    asked_encoding
        The encoding that somebody says it is in.
    is_header
        Knows a header when it sees one; a file without has its first line for one.

    Raises
    ------
    ImportRefused
        When it is no text, or there is no such encoding.
    """
    encoding = encoding_of(path, asked_encoding)
    with _opened(path, encoding) as (text, _):
        head = list(itertools.islice(text, ROWS_ABOVE_HEADER))
    if not any(line.strip() for line in head):
        raise ImportRefused(path.name, "is empty")
    separator, header, above = _header(head, is_header)

    def lines(advance: Advance) -> Iterator[Line | Rejected]:
        with _opened(path, encoding) as (file, place):
            for _ in range(above):
                next(file)
            yield from _lines(file, separator, header, above, lambda: advance(place()))

    return SourceTable(
        name=path.name,
        header=tuple(header),
        lines=lines,
        encoding=encoding.name,
        encoding_evidence=encoding.evidence,
        separator=SEPARATOR_NAMES[separator],
    )


@contextmanager
def _opened(path: Path, encoding: Encoding) -> Iterator[tuple[TextIO, Callable[[], float]]]:
    """Open a text file; and tell how far it is read, in [0, 1]."""
    try:
        size = max(path.stat().st_size, 1)
        with path.open("rb") as raw:
            text = io.TextIOWrapper(raw, encoding.codec, errors=encoding.errors, newline="")
            yield text, lambda: raw.tell() / size
    except OSError as error:
        raise ImportRefused(str(path), f"cannot be read ({error.strerror})") from None


def _header(head: Sequence[str], is_header: IsHeader) -> tuple[str, list[str], int]:
    """Return the separator, the names, and how many lines of text they end with."""
    for separator in SEPARATORS:
        reader = csv.reader((_clean(line) for line in head), delimiter=separator)
        for row in reader:
            names = header_names(_opened_up(row, separator))
            if is_header(names):
                return separator, names, reader.line_num
    first = _clean(head[0]) if head else ""
    parsed = {one: next(csv.reader([first], delimiter=one), []) for one in SEPARATORS}
    widest = max(parsed, key=lambda one: len(parsed[one]))
    return widest, header_names(parsed[widest]), min(1, len(head))


def _opened_up(row: list[str], separator: str) -> list[str]:
    """Return the fields of a line that is quoted as a whole, and of any other as they are."""
    said = [field for field in row if field.strip(" ;,\t|")]
    if len(said) == 1 and row[0] == said[0] and separator in said[0]:
        return next(csv.reader([said[0]], delimiter=separator), [])
    return row


def _clean(line: str) -> str:
    return line.replace("\0", "")


def _lines(
    file: TextIO, separator: str, header: list[str], above: int, advance: Callable[[], None]
) -> Iterator[Line | Rejected]:
    for number, found in _numbered(file, separator, above):
        if number % ROWS_PER_BATCH == 0:
            advance()
        if isinstance(found, Rejected):
            yield found
            continue
        fields = found if len(found) == len(header) else _opened_up(found, separator)
        if any(field.strip() for field in fields) and not _is_again(fields, header):
            yield _line(number, fields, header)


def _is_again(fields: list[str], header: list[str]) -> bool:
    """Tell whether a line is the header once more, as where exports were put together."""
    return fields[0].strip().lower() == header[0] and header_names(fields) == header


def _line(number: int, fields: list[str], header: list[str]) -> Line | Rejected:
    """Put fields beside their names; blanks may lack or be too many at the end."""
    named = dict(itertools.zip_longest(header, fields[: len(header)], fillvalue=""))
    if any(field.strip() for field in fields[len(header) :]):
        problem = TOO_LONG.format(found=len(fields), expected=len(header))
        return Rejected(number, problem, named, kind="the line has more fields than the header")
    if is_total([field.strip() for field in fields]):
        kind = "a line that adds up others"
        return Rejected(number, kind, named, kind=kind, cost=Cost.NOTHING)
    return Line(number, named)


def _numbered(
    file: TextIO, separator: str, above: int
) -> Iterator[tuple[int, list[str] | Rejected]]:
    """Number each row by its first line; what is no CSV is refused and passed over."""
    reader = csv.reader((_clean(line) for line in file), delimiter=separator)
    while True:
        before = above + reader.line_num
        try:
            fields: list[str] | Rejected = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            last = above + reader.line_num
            problem = f"is not CSV up to line {last}, and not read: {error}"
            kind = "the line is not CSV"
            fields = Rejected(before + 1, problem, lines=last - before, kind=kind)
        yield before + 1, fields
