"""Whether our tables can be read and written, and what they say of the runs; cheap to ask.

What is written is taken back: a proof leaves nothing.
"""

import asyncio
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import column, func, insert, null, select, table
from sqlalchemy.exc import DBAPIError

from backend.core.errors import DatabaseUnavailable, TablesTooNew, TablesTooOld
from backend.database.engine import AsyncConnection, AsyncEngine, transaction
from backend.database.sqlite_files import prove_room_beside
from backend.store.all_tables import intelligence
from backend.store.digests import DigestState, newest_state
from backend.store.migrate import VERSION_TABLE, known_versions
from backend.store.order_events import count_waiting
from backend.store.tables import runs
from backend.store.webhook_signs import WebhookSigns, read_webhook_signs

# SQLite has one writer: whoever keeps it from us writes, which is proof enough.
SQLITE_WAITS = "PRAGMA busy_timeout = 50"


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRun:
    """How the newest run is, or was.

    Attributes
    ----------
    state
        queued, running, succeeded, failed or cancelled.
    ended_at
        None while it is active.
    not_published
        Why it replaced nothing though it succeeded; else None.
    """

    state: str
    ended_at: datetime | None
    not_published: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VitalSigns:
    """What our tables say of the runs.

    Attributes
    ----------
    as_of, published_at
        Of what is served; None before the first publication.
    newest
        The newest run, which may be active; None before the first.
    ended
        The newest run that has ended.
    failures
        Runs that have failed since the one that is served was asked for.
    stage
        How far the active run is; None where none is active or it has not begun.
    webhooks
        How the webhooks are.
    rescorings
        How many wait to be scored between runs.
    digest
        How the newest digest is; None where none was ever due.
    """

    as_of: datetime | None
    published_at: datetime | None
    newest: LastRun | None
    ended: LastRun | None
    failures: int
    stage: str | None
    webhooks: WebhookSigns
    rescorings: int
    digest: DigestState | None = None


async def read_vital_signs(engine: AsyncEngine) -> VitalSigns:
    """Read every table of ours as this version needs it, and what the runs' says.

    Raises
    ------
    DatabaseUnavailable, DatabaseRefuses
        When our database does not answer, or not this user.
    TablesTooOld, TablesTooNew
        When the tables are not there, or of another version.
    """
    async with transaction(engine) as connection:
        await _refuse_other_versions(connection)
        for ours in intelligence.tables.values():
            await connection.execute(select(ours).limit(0))
        return await _signs(connection)


async def prove_writable(engine: AsyncEngine) -> None:
    """Write a row of ours, and take it back.

    Raises
    ------
    DatabaseUnavailable, DatabaseRefuses
        When it cannot be written: the server only reads, its disk is full, a right is missing.
    """
    try:
        await _write_and_take_back(engine)
    except DatabaseUnavailable as error:
        if error.kind != "locked":
            raise


async def _write_and_take_back(engine: AsyncEngine) -> None:
    async with transaction(engine) as connection:
        if connection.dialect.name == "sqlite":
            await connection.exec_driver_sql(SQLITE_WAITS)
            await _prove_room(connection)
        await connection.execute(insert(runs).values(_a_run()))
        with suppress(DBAPIError):  # a connection that is gone has taken it back
            await connection.rollback()


async def _prove_room(connection: AsyncConnection) -> None:
    """Meet a full disk, which what SQLite takes back never would: it does not leave its memory."""
    file = (await connection.exec_driver_sql("SELECT file FROM pragma_database_list")).scalar()
    if file:  # none has a name in memory
        await asyncio.to_thread(prove_room_beside, Path(file))


def _a_run() -> dict[str, Any]:
    return {
        "id": f"proof-{secrets.token_hex(8)}",
        "state": "failed",
        "revision": 0,
        "request": "{}",
        "share_done": 0.0,
        "counts": "{}",
        "queued_at": datetime.fromtimestamp(0).astimezone(),
    }


async def _refuse_other_versions(connection: AsyncConnection) -> None:
    statement: Any = select(column("version_num")).select_from(table(VERSION_TABLE))
    version = await connection.scalar(statement)
    known = _known()
    if version is not None and version not in known:
        raise TablesTooNew(version)
    if version != known[-1]:
        raise TablesTooOld(version)


@cache
def _known() -> tuple[str, ...]:
    return tuple(known_versions())


async def _signs(connection: AsyncConnection) -> VitalSigns:
    published = await connection.execute(
        select(runs.c.as_of, runs.c.finished_at, runs.c.queued_at).where(runs.c.published == 1)
    )
    as_of, published_at, queued_at = published.one_or_none() or (None, None, None)
    since = runs.c.queued_at > queued_at if queued_at else runs.c.queued_at.is_not(None)
    failed = select(func.count()).where(runs.c.state == "failed", since)
    newest_first = _last().order_by(runs.c.active.is_(None), runs.c.queued_at.desc()).limit(1)
    ended = _last().where(runs.c.active.is_(None)).order_by(runs.c.queued_at.desc()).limit(1)
    stage = select(runs.c.stage).where(runs.c.active == 1)
    return VitalSigns(
        as_of=as_of,
        published_at=published_at,
        newest=await _one(connection, newest_first),
        ended=await _one(connection, ended),
        failures=await connection.scalar(failed) or 0,
        stage=await connection.scalar(stage),
        webhooks=await read_webhook_signs(connection),
        rescorings=await count_waiting(connection),
        digest=await newest_state(connection),
    )


def _last() -> Any:
    return select(runs.c.state, runs.c.finished_at, runs.c.get("not_published", null()))


async def _one(connection: AsyncConnection, statement: Any) -> LastRun | None:
    if (row := (await connection.execute(statement)).one_or_none()) is None:
        return None
    state, ended_at, not_published = row
    return LastRun(state=state, ended_at=ended_at, not_published=not_published)
