"""Who owns a run, and how it ends.

A worker owns a run by a token and a lease that it keeps renewing; everything it writes is
conditional on still holding both. A queued run has a lease too, until which somebody has to take
it. Leases are written and judged by the database's clock: those of the machines need not agree.

While a run is published its row is held, and on SQLite all of the file, so that its lease cannot be
renewed. Then the lock is what tells that somebody is at it: the database lets go of it when they
are gone, and whose lease has expired and whose row can be had has failed. Who has to let go of the
row and publish again renews the lease first; whoever finds it expired leaves a moment for that.
"""

import json
from asyncio import sleep
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Table, Update, select, update

from backend.core.customer_id import CustomerIdType
from backend.core.errors import LeaseLost
from backend.core.glossary import Action
from backend.database.database_clock import database_now, read_clock
from backend.database.engine import AsyncConnection, AsyncEngine, transaction
from backend.store.audit import record
from backend.store.outbox import tell_failed
from backend.store.run_row import LOST, NotPublished, Run, State, run_of, select_runs
from backend.store.tables import runs

LEASE = timedelta(seconds=60)
# Who publishes and meets a deadlock has let go of the row, and renews the lease at once.
LET_GO_SECONDS = 1.0


async def claim(engine: AsyncEngine, *, token: str, lease: timedelta) -> Run | None:
    """Take the queued run for the holder of `token`; None when there is none.

    One conditional UPDATE, so that of many workers exactly one gets it.
    """
    queued = (runs.c.active == 1, runs.c.state == "queued")
    taken = {
        "state": "running",
        "lease_token": token,
        "lease_until": database_now(lease),
        "started_at": database_now(),
    }
    await reap_expired(engine)
    async with transaction(engine) as connection:
        run_id = await connection.scalar(select(runs.c.id).where(*queued))
        if run_id is None:
            return None
        claiming = update(runs).where(runs.c.id == run_id, *queued).values(taken)
        if (await connection.execute(claiming)).rowcount == 0:
            return None
        found = await connection.execute(select_runs().where(runs.c.active == 1))
        return run_of(found.mappings().one())


async def renew(engine: AsyncEngine, run_id: str, *, token: str, lease: timedelta) -> None:
    """Prolong the lease; while the run is published a lock is met as a matter of course.

    Raises
    ------
    LeaseLost
        When the run is no longer ours.
    """
    await _write(engine, run_id, token, lease_until=database_now(lease))


async def write_progress(
    engine: AsyncEngine,
    run_id: str,
    *,
    token: str,
    stage: str,
    share_done: float,
    counts: Mapping[str, int],
) -> None:
    """Say how far the run is.

    Raises
    ------
    LeaseLost
        When the run is no longer ours.
    """
    await _write(
        engine, run_id, token, stage=stage, share_done=share_done, counts=json.dumps(dict(counts))
    )


async def _write(engine: AsyncEngine, run_id: str, token: str, **values: Any) -> None:
    async with transaction(engine, may_be_locked=True) as connection:
        written = await connection.execute(_held(run_id, token).values(**values))
    if written.rowcount == 0:
        raise LeaseLost(run_id)


def _held(run_id: str, token: str, table: Table = runs) -> Update:
    return update(table).where(table.c.id == run_id, *_ownership(table, token))


def _ownership(table: Table, token: str) -> tuple[ColumnElement[bool], ...]:
    return (table.c.lease_token == token, table.c.state == "running")


async def refuse_lost(connection: AsyncConnection, run_id: str, *, token: str) -> None:
    """Look whether the run is still ours, ahead of work that would be in vain.

    Raises
    ------
    LeaseLost
        When it is not.
    """
    ours = (runs.c.id == run_id, *_ownership(runs, token), runs.c.lease_until > database_now())
    if await connection.scalar(select(runs.c.id).where(*ours)) is None:
        raise LeaseLost(run_id)


async def finish(
    connection: AsyncConnection,
    run_id: str,
    *,
    token: str,
    as_of: datetime,
    customer_id_type: CustomerIdType,
    report: str,
    explainer: str | None,
    model: str | None,
    scoring: str | None = None,
    now: datetime,
    table: Table = runs,
) -> None:
    """Mark the run succeeded and served, as part of the transaction that publishes its results.

    On MySQL `table` may be the copy that is to take the place of ours.

    Raises
    ------
    LeaseLost
        When the run is no longer ours; the transaction must not commit.
    """
    await connection.execute(update(table).where(table.c.published == 1).values(published=None))
    await _succeed(
        connection,
        run_id,
        token,
        table,
        published=1,
        as_of=as_of,
        customer_id_type=customer_id_type,
        report=report,
        explainer=explainer,
        model=model,
        scoring=scoring,
        finished_at=now,
    )


async def replace_report(
    connection: AsyncConnection, run_id: str, report: str, table: Table = runs
) -> None:
    """Store another report of a run, as part of the transaction that publishes its results."""
    await connection.execute(update(table).where(table.c.id == run_id).values(report=report))


async def finish_unpublished(
    engine: AsyncEngine,
    run_id: str,
    *,
    token: str,
    as_of: datetime,
    report: str,
    because: NotPublished | None,
) -> None:
    """Mark the run succeeded and keep its report; what is served stays.

    Raises
    ------
    LeaseLost
        When the run is no longer ours; nothing is written.
    """
    async with transaction(engine) as connection:
        await _succeed(
            connection,
            run_id,
            token,
            runs,
            as_of=as_of,
            report=report,
            not_published=because,
            finished_at=database_now(),
        )


async def _succeed(
    connection: AsyncConnection, run_id: str, token: str, table: Table, **values: Any
) -> None:
    statement = _held(run_id, token, table).where(table.c.lease_until > database_now())
    done = await connection.execute(
        statement.values(state="succeeded", active=None, share_done=1.0, **values)
    )
    if done.rowcount == 0:
        raise LeaseLost(run_id)


async def fail(engine: AsyncEngine, run_id: str, *, token: str, error: str) -> bool:
    """Mark the run failed. Returns False when it had already ended or was lost."""
    return await _failed(engine, run_id, _held(run_id, token), error)


async def withdraw(engine: AsyncEngine, run_id: str, *, error: str) -> bool:
    """Mark a run failed that nobody has taken yet. Returns False when somebody has."""
    queued = update(runs).where(runs.c.id == run_id, runs.c.state == "queued")
    return await _failed(engine, run_id, queued, error)


async def cancel(engine: AsyncEngine, run_id: str, *, by: str) -> None:
    """Take the run from whoever has it, end it, and record who asked for that: all or nothing.

    One that has ended stays as it is, and nothing is recorded of it.

    Raises
    ------
    DatabaseUnavailable
        When the row is held, among others: who writes to it, or publishes, is not waited for.
    """
    active = (runs.c.id == run_id, runs.c.active == 1)
    ended = {"state": "cancelled", "active": None, "finished_at": database_now()}
    async with transaction(engine, may_be_locked=True) as connection:
        held = select(runs.c.id).where(*active).with_for_update(nowait=True)
        await connection.execute(held)
        done = await connection.execute(update(runs).where(*active).values(ended))
        if done.rowcount == 1:
            now = await read_clock(connection)
            await record(connection, by, Action.RUN_CANCELLED, run_id, now=now)


async def _failed(engine: AsyncEngine, run_id: str, chosen: Update, error: str) -> bool:
    """Fail the run if an UPDATE chooses it, and tell that. Returns whether it did."""
    async with transaction(engine) as connection:
        failed = (await connection.execute(chosen.values(_failure(error)))).rowcount == 1
        if failed:
            await tell_failed(connection, run_id, error, await read_clock(connection))
    return failed


def _failure(error: str) -> dict[str, Any]:
    return {"state": "failed", "active": None, "error": error, "finished_at": database_now()}


async def reap_expired(engine: AsyncEngine) -> None:
    """Mark a run failed whose worker no longer renews its lease, or that none has taken in time.

    Looks before it writes: this is asked every second, and a lock each time gets in the way.
    """
    async with transaction(engine) as connection:
        expired = select(runs.c.state, runs.c.stage).where(*_expired())
        found = (await connection.execute(expired)).one_or_none()
    if found is None:
        return
    if found.stage == "publish":
        await sleep(LET_GO_SECONDS)
    async with transaction(engine) as connection:
        await _expire(connection, found.state)


def _expired() -> tuple[ColumnElement[bool], ...]:
    return (runs.c.active == 1, runs.c.lease_until < database_now())


async def _expire(connection: AsyncConnection, state: State) -> None:
    expired = (*_expired(), runs.c.state == state)
    left = select(runs.c.id).where(*expired).with_for_update(skip_locked=True)
    run_id = await connection.scalar(left)
    if run_id is None:  # whoever publishes it holds it
        return
    failing = update(runs).where(runs.c.id == run_id, *expired).values(_failure(LOST[state]))
    if (await connection.execute(failing)).rowcount == 1:
        await tell_failed(connection, run_id, LOST[state], await read_clock(connection))
