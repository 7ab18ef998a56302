"""DuckDB as SQLAlchemy's asynchronous engines take a driver: each call in a thread.

What is read is open from the first statement of a transaction to its end, and not while the
connection waits in its pool. There is nothing to commit.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import duckdb
from duckdb import DuckDBPyConnection
from sqlalchemy.connectors.asyncio import (
    AsyncAdapt_dbapi_connection,
    AsyncAdapt_dbapi_module,
    AsyncAdapt_terminate,
)
from sqlalchemy.util.concurrency import await_only

from backend.database.bounds import Bounds
from backend.database.duckdb_errors import as_duckdb_raises, kind_on_duckdb
from backend.database.warehouses.warehouse_reader import WarehouseRead

if TYPE_CHECKING:  # only who reads columns has it imported: 50 MiB
    import pyarrow as pa

LOCK_SECONDS_OF_PATIENT = 30.0
LOCK_SHARE = 0.8
SECONDS_BETWEEN_TRIES = 0.05
# A statement that has not begun yet is not interrupted: it is told again until it ends.
SECONDS_BETWEEN_INTERRUPTS = 0.02
MOST_THREADS = 64  # as many as may read at once; they are made when needed
ROWS_PER_BATCH = 50_000

Answer = TypeVar("Answer")
Description = Sequence[Sequence[Any]]
BeginRead = Callable[[], WarehouseRead]
_threads = ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="duckdb")


@dataclass(slots=True)
class WholeResult:
    """What a statement found, whole."""

    description: Description | None
    rows: list[Any]


class DuckdbConnection:
    """A connection that opens what it reads when it is asked something.

    Parameters
    ----------
    begin
        Opens it.
    bounds
        How long a statement may take, and a lock be waited for.
    """

    def __init__(self, begin: BeginRead, bounds: Bounds) -> None:
        self._begin = begin
        self._bounds = bounds
        self._read: WarehouseRead | None = None

    async def found(self, statement: str, values: Sequence[Any] = ()) -> WholeResult:
        """Run a statement, and return all that it finds."""
        return await self._within_bounds(partial(self._ask, statement, values, _whole))

    async def batches(
        self, statement: str, values: Sequence[Any] = ()
    ) -> "AsyncIterator[pa.RecordBatch]":
        """Run a statement, and yield what it finds as it comes."""
        reader = await self._within_bounds(partial(self._ask, statement, values, _streamed))
        while (batch := await self._within_bounds(partial(_next, reader))) is not None:
            yield batch
        if self._read is not None:
            self._read.see_unchanged()

    async def end(self) -> None:
        """Close what was read."""
        read, self._read = self._read, None
        if read is not None:
            await asyncio.get_running_loop().run_in_executor(_threads, read.end)

    def drop(self) -> None:
        """Close what was read, from wherever that is asked."""
        read, self._read = self._read, None
        if read is not None:
            read.end()

    def _ask(
        self,
        statement: str,
        values: Sequence[Any],
        make: Callable[[DuckDBPyConnection, str, Sequence[Any]], Answer],
    ) -> Answer:
        if self._read is None:
            self._read = self._opened()
        return self._read.ask(statement, values, make)

    def _opened(self) -> WarehouseRead:
        """Open what is read; whoever writes it is waited for."""
        until = time.monotonic() + _patience(self._bounds)
        while True:
            try:
                return self._begin()
            except duckdb.IOException as error:
                if kind_on_duckdb(error) != "locked" or time.monotonic() > until:
                    raise
            time.sleep(SECONDS_BETWEEN_TRIES)

    async def _within_bounds(self, work: Callable[[], Answer]) -> Answer:
        """Do work in a thread; whoever does not wait for it to end has it ended."""
        done = asyncio.get_running_loop().run_in_executor(_threads, work)
        try:
            async with asyncio.timeout(self._bounds.statement_seconds or None):
                return await asyncio.shield(done)
        except BaseException:
            while not done.done():
                if self._read is not None:
                    self._read.interrupt()
                await asyncio.wait({done}, timeout=SECONDS_BETWEEN_INTERRUPTS)
            done.exception()  # nobody else asks for it
            raise


def _patience(bounds: Bounds) -> float:
    """Return how long a lock is waited for: less than all, so that the lock is told and no time."""
    bound = bounds.transaction_seconds or bounds.statement_seconds
    longest = LOCK_SHARE * bound or LOCK_SECONDS_OF_PATIENT
    return min(bounds.lock_seconds or longest, longest)


def _whole(cursor: DuckDBPyConnection, statement: str, values: Sequence[Any]) -> WholeResult:
    found = cursor.execute(statement, values)
    return WholeResult(found.description, found.fetchall())


def _streamed(
    cursor: DuckDBPyConnection, statement: str, values: Sequence[Any]
) -> "pa.RecordBatchReader":
    reader: pa.RecordBatchReader = cursor.sql(statement, params=values).to_arrow_reader(
        ROWS_PER_BATCH
    )
    return reader


def _next(reader: "pa.RecordBatchReader") -> "pa.RecordBatch | None":
    try:
        return reader.read_next_batch()
    except StopIteration:
        return None
    except (OSError, ValueError) as error:
        raise as_duckdb_raises(error) from error


class DuckdbCursor:
    """A cursor as SQLAlchemy asks for one."""

    rowcount = -1
    arraysize = 1
    lastrowid = None

    def __init__(self, adapted: "AdaptedDuckdb", *_: object) -> None:
        self._driver = adapted.driver_connection
        self._rows: list[Any] = []
        self.description: Description | None = None

    def execute(self, statement: str, values: Sequence[Any] | None = None) -> None:
        """Run a statement."""
        found = await_only(self._driver.found(statement, values or ()))
        self.description, self._rows = found.description, found.rows[::-1]

    def fetchone(self) -> Any:
        """Return the next row; None after the last."""
        return self._rows.pop() if self._rows else None

    def fetchmany(self, size: int | None = None) -> list[Any]:
        """Return the next rows."""
        return [self._rows.pop() for _ in range(min(size or self.arraysize, len(self._rows)))]

    def fetchall(self) -> list[Any]:
        """Return all rows that are left."""
        rows, self._rows = self._rows[::-1], []
        return rows

    def setinputsizes(self, *_: object) -> None:
        """Do nothing, as most drivers."""

    def close(self) -> None:
        """Forget what was found."""
        self._rows = []

    async def _async_soft_close(self) -> None:
        """Keep what was found: it is all here."""


class AdaptedDuckdb(AsyncAdapt_terminate, AsyncAdapt_dbapi_connection):
    """A connection as SQLAlchemy's pools keep it."""

    _cursor_cls = DuckdbCursor  # type: ignore[assignment]
    _ss_cursor_cls = DuckdbCursor  # type: ignore[assignment]

    def __init__(self, dbapi: Any, connection: DuckdbConnection) -> None:
        super().__init__(dbapi, connection)  # type: ignore[arg-type]

    @property
    def driver_connection(self) -> DuckdbConnection:
        """The connection itself."""
        connection: Any = self._connection
        return connection  # type: ignore[no-any-return]

    def commit(self) -> None:
        """End what was read."""
        await_only(self.driver_connection.end())

    rollback = commit
    close = commit

    async def _terminate_graceful_close(self) -> None:
        await self.driver_connection.end()

    def _terminate_force_close(self) -> None:
        self.driver_connection.drop()


class DuckdbModule(AsyncAdapt_dbapi_module):
    """What SQLAlchemy looks for in a driver's module."""

    paramstyle = "qmark"

    def __init__(self) -> None:
        super().__init__(duckdb)
        for name in ("Error", "DatabaseError", "OperationalError", "ProgrammingError"):
            setattr(self, name, getattr(duckdb, name))
        for name in ("InterfaceError", "IntegrityError", "NotSupportedError", "DataError"):
            setattr(self, name, getattr(duckdb, name, duckdb.Error))
        self.InternalError = duckdb.InternalError

    def connect(self, begin: BeginRead, bounds: Bounds) -> AdaptedDuckdb:
        """Make a connection, which opens nothing yet."""
        return AdaptedDuckdb(self, DuckdbConnection(begin, bounds))
