"""Columns of a table of ours, whole, as typed arrays."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import Column, ColumnElement, Double, Integer, Numeric, cast, select

from backend.database.async_engines import AsyncConnection
from backend.database.bulk import read_batches
from backend.database.column_types import UtcDateTime
from backend.database.expressions import MYSQL, moment
from backend.database.kinds import Kind, column_kinds, stored_kind


async def read_columns(
    connection: AsyncConnection,
    *columns: Column[Any],
    where: Sequence[ColumnElement[bool]] = (),
    order_by: Column[Any] | None = None,
) -> Mapping[str, NDArray[Any]]:
    """Return rows of some columns of one table, in the same order.

    Parameters
    ----------
    connection
        In a transaction.
    columns
        Whole numbers become int64, or str and None as objects where they are ids, floats with NaN
        where some are unknown; other numbers floats with NaN, instants datetime64[us] with NaT,
        texts str and None as objects.
    where
        What rows have in common; empty: all of them.
    order_by
        What they are ascending by; None: nothing.

    Returns
    -------
    By the names of the columns.
    """
    dialect = connection.dialect.name
    kinds = await _kinds(connection, columns)
    asked = [_asked(one, kinds[one.name], dialect) for one in columns]
    schema = pa.schema({one.name: type_ for one, (_, type_) in zip(columns, asked, strict=True)})
    batches: list[pa.RecordBatch] = []

    async def keep(batch: pa.RecordBatch) -> None:
        batches.append(batch)

    chosen = select(*(one for one, _ in asked)).where(*where)
    ordered = chosen if order_by is None else chosen.order_by(order_by)
    await read_batches(connection, ordered, schema, keep)
    rows = pa.Table.from_batches(batches, schema)
    return {name: _typed(rows[name]) for name in schema.names}


async def _kinds(connection: AsyncConnection, columns: Sequence[Column[Any]]) -> Mapping[str, Kind]:
    """Return what columns hold: ids of ours have another type where the shop's have."""
    table = columns[0].table
    if connection.dialect.name == "sqlite":
        return {one.name: await stored_kind(connection, table, one.name) for one in columns}
    return await column_kinds(connection, table)


def _asked(column: Column[Any], kind: Kind, dialect: str) -> tuple[ColumnElement[Any], pa.DataType]:
    """Return what is selected of a column, and what it comes as."""
    if isinstance(column.type, UtcDateTime):
        return _instant(column, dialect)
    if isinstance(column.type, Numeric):
        return cast(column, Double()), pa.float64()
    if type(column.type) is Integer:  # ids are of a wider one, and may be texts
        return column, pa.int64()
    return column, pa.int64() if kind is Kind.INTEGER else pa.string()


def _instant(column: Column[Any], dialect: str) -> tuple[ColumnElement[Any], pa.DataType]:
    if dialect in MYSQL:
        return moment(dialect, column, Kind.DATETIME), pa.int64()
    return column, pa.timestamp("us")


def _typed(column: "pa.ChunkedArray[Any]") -> NDArray[Any]:
    if pa.types.is_string(column.type):
        return np.asarray(column.to_numpy(zero_copy_only=False), dtype=object)
    return np.asarray(column.to_numpy())
