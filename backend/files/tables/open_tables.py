"""Which kind of file each is, and the tables in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from backend.core.errors import ImportRefused
from backend.files.tables.parquet_tables import parquet_table
from backend.files.tables.source_table import IsHeader, SourceTable
from backend.files.tables.text_tables import text_table
from backend.files.tables.workbooks import SUFFIXES, workbook_tables

# A zip, which xlsx and ods are, and what Excel wrote until 2003.
WORKBOOK_BEGINS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


@dataclass(frozen=True, slots=True)
class AskedOfTables:
    """What somebody says of files that the files themselves do not tell."""

    encoding: str | None = None
    sheets: Sequence[str] = ()


def tables_in(path: Path, asked: AskedOfTables, is_header: IsHeader) -> list[SourceTable]:
    """Return the tables in a file.

    Parameters
    ----------
    path
        Text, Parquet or a workbook, by the end of its name.
    asked
        What somebody says of it.
    is_header
        Knows a header when it sees one.

    Raises
    ------
    ImportRefused
        When the file cannot be read.
    """
    if path.suffix.lower() == ".parquet":
        return [parquet_table(path)]
    if _is_workbook(path):
        return workbook_tables(path, asked.sheets, is_header)
    return [text_table(path, asked.encoding, is_header)]


def _is_workbook(path: Path) -> bool:
    """Tell by the first bytes, and by the name: many a .xls is text, and some a .csv a workbook."""
    try:
        with path.open("rb") as file:
            begins = file.read(8)
    except OSError as error:
        raise ImportRefused(str(path), f"cannot be read ({error.strerror})") from None
    suffix = path.suffix.lower()
    return begins.startswith(WORKBOOK_BEGINS) or (suffix in SUFFIXES and suffix != ".xls")
