"""A folder as a warehouse: one file, or one folder of files, for each table, of Parquet or CSV.

Files are found by looking into the folder, not by patterns, and DuckDB is given their whole paths.
Nothing outside is read: a link that leads there is refused.
"""

import os
import re
import stat
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

from duckdb import DuckDBPyConnection

from backend.database.duckdb_errors import UnreadableWarehouse
from backend.database.warehouses.confined import MayOpen
from backend.database.warehouses.csv_columns import (
    CsvHead,
    head_of,
    named,
    no_pattern,
    path_of,
    texts_of,
    typed,
    types_of,
)
from backend.database.warehouses.warehouse import AttachedTables

PARQUET = (".parquet",)
CSV = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
IGNORED = (".", "_")  # what names of files begin with that others put beside: .DS_Store, _SUCCESS
# Which tables and columns there are is asked by values; then their names have to be there at least.
CATALOG = "information_schema"
VIEW = "CREATE OR REPLACE VIEW {} AS {}"
NAMED_ALONE = "CREATE VIEW IF NOT EXISTS {} AS SELECT NULL AS not_looked_at"
Looking = Future[Mapping[str, str]]
_lookers = ThreadPoolExecutor(2, "csv")
Identity = tuple[int, int, int, int]
NOWHERE: Identity = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file, or what is in the place of one, at one moment.

    Attributes
    ----------
    name
        Within the shop's folder.
    path
        Where it is, links followed.
    identity
        Another where it was written or replaced; None of a folder.
    trouble
        Why it cannot be read, as far as is known without opening it; "" where nothing is.
    """

    name: str
    path: Path
    identity: Identity | None
    trouble: str = ""

    @property
    def ending(self) -> str:
        """What its name ends in, where that is a kind of file that is read; else empty."""
        endings = (*PARQUET, *CSV)
        return next((one for one in endings if self.name.lower().endswith(one)), "")


Tables = Mapping[str, tuple[FoundFile, ...]]
"""The files of each table, by its name; none for a folder that is empty."""


class TypesOfCsv:
    """Types of the columns of CSV: found out once for each state of a table's files."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._of: dict[str, tuple[Hashable, Looking]] = {}

    def of(self, table: str, files: Hashable, look: Callable[[], Looking]) -> Looking:
        """Return what finds them out, or has; where that failed, it is begun anew."""
        with self._lock:
            known = self._of.get(table)
            if known is None or known[0] != files or _has_failed(known[1]):
                known = self._of[table] = (files, look())
            return known[1]


def _has_failed(looking: Looking) -> bool:
    return looking.done() and looking.exception() is not None


@dataclass(frozen=True, slots=True)
class TableFolder:
    """A folder of tables.

    Attributes
    ----------
    path
        Of the folder itself: links are followed by who looks for it.
    types
        Of the columns of CSV.
    """

    path: Path
    types: TypesOfCsv = field(default_factory=TypesOfCsv, compare=False)

    @property
    def may_open(self) -> MayOpen:
        """Return the folder."""
        # What it finds, and as it is asked for it.
        return MayOpen(folders=[f"{self.path}/", f"{no_pattern(str(self.path))}/"])

    def state(self) -> Hashable:
        """Return what is there."""
        return tuple(self.tables().items())

    def tables(self) -> Tables:
        """Look into the folder.

        Raises
        ------
        UnreadableWarehouse
            When it is not there, or may not be read.
        """
        try:
            return _tables_in(self.path)
        except OSError as error:
            problem = f"{error.filename or self.path}: {error.strerror}"
            raise UnreadableWarehouse("no_file", problem) from None

    def attach(self, database: DuckDBPyConnection, name: str) -> AttachedTables:
        """Make an empty catalog, which gets the tables that somebody names."""
        database.execute(f"ATTACH ':memory:' AS {name}")
        return TablesInFolder(self, self.tables(), database)


def _tables_in(folder: Path) -> Tables:
    found: dict[str, list[FoundFile]] = defaultdict(list)
    for entry in _entries(folder):
        if _is_folder(entry):
            found[entry.name] += _files_in(folder, Path(entry.path))
        elif is_named_so := entry.name.partition(".")[0]:
            found[is_named_so].append(_found(folder, Path(entry.path)))
    return {name: tuple(files) for name, files in sorted(found.items())}


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads in a circle, or to where nobody may look
        return False


def _files_in(folder: Path, inner: Path) -> list[FoundFile]:
    """Return a table's files, or what is in the way: that is nobody's concern who reads others."""
    try:
        return [_found(folder, Path(one.path)) for one in _entries(inner)]
    except OSError as error:
        trouble = f"cannot be looked into: {error.strerror}"
        return [FoundFile(inner.name, inner, NOWHERE, trouble)]


def _entries(folder: str | Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        kept = (one for one in entries if not one.name.startswith(IGNORED))
        return sorted(kept, key=lambda one: one.name)


def _found(folder: Path, path: Path) -> FoundFile:
    name = str(path.relative_to(folder))
    real = Path(os.path.realpath(path))  # of a circle of links, whoever opens it tells
    try:
        looked = real.stat()
    except OSError:  # a link that leads nowhere, or a file that went away just now
        return FoundFile(name, real, NOWHERE)
    if stat.S_ISDIR(looked.st_mode):
        return FoundFile(name, real, None)
    identity = (looked.st_dev, looked.st_ino, looked.st_size, looked.st_mtime_ns)
    # To open a pipe waits for somebody who writes it.
    trouble = "" if stat.S_ISREG(looked.st_mode) else "is neither a file nor a folder"
    return FoundFile(name, real, identity, trouble)


class TablesInFolder:
    """The tables of a folder as they were at one moment; each is a view, made when it is named."""

    def __init__(self, folder: TableFolder, tables: Tables, database: DuckDBPyConnection) -> None:
        self._folder = folder
        self._tables = tables
        self._database = database
        self._made: set[str] = set()
        self._making = Lock()

    def supply(
        self, cursor: DuckDBPyConnection, statement: str, values: Sequence[Any]
    ) -> Looking | None:
        """Make a view of each table that is named and has none yet."""
        of_catalog = CATALOG in statement
        spoken = " ".join([statement, *(one for one in values if isinstance(one, str))])
        wanted = _words(spoken if of_catalog else statement)
        with self._making:
            for name in self._tables.keys() - self._made:
                if name.lower() in wanted and self._is_meant(name, statement):
                    if isinstance(sql := self._sql(name), Future):
                        return sql
                    cursor.execute(VIEW.format(named(name), sql))
                    self._made.add(name)
                elif of_catalog:
                    cursor.execute(NAMED_ALONE.format(named(name)))
        return None

    def see_unchanged(self) -> None:
        """See that the files of all views are as they were."""
        now = self._folder.tables() if self._made else {}
        if any(now.get(name) != self._tables[name] for name in self._made):
            changed = next(one for one in sorted(self._made) if now.get(one) != self._tables[one])
            raise UnreadableWarehouse("changed", f"{changed} in {self._folder.path}")

    def _is_meant(self, name: str, statement: str) -> bool:
        """Whether a name is a table's: that of a file which is not read may be a column's too."""
        files = self._tables[name]
        if not files or any(one.ending for one in files):
            return True
        return re.search(rf'(?i)\b(from|join)\s+"?{re.escape(name)}\b', statement) is not None

    def _sql(self, name: str) -> str | Looking:
        """Return what selects a table; of CSV, what finds out its types, until that is known."""
        files = self._tables[name]
        self._refuse_unfit(name, files)
        if files[0].ending in PARQUET:
            paths = ", ".join(path_of(one.path) for one in files)
            return f"SELECT * FROM read_parquet([{paths}], union_by_name = true)"  # noqa: S608
        by_head: dict[CsvHead, list[Path]] = defaultdict(list)
        for one in files:
            by_head[head_of(one.path)].append(one.path)
        texts = texts_of(by_head)
        columns = dict.fromkeys(name for head in by_head for name in head.columns)
        looking = self._folder.types.of(
            name, files, partial(_look, self._database, texts, [*columns])
        )
        return typed(texts, looking.result()) if looking.done() else looking

    def _refuse_unfit(self, name: str, files: Sequence[FoundFile]) -> None:
        """Refuse files that are no table, naming the first of them."""
        if not files:
            raise UnreadableWarehouse("bad_file", f"{name} is a folder without a file")
        for file in files:
            if (problem := self._problem(file)) is not None:
                raise UnreadableWarehouse("bad_file", f"{file.name} {problem}")
        if len({(_place(file), file.ending in PARQUET) for file in files}) > 1:
            several = f"{files[0].name} and {files[-1].name}"
            raise UnreadableWarehouse("bad_file", f"{several} are both {name}")

    def _problem(self, file: FoundFile) -> str | None:
        if not file.path.is_relative_to(self._folder.path):
            return "is a link that leads out of the folder"
        if file.trouble:
            return file.trouble
        if file.identity is None:
            return "is a folder within a table's folder"
        if not file.ending:
            return f"is not read; files end in {', '.join((*PARQUET, *CSV))}"
        return None


def _look(database: DuckDBPyConnection, texts: str, columns: Sequence[str]) -> Looking:
    """Begin to find out types, apart from who asks: they may be gone before it is done."""
    return _lookers.submit(types_of, database.cursor(), texts, columns)


def _place(file: FoundFile) -> str:
    """Return where a file stands: those of one table stand in one folder, or it is one file."""
    parent, _, name = file.name.rpartition("/")
    return parent or name


def _words(text: str) -> set[str]:
    return set(re.findall(r"[\w$ -]+", text.lower())) | set(re.findall(r"[\w$]+", text.lower()))
