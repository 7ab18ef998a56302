"""Reads a workbook in a process of its own, within bounds, and prints its rows as lines of JSON.

A workbook of a few kilobytes can ask for terabytes: repeated cells, a cell in the last corner, a
zip of blanks. Here it is this process that ends, and not the one that loads.
"""

import json
import sys
from datetime import date, datetime
from typing import Any

import pandas as pd

from backend.files.tables.workbook_bounds import bound_this_process


def main() -> None:
    """Print each sheet of the workbook named by the only argument: its name, then its rows."""
    bound_this_process()
    sheets = pd.read_excel(
        sys.argv[1],
        sheet_name=None,
        header=None,
        dtype=object,
        keep_default_na=False,
        na_filter=False,
        engine="calamine",
    )
    for name, sheet in sheets.items():
        _say({"sheet": str(name)})
        for row in sheet.itertuples(index=False, name=None):
            _say([_written(cell) for cell in row])


def _say(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")


def _written(cell: Any) -> object:
    if cell is None or cell != cell:  # NaN is not itself
        return ""
    if isinstance(cell, datetime):
        return {"at": cell.isoformat()}
    if isinstance(cell, date):
        return {"at": f"{cell.isoformat()}T00:00:00"}
    if isinstance(cell, bool):
        return str(cell).lower()
    return cell if isinstance(cell, str | int | float) else str(cell)
