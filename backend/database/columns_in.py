"""Columns into a table, as their database takes them fastest; no value of them becomes an object.

PostgreSQL reads CSV by COPY, MySQL rows that are written out in one statement (LOAD DATA LOCAL is
refused by most servers), SQLite what its own driver binds.
"""

import io
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv
from sqlalchemy import Table

from backend.core.ahead import made_ahead
from backend.core.typed_cells import TypedCells
from backend.database.async_engines import AsyncConnection
from backend.database.copied_in import copy_in
from backend.database.expressions import MYSQL

ROWS_PER_PIECE = 20_000
ROWS_PER_STATEMENT = 2_000  # of MySQL: below a megabyte, where servers take 16 and more
MOST_DIGITS = 38
# Its stubs know no texts among its columns.
JOIN: Callable[..., Any] = pc.binary_join_element_wise
Quote = Callable[[str], str]


async def write_columns(
    connection: AsyncConnection, table: Table, columns: Mapping[str, TypedCells]
) -> None:
    """Insert rows that are given in columns.

    Parameters
    ----------
    connection
        In the transaction that is to write them.
    table
        Of ours.
    columns
        By name, all equally long.
    """
    rows = pa.table({name: _array(cells) for name, cells in columns.items()})
    if not rows.num_rows:
        return
    if connection.dialect.name == "postgresql":
        async with aclosing(_as_csv(rows)) as lines:
            await copy_in(connection, table, rows.column_names, lines)
    elif connection.dialect.name in MYSQL:
        await _write_out(connection, table, rows)
    else:
        await _bind(connection, table, rows)


def _array(cells: TypedCells) -> "pa.Array[Any]":
    if cells.places is not None:
        return _decimals(cells, cells.places)
    type_ = pa.string() if cells.values.dtype == object else None
    return pa.array(cells.values, type=type_, mask=~cells.known)


def _decimals(cells: TypedCells, places: int) -> "pa.Array[Any]":
    """Lay whole numbers of 64 bits out as decimals of 128."""
    whole = np.ascontiguousarray(cells.values, dtype="<i8")
    data = np.stack([whole, whole >> 63], axis=1)
    validity = pa.array(cells.known).buffers()[1]
    type_ = pa.decimal128(MOST_DIGITS, places)
    return pa.Array.from_buffers(type_, len(whole), [validity, pa.py_buffer(data.tobytes())])


def _as_csv(rows: pa.Table) -> AsyncGenerator[bytes]:
    """Write the next piece while the server takes the one before it in."""
    return made_ahead(_written, _pieces(rows, ROWS_PER_PIECE))


def _written(piece: pa.Table) -> bytes:
    written = io.BytesIO()
    csv.write_csv(piece, written, csv.WriteOptions(include_header=False))
    return written.getvalue()


def _pieces(rows: pa.Table, length: int) -> Iterator[pa.Table]:
    return (rows.slice(start, length) for start in range(0, rows.num_rows, length))


async def _write_out(connection: AsyncConnection, table: Table, rows: pa.Table) -> None:
    driver: Any = (await connection.get_raw_connection()).driver_connection
    beginning = _insert_into(connection, table, rows)
    # What is written out has no places for parameters: a % in it is a %.
    options = {"no_parameters": True}
    for piece in _pieces(rows, ROWS_PER_STATEMENT):
        literals = [_literals(column.combine_chunks(), driver.escape) for column in piece.columns]
        lines = JOIN(*literals, ",", null_handling="replace", null_replacement="NULL")
        statement = f"{beginning} VALUES ({'),('.join(lines.to_pylist())})"
        await connection.exec_driver_sql(statement, execution_options=options)


def _literals(column: "pa.Array[Any]", quote: Quote) -> "pa.Array[Any]":
    if pa.types.is_boolean(column.type):
        return column.cast(pa.int8()).cast(pa.string())
    if pa.types.is_timestamp(column.type):
        quoted: pa.Array[Any] = JOIN("'", column.cast(pa.string()), "'", "")
        return quoted
    if pa.types.is_string(column.type):
        encoded = column.dictionary_encode()
        texts = [quote(str(one)) for one in encoded.dictionary.to_pylist()]
        return pa.array(texts, pa.string()).take(encoded.indices)
    return column.cast(pa.string())


async def _bind(connection: AsyncConnection, table: Table, rows: pa.Table) -> None:
    """Bind what SQLAlchemy would: decimals as floats, instants as texts."""
    places = ", ".join("?" * rows.num_columns)
    statement = f"{_insert_into(connection, table, rows)} VALUES ({places})"
    for piece in _pieces(rows, ROWS_PER_PIECE):
        columns = [_bound(column).to_pylist() for column in piece.columns]
        await connection.exec_driver_sql(statement, list(zip(*columns, strict=True)))


def _bound(column: "pa.ChunkedArray[Any]") -> "pa.ChunkedArray[Any]":
    if pa.types.is_decimal(column.type):
        # By its digits: Arrow's own way multiplies, and 3.1108 became 3.1108000000000002.
        return column.cast(pa.string()).cast(pa.float64())
    return column.cast(pa.string()) if pa.types.is_timestamp(column.type) else column


def _insert_into(connection: AsyncConnection, table: Table, rows: pa.Table) -> str:
    quote = connection.dialect.identifier_preparer.quote
    names = ", ".join(map(quote, rows.column_names))
    return f"INSERT INTO {quote(table.name)} ({names})"
