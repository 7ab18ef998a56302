"""Parquet files as tables, by row groups."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq

from backend.core.errors import ImportRefused
from backend.files.records import Cell, Line
from backend.files.tables.source_table import (
    ROWS_PER_BATCH,
    Advance,
    SourceTable,
    header_names,
)


def parquet_table(path: Path) -> SourceTable:
    """Look at a Parquet file's columns.

    Raises
    ------
    ImportRefused
        When it is none; and, while it is read, when it is damaged inside.
    """
    file = _opened(path)
    header = header_names(file.schema_arrow.names)

    def lines(advance: Advance) -> Iterator[Line]:
        file = _opened(path)
        total = max(file.metadata.num_rows, 1)
        number = 0
        for rows in _rows(path, file, header):
            for row in rows:
                number += 1
                yield Line(number, {name: typed_cell(value) for name, value in row.items()})
            advance(number / total)

    return SourceTable(path.name, tuple(header), lines, is_typed=True)


def _opened(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (OSError, ValueError) as error:
        problem = error.strerror if isinstance(error, FileNotFoundError) else None
        said = f"cannot be read ({problem})" if problem else f"is no Parquet file ({error})"
        raise ImportRefused(path.name, said) from None


def _rows(path: Path, file: pq.ParquetFile, names: list[str]) -> Iterator[list[dict[str, object]]]:
    """Read batch by batch; a damage in the middle is the file's, whoever waits for its rows."""
    try:
        for batch in file.iter_batches(ROWS_PER_BATCH):
            yield batch.rename_columns(names).to_pylist()
    except (OSError, ValueError, TypeError, NotImplementedError) as error:
        problem = str(error).partition("\n")[0].rstrip(".")
        raise ImportRefused(path.name, f"is damaged and cannot be read on ({problem})") from None


def typed_cell(value: object) -> Cell:
    """Return a value of a typed column as a field."""
    if value is None or value != value:  # NaN is not itself
        return ""
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001, in the shop's zone
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str | int | float | Decimal) else str(value)
