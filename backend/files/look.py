"""How files would be read, without loading any: what `check files` shows."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

from backend.files.load import read_items
from backend.files.records import Cost, Item, Record
from backend.files.survey import Asked, Surveyed, survey
from backend.files.tally import FileTally
from backend.results.loaded_files import FileLook, ShownRow

ROWS = 5
ITEMS = 200  # of the first lines, among which these rows are


def look_at_files(paths: Sequence[Path], asked: Asked, zone: ZoneInfo) -> list[FileLook]:
    """Read files as an import would, up to the first rows of each.

    Parameters
    ----------
    paths
        Text, Parquet or workbooks.
    asked
        What somebody says of them.
    zone
        The shop's.

    Raises
    ------
    ImportRefused
        As an import would.
    """
    return [_look(table) for table in survey(paths, asked, zone).tables]


def _look(table: Surveyed) -> FileLook:
    tally = FileTally(table.understood, table.form.format.table)
    shown: list[ShownRow] = []
    for item in islice(read_items(table), ITEMS):
        if not isinstance(item, Record):
            tally.refuse(item)
        elif _is_shown(item, table) and len(shown) < ROWS:
            shown.append(_shown(item))
    return FileLook(table.understood, shown, tally.refusals(Cost.ROW))


def _is_shown(item: Item, table: Surveyed) -> bool:
    return isinstance(item, Record) and item.table == table.form.format.table and not item.is_hint


def _shown(record: Record) -> ShownRow:
    values = {name: "" if value is None else str(value) for name, value in record.row.items()}
    if record.by is not None:
        values["known_by"] = record.by.value
    return ShownRow(record.table, values)
