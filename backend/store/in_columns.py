"""What moves whole tables of ours in columns, imported by a run alone.

Arrow is nothing that those who serve need: it would cost each of them 40 MiB.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from numpy.typing import NDArray
from sqlalchemy import Column, ColumnElement, Table

from backend.core.late import late
from backend.core.typed_cells import TypedCells
from backend.database.async_engines import AsyncConnection

ArraysByName = Mapping[str, NDArray[Any]]
Consume = Callable[[ArraysByName], Awaitable[None]]


class ColumnsOut(Protocol):
    """What `database.columns_out` is."""

    async def read_columns(
        self,
        connection: AsyncConnection,
        *columns: Column[Any],
        where: Sequence[ColumnElement[bool]] = (),
        order_by: Column[Any] | None = None,
    ) -> ArraysByName:
        """Return rows of some columns of one table."""

    async def read_column_batches(
        self, connection: AsyncConnection, columns: Sequence[Column[Any]], consume: Consume
    ) -> None:
        """Hand them over batch by batch, the first of which is empty."""


class ColumnsIn(Protocol):
    """What `database.columns_in` is."""

    async def write_columns(
        self, connection: AsyncConnection, table: Table, columns: Mapping[str, TypedCells]
    ) -> None:
        """Insert rows that are given in columns."""


def columns_out() -> ColumnsOut:
    """Import what reads them, now."""
    found: ColumnsOut = late("backend.database.columns_out")
    return found


def columns_in() -> ColumnsIn:
    """Import what writes them, now."""
    found: ColumnsIn = late("backend.database.columns_in")
    return found
