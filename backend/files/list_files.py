"""Rows of a list as a file: CSV, Parquet or a workbook, written as they come."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

from backend.core.customer_id import DECIMAL
from backend.core.errors import ExportRefused
from backend.core.late import late
from backend.files.whole_file import whole_file
from backend.results.declared import Count, Flag, Instant, Kind, Label, Quantity, Real

Row = Sequence[Any]
Write = Callable[[Iterable[Row]], None]
# What spreadsheets take for the beginning of a formula; East Asian ones the wide signs too.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001
CSV_FILE = ".csv"
ROWS_OF_A_SHEET = 1_048_576


@dataclass(frozen=True, slots=True)
class FileColumn:
    """A column of a file: its name, and what its values are."""

    name: str
    kind: Kind


def in_csv(rows: Iterable[Row]) -> str:
    """Write rows; unknown values are empty, and no text is a formula to a spreadsheet."""
    text = io.StringIO()
    csv.writer(text).writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    match value:
        case str():
            return _no_formula(value)
        case bool():
            return str(value).lower()
        case float():
            return repr(value).removesuffix(".0")  # as databases write it
        case datetime():
            return value.isoformat()
    return value


def _no_formula(text: str) -> str:
    is_formula = text.startswith(FORMULA_STARTS) and not DECIMAL.fullmatch(text)
    return f"'{text}" if is_formula else text


@contextmanager
def list_file(path: Path, columns: Sequence[FileColumn]) -> Iterator[Write]:
    """Open a file that rows are written to, of the kind that its name says.

    Parameters
    ----------
    path
        Ends with .parquet or .xlsx; what is there is replaced once all is written.
    columns
        Of every row, in order.

    Raises
    ------
    ExportRefused
        When its name says no such kind, it cannot be written, or a sheet cannot hold the rows.
    """
    open_as = KINDS_OF_TABLES.get(path.suffix.lower())
    if open_as is None:
        kinds = (CSV_FILE, *KINDS_OF_TABLES)
        raise ExportRefused(str(path), f"ends with none of {', '.join(kinds)}")
    with whole_file(path) as unfinished, open_as(unfinished, columns) as write:
        yield write


@contextmanager
def csv_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file that CSV is written to as bytes; else as `list_file`."""
    with whole_file(path) as unfinished, unfinished.open("wb") as file:
        yield file


@contextmanager
def _parquet(path: Path, columns: Sequence[FileColumn]) -> Iterator[Write]:
    pa, parquet = late("pyarrow"), late("pyarrow.parquet")
    types = {
        Quantity: pa.float64(),
        Real: pa.float64(),
        Count: pa.int64(),
        Label: pa.string(),
        Instant: pa.timestamp("us", "UTC"),
        Flag: pa.bool_(),
    }
    schema = pa.schema({one.name: types[type(one.kind)] for one in columns})
    with parquet.ParquetWriter(path, schema) as writer:

        def write(rows: Iterable[Row]) -> None:
            values = zip(*rows, strict=True)
            arrays = [
                pa.array(map(_in_parquet, one), of.type)
                for one, of in zip(values, schema, strict=False)
            ]
            if arrays:
                writer.write_table(pa.Table.from_arrays(arrays, schema=schema))

        yield write


def _in_parquet(value: Any) -> Any:
    """Return what analysts calculate with: decimals as floats."""
    return float(value) if isinstance(value, Decimal) else value


@contextmanager
def _workbook(path: Path, columns: Sequence[FileColumn]) -> Iterator[Write]:
    # Rows go to the disk as they come: memory does not grow with the list.
    as_text = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with late("xlsxwriter").Workbook(path, as_text) as book:
        sheet, place = book.add_worksheet("customers"), 0

        def write(rows: Iterable[Row]) -> None:
            nonlocal place
            for row in rows:
                if place == ROWS_OF_A_SHEET:
                    raise ExportRefused(path.name, "would have more rows than a sheet can hold")
                sheet.write_row(place, 0, [_in_sheet(value) for value in row])
                place += 1

        write([[one.name for one in columns]])
        yield write


def _in_sheet(value: Any) -> Any:
    """Return what a sheet can hold: it knows no time zones."""
    return value.isoformat() if isinstance(value, datetime) else value


KINDS_OF_TABLES: Mapping[
    str, Callable[[Path, Sequence[FileColumn]], AbstractContextManager[Write]]
] = {".parquet": _parquet, ".xlsx": _workbook}
