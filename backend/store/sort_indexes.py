"""Indexes that lists are sorted by, set aside on PostgreSQL while all rows are written anew.

Kept up row by row each of them takes as long as all else together; over rows that are there it is
built in a fifth of that. So they go in a short transaction of their own, and come in the one that
publishes, with the rows. Lists are sorted without them meanwhile. Whatever happens in between,
they are built again: by who failed, by the next publication, or by who works off runs,
whichever comes first. An index that is not exactly as we make it is somebody's, and stays.
"""

import logging
from asyncio import sleep
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from sqlalchemy import Index, Row, text
from sqlalchemy.schema import CreateIndex

from backend.core.errors import BackendError, DatabaseRefuses, DatabaseUnavailable
from backend.database.engine import AsyncConnection, AsyncEngine, transaction
from backend.store import leases, runs
from backend.store.publication import Publication
from backend.store.search_blocks import MEMORY
from backend.store.tables import customer_intelligence

# Below, nothing to speak of is gained; above, a list without index takes a database some seconds.
FEWEST_ROWS, MOST_ROWS = 50_000, 5_000_000
SORTED_BY = tuple(
    sorted(
        (one for one in customer_intelligence.indexes if len(one.columns) > 1),
        key=lambda one: str(one.name),
    )
)
# Whoever vacuums gives way after a second, and keeps no reader; for the next lock readers queue.
BESIDE_READERS_WAITING = text("SET LOCAL lock_timeout = '1500ms'")
AHEAD_OF_READERS_WAITING = text("SET LOCAL lock_timeout = '200ms'")
TRIES, TRY_AGAIN_SECONDS = 3, 0.5
BESIDE_READERS = text(f"LOCK TABLE {customer_intelligence.name} IN SHARE UPDATE EXCLUSIVE MODE")
KEPT_FROM_WRITERS = text(f"LOCK TABLE {customer_intelligence.name} IN SHARE MODE")
# Who may drop an index is who owns the table; who may make one, who may make things beside it too.
FOUND = text(
    "SELECT i.relname AS name, CAST(CAST(i.oid AS regclass) AS text) AS address, "
    "pg_get_indexdef(i.oid) AS made_by, "
    "x.indisvalid AND NOT x.indisclustered AND i.reltablespace = 0 "
    "AND obj_description(i.oid, 'pg_class') IS NULL AS is_plain, "
    "pg_has_role(t.relowner, 'USAGE') "
    "AND has_schema_privilege(t.relnamespace, 'CREATE') AS may_be_made "
    "FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid "
    "WHERE t.oid = CAST(CAST(:ours AS text) AS regclass)"
).bindparams(ours=customer_intelligence.name)

Found = Row[tuple[str, str, str, bool, bool]]

log = logging.getLogger(__name__)


@asynccontextmanager
async def sort_indexes_aside(engine: AsyncEngine, publication: Publication) -> AsyncIterator[None]:
    """Let the body publish without them; who fails builds them again.

    Where they cannot be had at once, or not be made again, they stay.

    Raises
    ------
    LeaseLost
        When the run is no longer ours.
    """
    if await _set_aside(engine, publication):
        try:
            yield
        except BaseException:
            await _build_at_once(engine, publication.run_id)
            raise
    else:
        yield


async def _set_aside(engine: AsyncEngine, publication: Publication) -> bool:
    rows = len(publication.customers.customer_id)
    if engine.dialect.name != "postgresql" or not FEWEST_ROWS <= rows <= MOST_ROWS:
        return False
    for attempt in range(TRIES):
        if attempt:
            await sleep(TRY_AGAIN_SECONDS)
        try:
            return await _drop(engine, publication)
        except DatabaseRefuses:
            return False
        except DatabaseUnavailable as error:
            if error.kind != "locked":
                raise
    return False


async def _drop(engine: AsyncEngine, publication: Publication) -> bool:
    """Drop those that are ours; return whether there were any."""
    async with transaction(engine, may_be_locked=True) as connection:
        await leases.refuse_lost(connection, publication.run_id, token=publication.token)
        ours = [row.address for row in await _found(connection) if _is_as_made(row)]
        if ours:
            await connection.execute(BESIDE_READERS_WAITING)
            await connection.execute(BESIDE_READERS)
            await connection.execute(AHEAD_OF_READERS_WAITING)
            await connection.execute(text(f"DROP INDEX {', '.join(ours)}"))
    return bool(ours)


async def hold_to_build(connection: AsyncConnection) -> None:
    """Keep others from writing, and from vacuuming, where indexes are to be built: no reader.

    Ahead of any change: whoever has changed rows could else wait for this one, and be waited for.
    """
    if await _missing(connection):
        await connection.execute(KEPT_FROM_WRITERS)


async def build_missing(connection: AsyncConnection) -> None:
    """Build those that are not there, under whatever name; readers go on."""
    missing = await _missing(connection)
    if missing:
        await connection.execute(MEMORY)
    for one in missing:
        await connection.execute(CreateIndex(one))


async def build_left_aside(engine: AsyncEngine, failed: str | None = None) -> None:
    """Build what a publication left that was cut short, unless another run is at work.

    Parameters
    ----------
    engine
        Where our tables are.
    failed
        The run that publishes nothing any more, whatever its row says.

    Raises
    ------
    DatabaseUnavailable
        When the database is away, or others are writing to the table, among others.
    """
    if engine.dialect.name != "postgresql":
        return
    async with transaction(engine, may_be_locked=True) as connection:
        if await runs.running(connection) in {None, failed}:
            await build_missing(connection)


async def _build_at_once(engine: AsyncEngine, failed: str) -> None:
    """Build them, if nothing is in the way; what kept a run from publishing may be."""
    try:
        await build_left_aside(engine, failed)
    except BackendError as error:
        log.warning("lists are sorted without indexes", extra={"reason": str(error)})


async def _missing(connection: AsyncConnection) -> Sequence[Index]:
    if connection.dialect.name != "postgresql":
        return ()
    found = await _found(connection)
    if not any(row.may_be_made for row in found):
        return ()
    return [one for one in SORTED_BY if not any(_serves(row, one) for row in found)]


async def _found(connection: AsyncConnection) -> Sequence[Found]:
    return (await connection.execute(FOUND)).all()


def _is_as_made(row: Found) -> bool:
    """Whether an index is one of these, and there is nothing to it that would be lost."""
    is_named = (row.name == one.name and _sorts_like(row, one) for one in SORTED_BY)
    return row.is_plain and row.may_be_made and any(is_named)


def _serves(row: Found, index: Index) -> bool:
    """Whether an index has the place of ours: by its name, or by what it sorts by."""
    return row.name == index.name or _sorts_like(row, index)


def _sorts_like(row: Found, index: Index) -> bool:
    columns = ", ".join(one.name for one in index.columns)
    made, _, how = str(row.made_by).partition(" USING ")
    return made.startswith("CREATE INDEX ") and how == f"btree ({columns})"
