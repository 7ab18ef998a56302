"""Tables beside those that are served: on MySQL, while ids change their type.

Who is killed meanwhile leaves them there, with customers' ids in them. They go when the next
process starts, when somebody is erased, or when the next run publishes: whichever comes first.
"""

from functools import cache

from sqlalchemy import MetaData, Table, inspect, text

from backend.database.engine import AsyncConnection, AsyncEngine, transaction
from backend.database.expressions import MYSQL
from backend.store import runs
from backend.store.written_rows import SERVED, PublishedTables

NEXT, BEFORE = "_next", "_before"
NAMES = tuple(f"{table.name}{suffix}" for table in SERVED for suffix in (NEXT, BEFORE))


@cache
def next_tables() -> PublishedTables:
    """Describe those that are to be served next; few processes ever make them."""
    return PublishedTables(*(_next(table) for table in SERVED))


def _next(table: Table) -> Table:
    return table.to_metadata(MetaData(), name=f"{table.name}{NEXT}")


async def drop_left_beside(engine: AsyncEngine) -> None:
    """Drop what a publication left that was cut short, unless a run is at work: it may be its own.

    Raises
    ------
    DatabaseUnavailable
        When the database is away, among others.
    """
    async with transaction(engine) as connection:
        if await runs.running(connection) is None:
            await drop_beside(connection)


async def drop_beside(connection: AsyncConnection) -> None:
    """Drop what is beside, by this publication or by one that was cut short."""
    if connection.dialect.name not in MYSQL:
        return
    there = await connection.run_sync(lambda one: set(inspect(one).get_table_names()))
    for name in NAMES:
        if name in there:
            await run_about(connection, "DROP TABLE {}", name)


async def run_about(connection: AsyncConnection, statement: str, *names: str) -> None:
    """Run a statement about tables, which are named by its braces."""
    quoted = map(connection.dialect.identifier_preparer.quote, names)
    await connection.execute(text(statement.format(*quoted)))
