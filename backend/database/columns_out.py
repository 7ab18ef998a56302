"""Columns of a table of ours, whole, as typed arrays."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
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

Arrays = dict[str, NDArray[Any]]
Consume = Callable[[Arrays], Awaitable[None]]


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
    batches = list[Arrays]()

    async def keep(batch: Arrays) -> None:
        batches.append(batch)

    await read_column_batches(connection, columns, keep, where=where, order_by=order_by)
    return {one.name: np.concatenate([part.pop(one.name) for part in batches]) for one in columns}


async def read_column_batches(
    connection: AsyncConnection,
    columns: Sequence[Column[Any]],
    consume: Consume,
    *,
    where: Sequence[ColumnElement[bool]] = (),
    order_by: Column[Any] | None = None,
) -> None:
    """Hand over rows of some columns of one table, batch by batch, as `read_columns` has them.

    Parameters
    ----------
    connection
        In a transaction.
    columns
        Of one table.
    consume
        Called with each batch, the first of which is empty; nothing more is read before it returns.
    where, order_by
        As `read_columns` has them.
    """
    dialect = connection.dialect.name
    kinds = await _kinds(connection, columns)
    asked = [_asked(one, kinds[one.name], dialect) for one in columns]
    schema = pa.schema({one.name: type_ for one, (_, type_) in zip(columns, asked, strict=True)})

    async def hand_over(batch: pa.RecordBatch) -> None:
        await consume({one.name: _typed(batch.column(one.name), one) for one in columns})

    chosen = select(*(one for one, _ in asked)).where(*where)
    ordered = chosen if order_by is None else chosen.order_by(order_by)
    await hand_over(pa.record_batch([pa.array([], one.type) for one in schema], schema=schema))
    await read_batches(connection, ordered, schema, hand_over)


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


def _typed(values: "pa.Array[Any]", column: Column[Any]) -> NDArray[Any]:
    if isinstance(column.type, UtcDateTime):
        values = values.cast(pa.timestamp("us"))
    if not pa.types.is_string(values.type):
        return np.asarray(values.to_numpy(zero_copy_only=False))
    if column.primary_key:  # each another
        return np.asarray(values.to_numpy(zero_copy_only=False), dtype=object)
    return _shared(values)


def _shared(texts: "pa.Array[Any]") -> NDArray[Any]:
    """Return texts of which equal ones are one object: a column of segments knows twenty."""
    encoded = texts.dictionary_encode()
    words = np.array([*encoded.dictionary.to_pylist(), None], dtype=object)
    places = encoded.indices.fill_null(len(words) - 1).to_numpy()
    shared: NDArray[Any] = words[places]
    return shared
