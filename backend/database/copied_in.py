"""CSV into a table of ours by PostgreSQL's COPY, which takes it for a third of the processor."""

from collections.abc import AsyncIterator, Sequence
from io import BytesIO
from typing import Any

from sqlalchemy import Table

from backend.database.async_engines import AsyncConnection


async def copy_in(
    connection: AsyncConnection,
    table: Table,
    names: Sequence[str],
    lines: BytesIO | AsyncIterator[bytes],
) -> None:
    """Insert rows.

    Parameters
    ----------
    connection
        To PostgreSQL, in the transaction that is to write them.
    table
        Of ours.
    names
        Of the columns that rows have.
    lines
        CSV without a header; a value that is empty and not quoted is NULL.
    """
    driver: Any = (await connection.get_raw_connection()).driver_connection
    await driver.copy_to_table(table.name, source=lines, columns=[*names], format="csv")
