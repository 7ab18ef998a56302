"""Workbooks as tables: every sheet whose header is one that we know."""

import json
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from backend.core.errors import ImportRefused
from backend.files.records import Cell, Cost, Line, Rejected
from backend.files.tables.source_table import (
    ROWS_ABOVE_HEADER,
    ROWS_PER_BATCH,
    Advance,
    IsHeader,
    SourceTable,
    header_names,
    is_total,
)
from backend.files.tables.workbook_bounds import SECONDS, refuse_too_large

SUFFIXES = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
ROOT = Path(__file__).parents[3]
CHILD = (
    f"import sys; sys.path.insert(0, {str(ROOT)!r}); "
    "from backend.files.tables.workbook_child import main; main()"
)


class _Printed:
    """What the child has printed: a file without a name, closed once nobody reads it any more."""

    def __init__(self) -> None:
        self.file = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
        weakref.finalize(self, self.file.close)

    def __iter__(self) -> Iterator[str]:
        """Yield its lines from the first on."""
        self.file.seek(0)
        for line in self.file:  # noqa: UP028, to leave off a `yield from` closes the file
            yield line


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A sheet within the lines that the child has printed."""

    name: str
    first_line: int
    lines: int


def workbook_tables(
    path: Path, asked_sheets: Sequence[str], is_header: IsHeader
) -> list[SourceTable]:
    """Read a workbook, and return those of its sheets that have a header which we know.

    Parameters
    ----------
    path
        An Excel or OpenDocument workbook.
    asked_sheets
        Names of sheets to read; none: all.
    is_header
        Knows a header when it sees one, within the first rows.

    Raises
    ------
    ImportRefused
        When it is damaged, asks for too much, or no sheet has such a header; names the sheets.
    """
    refuse_too_large(path)
    printed = _printed(path)
    sheets = list(_sheets(printed))
    wanted = [one for one in sheets if not asked_sheets or one.name in asked_sheets]
    tables = [_table(path, printed, one, is_header) for one in wanted]
    found = [table for table in tables if table is not None]
    if not found:
        names = ", ".join(one.name for one in sheets)
        problem = f"has no sheet with a header of a known format; its sheets are {names}"
        raise ImportRefused(path.name, problem)
    return found


def _printed(path: Path) -> _Printed:
    """Let a child read the workbook, and return what it has printed."""
    printed = _Printed()
    try:
        subprocess.run(  # noqa: S603, our own module
            (sys.executable, "-c", CHILD, str(path)),
            env={"OPENBLAS_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"},
            stdout=printed.file,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            check=True,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        problem = "cannot be read as a workbook: it is damaged, locked, or asks for too much memory"
        raise ImportRefused(path.name, problem) from None
    return printed


def _sheets(printed: _Printed) -> Iterator[_Sheet]:
    name, first = "", 0
    number = 0
    for number, line in enumerate(printed, start=1):
        if line.startswith("{"):
            if name:
                yield _Sheet(name, first, number - first)
            name, first = str(json.loads(line)["sheet"]), number + 1
    if name:
        yield _Sheet(name, first, number + 1 - first)


def _rows(printed: _Printed, sheet: _Sheet) -> Iterator[tuple[int, list[Cell]]]:
    """Yield number and cells of each row, as the workbook numbers them."""
    end = sheet.first_line + sheet.lines
    for number, line in enumerate(printed, start=1):
        if number >= end:
            return
        if number >= sheet.first_line:
            yield number - sheet.first_line + 1, [_cell(one) for one in json.loads(line)]


def _cell(written: object) -> Cell:
    if isinstance(written, Mapping):
        return datetime.fromisoformat(str(written["at"]))
    return written if isinstance(written, str | int | float) else str(written)


def _table(path: Path, printed: _Printed, sheet: _Sheet, is_header: IsHeader) -> SourceTable | None:
    found = _header(printed, sheet, is_header)
    if found is None:
        return None
    at, header = found

    def lines(advance: Advance) -> Iterator[Line | Rejected]:
        for number, cells in _rows(printed, sheet):
            if number % ROWS_PER_BATCH == 0:
                advance(number / sheet.lines)
            if number > at and any(cell != "" for cell in cells):
                yield _line(number, cells, header)

    return SourceTable(f"{path.name}, sheet {sheet.name}", tuple(header), lines, is_typed=True)


def _header(
    printed: _Printed, sheet: _Sheet, is_header: Callable[[Sequence[str]], bool]
) -> tuple[int, list[str]] | None:
    for number, cells in _rows(printed, sheet):
        if number > ROWS_ABOVE_HEADER:
            break
        names = header_names(cells)
        if is_header(names):
            return number, names
    return None


def _line(number: int, cells: list[Cell], header: list[str]) -> Line | Rejected:
    named = dict(zip(header, cells, strict=False))
    if is_total(cells):
        kind = "a line that adds up others"
        return Rejected(number, kind, named, kind=kind, cost=Cost.NOTHING)
    return Line(number, named)
