"""The process that makes a workbook: its memory is bounded, and it can be ended at any time.

Its standard input is one line of JSON that says where the workbook goes and what its columns are,
then rows as CSV, exact and with no text that a spreadsheet would take for a formula.
"""

import csv
import io
import json
import resource
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from backend.core.errors import ExportRefused
from backend.files.list_files import FileColumn, list_file
from backend.results.declared import Count, Flag, Kind, Label, Quantity, Real

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TOO_LONG = 3
MOST_BYTES = 512 * 2**20


def cell_kind(kind: Kind) -> str:
    """Say what a cell of a column is: "number", "flag" or "text"."""
    if isinstance(kind, Quantity | Count | Real):
        return "number"
    return "flag" if isinstance(kind, Flag) else "text"


CELLS: Mapping[str, Callable[[str], Any]] = {
    "number": float,
    # As CSV of databases and of ours has it.
    "flag": {
        "true": True,
        "false": False,
        "t": True,
        "f": False,
        "1": True,
        "0": False,
    }.__getitem__,
    "text": str,
}


def main() -> None:
    """Make the workbook that standard input tells, within a bound of memory."""
    with suppress(ValueError, OSError):  # where less is allowed already
        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    sys.exit(make(sys.stdin.buffer))


def make(told: BinaryIO) -> int:
    """Make a workbook, and return the exit code that says what became of it."""
    head = json.loads(told.readline())
    columns = [FileColumn(name, Label(255)) for name, _ in head["columns"]]
    cells = [CELLS[kind] for _, kind in head["columns"]]
    rows = csv.reader(io.TextIOWrapper(told, encoding="utf-8", newline=""))
    try:
        with list_file(Path(head["path"]), columns) as write:
            write(
                [None if text == "" else cell(text) for cell, text in zip(cells, row, strict=True)]
                for row in rows
            )
    except ExportRefused:
        return TOO_LONG
    return 0
