"""The one seam for shops that no server keeps: what DuckDB is given to read.

A warehouse with an Arrow reader is one more class: it attaches an empty catalog, and registers a
reader for every table that a statement names. See docs/databases.md.
"""

from collections.abc import Hashable, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

from duckdb import DuckDBPyConnection

from backend.database.warehouses.confined import MayOpen


class AttachedTables(Protocol):
    """The tables of a warehouse as they are at one moment."""

    def supply(
        self, cursor: DuckDBPyConnection, statement: str, values: Sequence[Any]
    ) -> "Future[Any] | None":
        """See that the tables that a statement, or a value of it, names can be read.

        Returns
        -------
        What takes its time, and is gone on with whoever waits; then this is asked once more.

        Raises
        ------
        UnreadableWarehouse, duckdb.Error
            When one of them cannot be read.
        """

    def see_unchanged(self) -> None:
        """See that what was supplied is what was there at that moment.

        Raises
        ------
        UnreadableWarehouse
            When it was changed meanwhile.
        """


class Warehouse(Protocol):
    """Where a shop's tables are, and how DuckDB gets at them. Equal ones read the same."""

    @property
    def may_open(self) -> MayOpen:
        """What DuckDB has to open for it."""

    def state(self) -> Hashable:
        """Return what is another value where what is there may be another than before.

        Raises
        ------
        UnreadableWarehouse
            When it is not there.
        """

    def attach(self, database: DuckDBPyConnection, name: str) -> AttachedTables:
        """Attach what is there now as a catalog of that name, to be read only.

        Raises
        ------
        UnreadableWarehouse, duckdb.Error
            When it cannot be read.
        """


class TablesOfACatalog:
    """Tables that are there once their catalog is attached, and stay as they are."""

    def supply(self, cursor: DuckDBPyConnection, statement: str, values: Sequence[Any]) -> None:
        """Do nothing."""

    def see_unchanged(self) -> None:
        """Do nothing."""
