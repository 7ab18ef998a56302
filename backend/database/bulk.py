"""Rows of a SELECT as Arrow batches: COPY on PostgreSQL, a server-side cursor elsewhere.

COPY runs on the pool's own connection, within the read's one snapshot, and writes CSV, which
Arrow reads into columns whatever the type of an id. Measured with 2 M orders of five columns:
1.3 s; a binary COPY of whole numbers alone 0.7 s; rows through the ORM 30 s.
"""

import io
from collections.abc import Callable
from typing import Any

import pyarrow as pa
from pyarrow import csv
from sqlalchemy import Select, text
from sqlalchemy.ext.asyncio import AsyncConnection

ROWS_PER_BATCH = 50_000
BYTES_PER_BATCH = 8 << 20
Consume = Callable[[pa.RecordBatch], None]

MEMORY = "SET LOCAL work_mem = '256MB'"  # sorting within it took a tenth of the time


async def read_batches(
    connection: AsyncConnection, statement: Select[Any], schema: pa.Schema, consume: Consume
) -> None:
    """Hand over the statement's rows, batch by batch.

    Parameters
    ----------
    connection
        Within a `snapshot`.
    statement
        Selects the columns of `schema`, in its order.
    schema
        Names and types of what `consume` gets.
    consume
        Called with each batch.
    """
    if connection.dialect.name == "postgresql":
        await _copy(connection, statement, schema, consume)
    else:
        await _stream(connection, statement, schema, consume)


async def _copy(
    connection: AsyncConnection, statement: Select[Any], schema: pa.Schema, consume: Consume
) -> None:
    query = statement.compile(
        dialect=connection.dialect, compile_kwargs={"literal_binds": True}
    ).string
    await connection.execute(text(MEMORY))
    raw = (await connection.get_raw_connection()).driver_connection
    held = bytearray()

    async def take(chunk: bytes) -> None:
        held.extend(chunk)
        if len(held) >= BYTES_PER_BATCH:
            end = held.rfind(b"\n") + 1
            consume(_parsed(bytes(held[:end]), schema))
            del held[:end]

    await raw.copy_from_query(query, output=take, format="csv")  # type: ignore[union-attr]
    if held:
        consume(_parsed(bytes(held), schema))


def _parsed(data: bytes, schema: pa.Schema) -> pa.RecordBatch:
    table = csv.read_csv(
        io.BytesIO(data),
        read_options=csv.ReadOptions(column_names=schema.names, block_size=len(data) + 1),
        convert_options=csv.ConvertOptions(
            column_types=schema,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    return table.combine_chunks().to_batches()[0]


async def _stream(
    connection: AsyncConnection, statement: Select[Any], schema: pa.Schema, consume: Consume
) -> None:
    async with connection.stream(statement) as result:
        async for rows in result.partitions(ROWS_PER_BATCH):
            columns = zip(*rows, strict=True)
            arrays = [
                pa.array(column, type=field.type, from_pandas=False)
                for column, field in zip(columns, schema, strict=True)
            ]
            consume(pa.record_batch(arrays, schema=schema))
