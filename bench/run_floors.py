"""What moving a shop's rows costs at the least: its orders and lines out, a run's results in.

Nothing is done with them: it is what each database's own driver, or the database itself, takes.
Rows go into a table with the key and the indexes that the guide prints, and none of our choice.
"""

import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncmy
import asyncpg
from asyncmy.cursors import SSCursor

from backend.database.engine import libpq_uri, parse_url

ORDERS = "SELECT customer_id, created_at, total_price FROM orders"
LINES = "SELECT order_id, product_id, quantity, vendor FROM order_line_items"
COPIED = "INSERT INTO floor SELECT * FROM customer_intelligence"
GONE = "DROP TABLE IF EXISTS floor"
EMPTY = "CREATE TABLE floor AS SELECT * FROM customer_intelligence LIMIT 0"
KEYED = "ALTER TABLE floor ADD PRIMARY KEY (customer_id)"
GUIDES_INDEXES = (
    "CREATE INDEX floor_archetype ON floor (archetype_id)",
    "CREATE INDEX floor_updated ON floor (updated_at)",
)
ROWS = 50_000


@dataclass(frozen=True, slots=True)
class Floor:
    """Seconds of each way; lines are 0 where there are none."""

    orders_out: float
    lines_out: float
    results_in: float

    @property
    def seconds(self) -> float:
        """All three."""
        return self.orders_out + self.lines_out + self.results_in

    def __str__(self) -> str:
        """Say each and their sum."""
        return (
            f"floor {self.seconds:6.1f} s: orders out {self.orders_out:.1f}, lines out "
            f"{self.lines_out:.1f}, results in {self.results_in:.1f}"
        )


async def measured(url: str, *, lines: bool) -> Floor:
    """Measure the floor of a shop that a run has seen, on whichever database it is."""
    backend = parse_url(url).get_backend_name()
    measure = {"postgresql": _on_postgresql, "sqlite": _on_sqlite}.get(backend, _on_mysql)
    return await measure(url, lines=lines)


async def _timed(work: Callable[[], Awaitable[Any]]) -> float:
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


async def _on_postgresql(url: str, *, lines: bool) -> Floor:
    connection = await asyncpg.connect(libpq_uri(parse_url(url)))
    pieces: list[bytes] = []

    async def drop(_piece: bytes) -> None: ...

    async def keep(piece: bytes) -> None:
        pieces.append(piece)

    async def kept() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    async def out(query: str) -> float:
        return await _timed(lambda: connection.copy_from_query(query, output=drop, format="binary"))

    try:
        for statement in (GONE, EMPTY, KEYED, *GUIDES_INDEXES):
            await connection.execute(statement)
        await connection.copy_from_table("customer_intelligence", output=keep, format="binary")
        came = await _timed(
            lambda: connection.copy_to_table("floor", source=kept(), format="binary")
        )
        await connection.execute("DROP TABLE floor")
        return Floor(await out(ORDERS), await out(LINES) if lines else 0.0, came)
    finally:
        await connection.close()


async def _on_mysql(url: str, *, lines: bool) -> Floor:
    at = parse_url(url)
    account = {"host": at.host, "port": at.port or 3306, "db": at.database}
    connection = await asyncmy.connect(
        **account, user=at.username, password=at.password or "", autocommit=True
    )

    async def out(query: str) -> None:
        async with connection.cursor(SSCursor) as cursor:
            await cursor.execute(query)
            while await cursor.fetchmany(ROWS):
                pass

    async def do(statement: str) -> None:
        async with connection.cursor() as cursor:
            await cursor.execute(statement)

    try:
        for statement in (GONE, EMPTY, KEYED, *GUIDES_INDEXES):
            await do(statement)
        came = await _timed(lambda: do(COPIED))
        await do("DROP TABLE floor")
        orders = await _timed(lambda: out(ORDERS))
        return Floor(orders, await _timed(lambda: out(LINES)) if lines else 0.0, came)
    finally:
        await connection.ensure_closed()


async def _on_sqlite(url: str, *, lines: bool) -> Floor:
    file = Path(str(parse_url(url).database))
    with closing(sqlite3.connect(file)) as connection:

        async def out(query: str) -> None:
            cursor = connection.execute(query)
            while cursor.fetchmany(ROWS):
                pass

        async def copy() -> None:
            connection.execute(COPIED)

        for statement in (GONE, _keyed(connection), *GUIDES_INDEXES):
            connection.execute(statement)
        came = await _timed(copy)
        connection.rollback()
        connection.execute(GONE)
        orders = await _timed(lambda: out(ORDERS))
        return Floor(orders, await _timed(lambda: out(LINES)) if lines else 0.0, came)


def _keyed(connection: sqlite3.Connection) -> str:
    """Return what makes a table like ours: SQLite gives none a key afterwards."""
    made_by = connection.execute(
        "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'customer_intelligence'"
    )
    return str(made_by.fetchone()[0]).replace("customer_intelligence", "floor", 1)
