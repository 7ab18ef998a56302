"""One DuckDB of this process for each warehouse: what is read is attached for a read, then let go.

Opening a DuckDB anew takes a twentieth of a second, attaching a file to one a thousandth. There is
one for all of a process's connections, because the lock that a process has on a file is gone as
soon as it closes the file a second time (https://www.sqlite.org/howtocorrupt.html, 2.2).
"""

import tempfile
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from itertools import count
from threading import Lock
from typing import Any, TypeVar

import duckdb
from duckdb import DuckDBPyConnection

from backend.database.warehouses.confined import SPILL_PREFIX, confined
from backend.database.warehouses.warehouse import AttachedTables, Warehouse

SECONDS_BETWEEN_LOOKS = 0.05
Answer = TypeVar("Answer")
# Where PostgreSQL sorts NULL.
AS_ELSEWHERE = {"default_null_order": "NULLS_LAST_ON_ASC_FIRST_ON_DESC"}


@dataclass(slots=True)
class Attached:
    """One state of a warehouse, and how many read it."""

    name: str
    state: Hashable
    tables: AttachedTables
    readers: int = 0


class WarehouseReader:
    """Reads one warehouse for all of a process."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self._lock = Lock()
        self._names = count()
        self._newest: Attached | None = None
        self._database: DuckDBPyConnection | None = None

    def begin(self) -> "WarehouseRead":
        """Open what is there now.

        Raises
        ------
        UnreadableWarehouse, duckdb.Error
            When it is not there, cannot be read, or somebody writes it.
        """
        with self._lock:
            state, database = self.warehouse.state(), self._opened()
            attached = self._newest
            if attached is None or attached.state != state:
                name = f"shop_{next(self._names)}"
                attached = Attached(name, state, self.warehouse.attach(database, name))
                self._newest = attached
            attached.readers += 1
            cursor = database.cursor()
        read = WarehouseRead(self, attached, cursor)
        try:
            cursor.execute(f"USE {attached.name}")
        except BaseException:
            read.end()
            raise
        return read

    def let_go(self, attached: Attached) -> None:
        """Close what nobody reads any more."""
        with self._lock:
            attached.readers -= 1
            if attached.readers:
                return
            if self._newest is attached:
                self._newest = None
            self._opened().execute(f"DETACH {attached.name}")

    def _opened(self) -> DuckDBPyConnection:
        if self._database is None:
            self._spills = tempfile.TemporaryDirectory(
                prefix=SPILL_PREFIX, ignore_cleanup_errors=True
            )
            may_open = self.warehouse.may_open
            self._database = confined(self._spills.name, may_open, settings=AS_ELSEWHERE)
        return self._database


class WarehouseReaders:
    """The readers of a process, by the URL of what is read."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._by_url: dict[str, WarehouseReader] = {}

    def begin(self, url: str, warehouse: Warehouse) -> "WarehouseRead":
        """Open what a URL names, which may be another warehouse than before: it may be a link."""
        with self._lock:
            reader = self._by_url.get(url)
            if reader is None or reader.warehouse != warehouse:
                reader = self._by_url[url] = WarehouseReader(warehouse)
        return reader.begin()


readers = WarehouseReaders()


class WarehouseRead:
    """Statements that see one state of a warehouse. One thread at a time."""

    def __init__(
        self, reader: WarehouseReader, attached: Attached, cursor: DuckDBPyConnection
    ) -> None:
        self._reader = reader
        self._attached: Attached | None = attached
        self._tables = attached.tables
        self._cursor = cursor
        self._is_told_to_end = False

    def ask(
        self,
        statement: str,
        values: Sequence[Any],
        make: Callable[[DuckDBPyConnection, str, Sequence[Any]], Answer],
    ) -> Answer:
        """Return what is made of what a statement finds.

        Parameters
        ----------
        statement, values
            What is asked.
        make
            Asks it.

        Raises
        ------
        UnreadableWarehouse, duckdb.Error
            When what it reads cannot be read, or was changed since the first statement.
        """
        try:
            while (looking := self._tables.supply(self._cursor, statement, values)) is not None:
                self._wait_for(looking)
            made = make(self._cursor, statement, values)
        except Exception:
            self.see_unchanged()
            raise
        self.see_unchanged()
        return made

    def see_unchanged(self) -> None:
        """See that a statement that streams has read what was there when the first one began.

        Raises
        ------
        UnreadableWarehouse
            When it was changed meanwhile.
        """
        self._tables.see_unchanged()

    def _wait_for(self, looking: Future[Any]) -> None:
        """Wait for what others wait for too, until it is done or this read is told to end."""
        while not looking.done():
            if self._is_told_to_end:
                raise duckdb.InterruptException("told to end")
            wait([looking], SECONDS_BETWEEN_LOOKS)
        looking.result()

    def interrupt(self) -> None:
        """End what runs, from another thread."""
        self._is_told_to_end = True
        self._cursor.interrupt()

    def end(self) -> None:
        """Let go of what was read."""
        attached, self._attached = self._attached, None
        if attached is not None:
            self._cursor.close()
            self._reader.let_go(attached)
