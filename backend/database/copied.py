"""Rows of a SELECT as CSV that PostgreSQL writes itself, handed on as they come.

Neither driver nor Core makes values of them: a row costs a tenth of what it does as objects.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import Select, text

from backend.database.async_engines import AsyncConnection
from backend.database.compiled import Compiled
from backend.database.failures import problems_named

BYTES_PER_PIECE = 1 << 20
MEMORY = "SET LOCAL work_mem = '64MB'"  # sorted on disk, rows take twice as long
Take = Callable[[bytes], Awaitable[None]]


async def copied(
    connection: AsyncConnection,
    statement: Select[Any],
    take: Take,
    *,
    database: str,
) -> None:
    r"""Hand over the rows as CSV, in pieces of whole rows that end in \r\n.

    Parameters
    ----------
    connection
        To PostgreSQL, within a `snapshot`.
    statement
        What the columns hold is written as it is: make texts of what is to look otherwise.
    take
        Called with each piece; nothing more is read before it returns.
    database
        What the database is called in the error: "shop" or "intelligence".

    Raises
    ------
    DatabaseUnavailable, DatabaseRefuses
        As of a `transaction`.
    """
    await connection.execute(text(MEMORY))
    compiled = Compiled.of(statement, connection.dialect)
    driver: Any = (await connection.get_raw_connection()).driver_connection
    held = bytearray()

    async def gather(chunk: bytes) -> None:
        held.extend(chunk)  # whole rows: the server sends one a message
        if len(held) >= BYTES_PER_PIECE:
            await hand_over()

    async def hand_over() -> None:
        piece = with_crlf(bytes(held))
        held.clear()
        await take(piece)

    with problems_named(database, connection.engine.url.username):
        await driver.copy_from_query(
            compiled.sql, *compiled.arguments({}), output=gather, format="csv"
        )
    if held:
        await hand_over()


def rows_in(piece: bytes) -> int:
    """Count the rows of a piece that `copied` hands over."""
    return sum(part.count(b"\r\n") for part in piece.split(b'"')[::2])


def with_crlf(rows: bytes) -> bytes:
    """End rows as RFC 4180 does; PostgreSQL ends them in a line feed, which texts may hold too."""
    parts = rows.split(b'"')  # every other one is between quotes; a doubled one encloses nothing
    parts[::2] = [part.replace(b"\n", b"\r\n") for part in parts[::2]]
    return b'"'.join(parts)
