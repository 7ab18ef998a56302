"""A file of DuckDB's as a warehouse. While somebody has it open, nobody else may write it."""

import stat
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path

from duckdb import DuckDBPyConnection

from backend.database.duckdb_errors import UnreadableWarehouse
from backend.database.warehouses.confined import MayOpen
from backend.database.warehouses.warehouse import AttachedTables, TablesOfACatalog


@dataclass(frozen=True, slots=True)
class DuckdbFile:
    """A database that DuckDB keeps in one file.

    Attributes
    ----------
    path
        Of the file itself: links are followed by who looks for it.
    """

    path: Path

    @property
    def may_open(self) -> MayOpen:
        """Return the file, and the log that a writer who was killed leaves beside it."""
        return MayOpen(files=[str(self.path), f"{self.path}.wal"])

    def state(self) -> Hashable:
        """Return which file it is: one that others put in its place is another."""
        try:
            found = self.path.stat()
        except OSError as error:
            raise UnreadableWarehouse("no_file", f"{self.path}: {error.strerror}") from None
        if not stat.S_ISREG(found.st_mode):  # to open a pipe waits for somebody who writes it
            raise UnreadableWarehouse("no_file", f"{self.path} is not a file")
        return found.st_dev, found.st_ino

    def attach(self, database: DuckDBPyConnection, name: str) -> AttachedTables:
        """Open the file: nobody can write it now, and who replaces it leaves it as it is."""
        written = str(self.path).replace("'", "''")
        database.execute(f"ATTACH '{written}' AS {name} (READ_ONLY, TYPE duckdb)")
        return TablesOfACatalog()
