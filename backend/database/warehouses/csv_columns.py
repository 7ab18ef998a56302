"""What CSV holds, where nobody says: the columns by its first line, their types by all of its rows.

A column is of a type only where each of its values is written as that type is. What looks like a
number and is none (007, 1e5) stays a text, and so does a date that is not ISO 8601: a guess would
be wrong for some shop.
"""

import csv
import gzip
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection

from backend.database.duckdb_errors import UnreadableWarehouse

DELIMITERS = ",;\t|"
NULLS = ("", r"\N")  # as most write them, and as MySQL does
LONGEST_FIRST_LINE = 1 << 20
MOST_PLACES = 8
PATTERN = re.compile(r"[*?[]")  # what DuckDB looks for other files by
DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
TIME = r"[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?"
ZONE = " ?(Z|UTC|[+-][0-9]{2}(:?[0-9]{2})?)"
# By type: how all values of a column are written, the strictest first.
WRITTEN = {
    "BIGINT": "-?(0|[1-9][0-9]{0,18})",
    "DECIMAL(30, {places})": rf"-?(0|[1-9][0-9]{{0,20}})([.][0-9]{{1,{MOST_PLACES}}})?",
    "TIMESTAMP": f"{DAY}({TIME})?",
    "TIMESTAMPTZ": f"{DAY}{TIME}{ZONE}",
}


@dataclass(frozen=True, slots=True)
class CsvHead:
    """How a file is written, by its first line.

    Attributes
    ----------
    delimiter
        Between two values.
    columns
        Their names.
    is_gzipped
        Whether it is compressed, as its name says.
    """

    delimiter: str
    columns: tuple[str, ...]
    is_gzipped: bool = False


def head_of(file: Path) -> CsvHead:
    """Read the first line of a file.

    Raises
    ------
    UnreadableWarehouse
        When it names no columns, or one twice.
    """
    is_gzipped = file.name.lower().endswith(".gz")
    opened = gzip.open if is_gzipped else open
    try:
        with opened(file, "rt", encoding="utf-8-sig", newline="") as lines:
            first = lines.readline(LONGEST_FIRST_LINE)
    except UnicodeDecodeError:
        raise UnreadableWarehouse("bad_file", f"{file.name} is not in UTF-8") from None
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableWarehouse("bad_file", f"{file.name} {_trouble(error)}") from None
    return _head(file.name, first, is_gzipped=is_gzipped)


def _trouble(error: Exception) -> str:
    if isinstance(error, gzip.BadGzipFile):
        return "is not compressed by gzip, or is damaged"
    if isinstance(error, OSError):
        return f"cannot be opened: {error.strerror}"
    return "is cut off" if isinstance(error, EOFError) else "is damaged"


def _head(name: str, first: str, *, is_gzipped: bool) -> CsvHead:
    if not first.strip():
        problem = f"{name} is empty: its first line has to name the columns"
        raise UnreadableWarehouse("bad_file", problem)
    try:
        told = {one: next(csv.reader([first], delimiter=one)) for one in DELIMITERS}
    except csv.Error as error:  # a name is longer than any
        problem = f"{name}: its first line does not name columns, {error}"
        raise UnreadableWarehouse("bad_file", problem) from None
    delimiter = max(DELIMITERS, key=lambda one: len(told[one]))
    columns = tuple(column or f"column{at}" for at, column in enumerate(told[delimiter]))
    if len({column.lower() for column in columns}) < len(columns):
        raise UnreadableWarehouse("bad_file", f"{name} names a column twice in its first line")
    return CsvHead(delimiter, columns, is_gzipped)


def texts_of(files: Mapping[CsvHead, Sequence[Path]]) -> str:
    """Return SQL that selects all values as texts; files whose columns differ by their names."""
    return " UNION ALL BY NAME ".join(_read(head, some) for head, some in files.items())


def _read(head: CsvHead, files: Sequence[Path]) -> str:
    columns = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in head.columns)
    paths = ", ".join(map(path_of, files))
    compression = "gzip" if head.is_gzipped else "none"
    nulls = ", ".join(map(quoted, NULLS))
    return (  # names and paths are quoted
        f"SELECT * FROM read_csv([{paths}], header = true, auto_detect = false,"  # noqa: S608
        f" delim = {quoted(head.delimiter)}, quote = '\"', escape = '\"', nullstr = [{nulls}],"
        f" compression = '{compression}', columns = {{{columns}}})"
    )


def types_of(cursor: DuckDBPyConnection, texts: str, columns: Sequence[str]) -> Mapping[str, str]:
    """Read all rows, and return the type of each column, by its name."""
    counts = [one for column in columns for one in _counts(named(column))]
    counted = f"SELECT {', '.join(counts)} FROM ({texts})"  # noqa: S608, names are quoted
    found = cursor.execute(counted).fetchone() or ()
    width = len(WRITTEN) + 2
    return {
        column: _type(found[at * width : (at + 1) * width]) for at, column in enumerate(columns)
    }


def _counts(column: str) -> list[str]:
    """Return what counts a column's values, its decimal places, and its values of each type."""
    of_type = [
        f"count(CASE WHEN regexp_full_match({column}, '{pattern}')"
        f" THEN TRY_CAST({column} AS {type_.format(places=MOST_PLACES)}) END)"
        for type_, pattern in WRITTEN.items()
    ]
    return [f"count({column})", f"max(length(split_part({column}, '.', 2)))", *of_type]


def _type(found: Sequence[Any]) -> str:
    values, places, *of_type = found
    types = zip(WRITTEN, of_type, strict=True)
    fitting = (type_.format(places=places) for type_, count in types if values and count == values)
    return next(fitting, "VARCHAR")


def typed(texts: str, types: Mapping[str, str]) -> str:
    """Return SQL that selects the values of these types."""
    columns = (f"CAST({named(name)} AS {type_}) AS {named(name)}" for name, type_ in types.items())
    return f"SELECT {', '.join(columns)} FROM ({texts})"  # noqa: S608, names are quoted


def named(name: str) -> str:
    """Return a name as SQL writes one, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def path_of(file: Path) -> str:
    """Return a file's path as SQL writes one."""
    return quoted(no_pattern(str(file)))


def no_pattern(path: str) -> str:
    """Return what DuckDB finds this path by alone, though signs of a pattern be in it."""
    return PATTERN.sub(r"[\g<0>]", path)


def quoted(text: str) -> str:
    """Return a text as SQL writes one."""
    return "'" + text.replace("'", "''") + "'"
