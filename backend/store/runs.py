"""Runs: at most one active per database.

``active`` is 1 while a run is queued or running and null afterwards; its unique index is what
makes two simultaneous requests start one run. Every instant is told by the database's clock.
"""

import secrets
from asyncio import sleep
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from backend.core.clock import monotonic_seconds
from backend.core.customer_id import CustomerIdType
from backend.core.errors import (
    DatabaseUnavailable,
    InvalidRunRequest,
    NoRunPublished,
    RunAlreadyActive,
    RunAlreadyEnded,
    RunBeingPublished,
    RunNotFound,
)
from backend.core.glossary import Action
from backend.database.database_clock import database_now, read_clock
from backend.database.engine import AsyncConnection, AsyncEngine, transaction
from backend.store import leases
from backend.store.audit import record
from backend.store.patience import changed
from backend.store.run_request import RunRequest
from backend.store.run_row import (
    NotPublished,
    Run,
    State,
    is_at_work,
    run_of,
    select_runs,
    shown_state,
)
from backend.store.tables import runs

# Of each run a hundred kilobytes: who scores meanwhile by the one before finds it still.
KEPT_SCORING_MODELS = 3

QUEUED = timedelta(hours=1)
LOOK_AGAIN_SECONDS = 0.1
WRITING_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Published:
    """The run whose results are served.

    `revision` counts what a person corrected since, such as a segment's name; run and revision
    together name one state of what is served.
    """

    run_id: str
    as_of: datetime
    customer_id_type: CustomerIdType
    revision: int


async def enqueue(
    engine: AsyncEngine,
    request: RunRequest,
    *,
    queued: timedelta = QUEUED,
    by: str | None = None,
) -> Run:
    """Queue a run, and record who asked for it: both or neither.

    Parameters
    ----------
    engine
        Where our tables are.
    request
        What is asked for.
    queued
        How long a worker has to take it; then it is failed.
    by
        Whom the audit names; None where nobody asked.

    Raises
    ------
    RunAlreadyActive
        When one is queued or running; a run whose lease has expired is marked failed first.
    InvalidRunRequest
        When the run is to describe an instant that has not come yet.
    """
    run_id = secrets.token_hex(8)
    await leases.reap_expired(engine)

    async def queue(connection: AsyncConnection) -> None:
        await _refuse_future(connection, request.as_of)
        await connection.execute(_queued(run_id, request, queued))
        if by is not None:
            now = await read_clock(connection)
            await record(connection, by, Action.RUN_STARTED, run_id, now=now)

    try:
        await changed(engine, queue)
    except IntegrityError:
        async with transaction(engine) as connection:
            active = await connection.scalar(select(runs.c.id).where(runs.c.active == 1))
        raise RunAlreadyActive(active or "that just ended") from None
    return await get(engine, run_id)


async def _refuse_future(connection: AsyncConnection, as_of: datetime | None) -> None:
    if as_of is not None and as_of > await read_clock(connection):
        raise InvalidRunRequest("as_of", f"is {as_of.isoformat()}, in the future")


def _queued(run_id: str, request: RunRequest, queued: timedelta) -> Any:
    return insert(runs).values(
        id=run_id,
        state="queued",
        active=1,
        revision=0,
        request=request.as_json(),
        share_done=0.0,
        counts="{}",
        queued_at=database_now(),
        lease_until=database_now(queued),
    )


async def cancel(engine: AsyncEngine, run_id: str, *, by: str) -> Run:
    """End a run that is queued or running, whoever has it: its worker finds the lease gone.

    What decides is one UPDATE: a run that has published by then has ended, and one that has not
    cannot publish any more. Asked again, it answers the same.

    Parameters
    ----------
    engine
        Where our tables are.
    run_id
        Which run.
    by
        Whom the audit names.

    Raises
    ------
    RunNotFound
        When there is none with this id.
    RunAlreadyEnded
        When it has succeeded or failed.
    RunBeingPublished
        When it holds its row, and be it for the last moment.
    DatabaseUnavailable
        When others hold our tables for longer than a moment, among others.
    """
    await leases.reap_expired(engine)
    deadline = monotonic_seconds() + WRITING_SECONDS
    while not await _cancelled(  # noqa: ASYNC110, a lock tells no event
        engine, run_id, by, may_wait=monotonic_seconds() < deadline
    ):
        await sleep(LOOK_AGAIN_SECONDS)
    run = await get(engine, run_id)
    if run.state != "cancelled":
        raise RunAlreadyEnded(run_id, run.state)
    return run


async def _cancelled(engine: AsyncEngine, run_id: str, by: str, *, may_wait: bool) -> bool:
    """Try once. The row is held for the moment that writing takes; or for as long as publishing."""
    try:
        await leases.cancel(engine, run_id, by=by)
    except DatabaseUnavailable as error:
        if error.kind != "locked":
            raise
        if (await get(engine, run_id)).stage == "publish":
            raise RunBeingPublished(run_id) from None
        if not may_wait:
            raise
        return False
    return True


async def get(engine: AsyncEngine, run_id: str) -> Run:
    """Return one run.

    Raises
    ------
    RunNotFound
        When there is none with this id.
    """
    run = await _one(engine, select_runs().where(runs.c.id == run_id))
    if run is None:
        raise RunNotFound(run_id)
    return run


async def latest(engine: AsyncEngine) -> Run | None:
    """Return the active run, else the one queued last; None before the first."""
    newest = select_runs().order_by(runs.c.active.is_(None), runs.c.queued_at.desc()).limit(1)
    return await _one(engine, newest)


@dataclass(frozen=True, slots=True)
class RunPlace:
    """A run's place among all: the next page begins after it."""

    queued_at: datetime
    run_id: str


async def recent(
    engine: AsyncEngine,
    *,
    limit: int,
    states: Sequence[State] = (),
    after: RunPlace | None = None,
) -> list[Run]:
    """Return runs, newest first.

    Parameters
    ----------
    engine
        Where our tables are.
    limit
        At most so many.
    states
        Only those that are so, as `run_of` shows them; empty: all.
    after
        Only those that stand behind this one; None: from the newest on.
    """
    statement = select_runs().order_by(runs.c.queued_at.desc(), runs.c.id.desc()).limit(limit)
    if states:
        statement = statement.where(shown_state().in_(states))
    if after is not None:
        at_once = (runs.c.queued_at == after.queued_at) & (runs.c.id < after.run_id)
        statement = statement.where((runs.c.queued_at < after.queued_at) | at_once)
    async with transaction(engine) as connection:
        return [run_of(row) for row in (await connection.execute(statement)).mappings()]


async def happened_today(engine: AsyncEngine, run_id: str, because: NotPublished) -> bool:
    """Whether another run of this day, in UTC, was not published for the same reason."""
    async with transaction(engine) as connection:
        now = await read_clock(connection)
        today = now.replace(hour=0, minute=0, second=0, microsecond=0)
        same = (runs.c.not_published == because, runs.c.finished_at >= today, runs.c.id != run_id)
        return await connection.scalar(select(runs.c.id).where(*same).limit(1)) is not None


async def running(connection: AsyncConnection) -> str | None:
    """Return the id of the run that is at work; None where none is."""
    at_work = (runs.c.active == 1, runs.c.state == "running", is_at_work())
    found: str | None = await connection.scalar(select(runs.c.id).where(*at_work))
    return found


async def published(connection: AsyncConnection) -> Published | None:
    """Return the run that is served; None before the first."""
    columns = (runs.c.id, runs.c.as_of, runs.c.customer_id_type, runs.c.revision)
    found = await connection.execute(select(*columns).where(runs.c.published == 1))
    row = found.one_or_none()
    return None if row is None else Published(*row)


async def published_id(engine: AsyncEngine) -> str:
    """Return the id of the run that is served.

    Raises
    ------
    NoRunPublished
        Before the first.
    """
    async with transaction(engine) as connection:
        found = await published(connection)
    if found is None:
        raise NoRunPublished
    return found.run_id


async def hold_published(connection: AsyncConnection) -> None:
    """Wait for a run that is being published, and keep the next one from it meanwhile.

    Whoever has waited may hold the row of the run before, which is served no longer.
    """
    served = select(runs.c.id).where(runs.c.published == 1)
    while await connection.scalar(served.with_for_update()) is None:
        if await connection.scalar(served) is None:
            return


async def hold_publications(connection: AsyncConnection) -> None:
    """Wait for a run that is being published, and keep any from it until the transaction ends."""
    await hold_published(connection)
    await connection.execute(select(runs.c.id).where(runs.c.active == 1).with_for_update())


async def revise(connection: AsyncConnection) -> None:
    """Say that something of what is served was corrected."""
    await connection.execute(
        update(runs).where(runs.c.published == 1).values(revision=runs.c.revision + 1)
    )


async def not_forgotten(connection: AsyncConnection, run_ids: Collection[str]) -> set[str]:
    """Return those of these runs that are still kept, as their moves are."""
    return set(await connection.scalars(select(runs.c.id).where(runs.c.id.in_(run_ids))))


async def forget_before(connection: AsyncConnection, instant: datetime) -> None:
    """Delete runs that ended before `instant`; never the published or an active one."""
    await connection.execute(
        delete(runs).where(
            runs.c.finished_at < instant, runs.c.active.is_(None), runs.c.published.is_(None)
        )
    )


async def forget_scoring_models(connection: AsyncConnection) -> None:
    """Keep what scores customers of the last published runs alone."""
    has_one = runs.c.scoring.is_not(None)
    newest = select(runs.c.id).where(has_one).order_by(runs.c.finished_at.desc())
    older = (await connection.scalars(newest.offset(KEPT_SCORING_MODELS).limit(1000))).all()
    if older:
        await connection.execute(update(runs).where(runs.c.id.in_(older)).values(scoring=None))


async def _one(engine: AsyncEngine, statement: Select[Any]) -> Run | None:
    async with transaction(engine) as connection:
        row = (await connection.execute(statement)).mappings().one_or_none()
    return None if row is None else run_of(row)
