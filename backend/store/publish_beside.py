"""Publishing on MySQL where the shop's ids are of another type now.

There each statement that changes a table's columns commits by itself. So all that a publication
changes is filled beside what is served, and one RENAME TABLE puts it there: whoever is killed
before leaves the old run, whoever is killed after it the new one. A RENAME TABLE cannot be part of
a transaction either; what keeps everybody else from our tables between the last look at the lease
and it is LOCK TABLES of one connection, behind which the RENAME TABLE of another is first in line.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    CheckConstraint,
    Connection,
    Table,
    delete,
    inspect,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import AddConstraint

from backend.core.customer_id import UNKNOWN, CustomerIds, CustomerIdType
from backend.database.database_clock import read_clock
from backend.database.engine import AsyncConnection, AsyncEngine, transaction
from backend.results.run_report import RunReport
from backend.results.segment import Segment, Words
from backend.store import leases, stored
from backend.store.beside import BEFORE, NEXT, drop_beside, next_tables, run_about
from backend.store.campaign_members import whom_campaigns_hold_out
from backend.store.campaign_rows import keep_answers
from backend.store.campaign_tables import campaign_answers, campaign_members, campaigns
from backend.store.departures import take_back, tell_gone
from backend.store.erasing import without_erased
from backend.store.id_column import is_no_integer, wanted_type
from backend.store.last_told import read_last_told
from backend.store.latecomers import CatchUp, with_latecomers
from backend.store.letting_go import all_let_go
from backend.store.names import read_names, settle_names, settled
from backend.store.order_events import wait_again
from backend.store.outbox import read_followed, tell_published
from backend.store.publication import Publication
from backend.store.segment_history import append_history
from backend.store.tables import (
    customers_gone,
    segment_names,
    tombstones,
    webhook_alarms,
    webhook_deliveries,
    webhooks,
)
from backend.store.tables import runs as runs_table
from backend.store.written_rows import (
    SERVED,
    append_lineage,
    append_moves,
    finish,
    write_customers,
    write_segments,
)

Closing = Callable[[RunReport], RunReport]
IDS_PER_STATEMENT = 5000
QUEUE_SECONDS = 5.0
STOPPED_SECONDS = 10
LOOK_AGAIN_SECONDS = 0.02


CHECK = next(one for one in runs_table.constraints if isinstance(one, CheckConstraint))
# Written too, where they are: what they tell is true whichever run is served.
TOLD = (
    *(segment_names, customers_gone, tombstones, campaigns, campaign_members, campaign_answers),
    *(webhooks, webhook_deliveries, webhook_alarms),
)


async def publish_beside(
    engine: AsyncEngine,
    publication: Publication,
    now: datetime,
    closing: Closing | None,
    catch_up: CatchUp,
) -> None:
    """Publish with ids of another type; nothing is changed unless all is.

    Parameters
    ----------
    engine
        Where our tables are.
    publication
        What the run found out.
    now
        When it is published.
    closing
        Asked for the report as it is to be stored.
    catch_up
        Asked who ordered since the run read the shop; they are scored once more when all is done,
        for others may order meanwhile.

    Raises
    ------
    LeaseLost
        When the run is no longer ours.
    DatabaseUnavailable
        When a lock was not had, among others.
    """
    async with transaction(engine) as connection:
        await leases.refuse_lost(connection, publication.run_id, token=publication.token)
        await drop_beside(connection)
        await _make(connection, publication.customer_id_type)
        looked_at = await read_clock(connection)
        publication = await with_latecomers(connection, publication, await catch_up(connection))
    called = await _as_called_now(engine, publication)
    async with transaction(engine) as connection:
        held_out = await _fill(connection, called, now)
    await _swap(engine, publication, _Filled(called, held_out), now, closing)
    async with transaction(engine) as connection:
        await drop_beside(connection)
        await connection.run_sync(_name_check)
        await wait_again(connection, looked_at, await read_clock(connection))


async def _make(connection: AsyncConnection, kind: CustomerIdType) -> None:
    for table, beside in zip(SERVED, next_tables(), strict=True):
        await run_about(connection, "CREATE TABLE {} LIKE {}", beside.name, table.name)
    wanted = await connection.run_sync(wanted_type, kind)
    column = f"customer_id {wanted.compile(dialect=connection.dialect)} NOT NULL"
    for beside in (next_tables().customers, next_tables().changes):
        await run_about(connection, f"ALTER TABLE {{}} MODIFY {column}", beside.name)


async def _as_called_now(engine: AsyncEngine, publication: Publication) -> Publication:
    """Give the segments the names they have so far; what changes until the end is made up for."""
    given = {**publication.new_names, **await read_names(engine)}
    by_rule = {one.id: Words(one.name, one.description) for one in publication.segments}
    words = settled(by_rule, given)
    rows = [replace(one, name=words[one.id].name) for one in publication.segments]
    return replace(publication, segments=rows)


@dataclass(frozen=True, slots=True)
class _Filled:
    """What the customers were filled in as: the publication, and until when each is held out."""

    called: Publication
    held_out: NDArray[np.datetime64]


async def _fill(
    connection: AsyncConnection, publication: Publication, now: datetime
) -> NDArray[np.datetime64]:
    """Fill what takes long, while the old run is served and may be written to."""
    last = await read_last_told(connection, publication.customers.customer_id)
    held_out = await whom_campaigns_hold_out(connection, publication)
    publishing = publication.publishing(now, last, held_out)
    await write_customers(connection, next_tables().customers, publishing)
    kept = SERVED.changes.c.changed_at >= now - publication.retention
    if publication.customer_id_type == "integer":
        kept &= ~is_no_integer(SERVED.changes.c.customer_id)
    await _copy(connection, SERVED.changes, next_tables().changes, kept)
    await append_moves(connection, next_tables().changes, publication, now)
    await _copy(connection, SERVED.lineage, next_tables().lineage)
    await append_lineage(connection, next_tables().lineage, publication, now)
    await _copy(connection, SERVED.history, next_tables().history)
    await _copy(connection, runs_table, next_tables().runs, _is_kept(now - publication.retention))
    return held_out


def _is_kept(since: datetime) -> Any:
    ended = runs_table.c.active.is_(None) & runs_table.c.published.is_(None)
    return ended & or_(runs_table.c.finished_at >= since, runs_table.c.finished_at.is_(None))


async def _copy(
    connection: AsyncConnection, source: Table, target: Table, which: Any = None
) -> None:
    chosen = select(source) if which is None else select(source).where(which)
    await connection.execute(target.insert().from_select(list(source.c.keys()), chosen))


async def _swap(
    engine: AsyncEngine,
    publication: Publication,
    filled: _Filled,
    now: datetime,
    closing: Closing | None,
) -> None:
    """Finish beside what is served, with everybody else kept out, and put it there."""
    async with transaction(engine) as connection:
        # A process that is stopped in between may not keep all others out for as long.
        await run_about(connection, f"SET SESSION wait_timeout = {STOPPED_SECONDS}")
        locked = [*(table.name for table in (*SERVED, *next_tables(), *TOLD))]
        await run_about(connection, "LOCK TABLES " + ", ".join(["{} WRITE"] * len(locked)), *locked)
        try:
            await leases.refuse_lost(connection, publication.run_id, token=publication.token)
            await _copy(connection, runs_table, next_tables().runs, _is_served_or_active())
            await finish(connection, next_tables().runs, publication, now)
            publication = await without_erased(connection, publication)
            await _drop_erased(connection, filled.called, publication)
            await keep_answers(connection, publication.campaign_answers)
            await _hold_out_as_now(connection, filled, now)
            await take_back(
                connection, publication.customers.customer_id, publication.erasures.marker
            )
            await tell_gone(connection, publication.departures, now)
            rows, new_names = publication.segments, publication.new_names
            named = await settle_names(connection, rows, new_names, now)
            await _rename_customers_segments(connection, filled.called.segments, named)
            final = replace(publication, segments=named)
            await write_segments(connection, next_tables().segments, final)
            await append_history(
                connection, next_tables().history, next_tables().customers, final, now
            )
            followed = await read_followed(connection)
            await tell_published(connection, followed, final, now, next_tables().changes)
            report = final.report if closing is None else closing(final.report)
            written, table = stored.REPORT.write(report), next_tables().runs
            await leases.replace_report(connection, publication.run_id, written, table)
            await run_about(connection, "COMMIT")
            await _rename_behind(engine, connection)
        finally:
            with suppress(SQLAlchemyError):  # a connection that is gone locks nothing either
                await run_about(connection, "UNLOCK TABLES")
                await run_about(connection, "SET SESSION wait_timeout = DEFAULT")


async def _drop_erased(
    connection: AsyncConnection, filled: Publication, publication: Publication
) -> None:
    """Delete who was erased since they were filled in."""
    kept = CustomerIds(publication.customers.customer_id)
    ids = filled.customers.customer_id
    erased = ids[kept.places_of(ids) == UNKNOWN].tolist()
    if erased:
        for table in (next_tables().customers, next_tables().changes):
            await connection.execute(delete(table).where(table.c.customer_id.in_(erased)))
    table, there = next_tables().changes, select(SERVED.changes.c.id)
    gone = (table.c.run_id != publication.run_id, table.c.id.not_in(there))
    await connection.execute(delete(table).where(*gone))


async def _hold_out_as_now(connection: AsyncConnection, filled: _Filled, now: datetime) -> None:
    """Make up for campaigns that started or ended since the customers were filled in."""
    until = await whom_campaigns_hold_out(connection, filled.called)
    was, table = filled.held_out, next_tables().customers
    another = (until != was) & ~(np.isnat(until) & np.isnat(was))
    ids, ends = filled.called.customers.customer_id[another], until[another]
    for end in np.unique(ends):
        alike = ids[np.isnat(ends) if np.isnat(end) else ends == end].tolist()
        aware = None if np.isnat(end) else end.item().replace(tzinfo=UTC)
        for start in range(0, len(alike), IDS_PER_STATEMENT):
            some = table.c.customer_id.in_(alike[start : start + IDS_PER_STATEMENT])
            now_held = update(table).where(some).values(held_out_until=aware, changed_at=now)
            await connection.execute(now_held)
    await all_let_go(connection)


def _is_served_or_active() -> Any:
    return or_(runs_table.c.active == 1, runs_table.c.published == 1)


async def _rename_customers_segments(
    connection: AsyncConnection, before: Iterable[Segment], after: Iterable[Segment]
) -> None:
    """Make up for names that were given since the customers were filled in."""
    table, was = next_tables().customers, {one.id: one.name for one in before}
    for one in after:
        if was[one.id] != one.name:
            renamed = update(table).where(table.c.archetype_id == one.id)
            await connection.execute(renamed.values(archetype_name=one.name))


async def _rename_behind(engine: AsyncEngine, locking: AsyncConnection) -> None:
    """Rename all at once, as the first who gets at the tables when they are let go."""
    moves = [
        name
        for table in SERVED
        for name in (
            *(table.name, f"{table.name}{BEFORE}"),
            *(f"{table.name}{NEXT}", table.name),
        )
    ]
    pairs = ", ".join(["{} TO {}"] * (len(moves) // 2))
    async with transaction(engine) as connection:
        number = await connection.scalar(text("SELECT CONNECTION_ID()"))
        renaming = asyncio.create_task(run_about(connection, f"RENAME TABLE {pairs}", *moves))
        try:
            await _queued(locking, number, renaming)
            await run_about(locking, "UNLOCK TABLES")
            await renaming
        finally:
            if not renaming.done():  # it may not get at them later, when the lease is another's
                with suppress(SQLAlchemyError):
                    await run_about(locking, f"KILL {number:d}")
                await asyncio.wait({renaming}, timeout=QUEUE_SECONDS)


async def _queued(locking: AsyncConnection, number: int, renaming: asyncio.Task[None]) -> None:
    """Look until the server says that a connection waits for the tables that are locked."""
    waits = text("SELECT state FROM information_schema.processlist WHERE id = :number")
    async with asyncio.timeout(QUEUE_SECONDS):
        while not renaming.done():
            state = await locking.scalar(waits, {"number": number})
            if "metadata lock" in str(state):
                return
            await asyncio.sleep(LOOK_AGAIN_SECONDS)


def _name_check(connection: Connection) -> None:
    """Give the runs' check its name again: MySQL, unlike MariaDB, makes up another for a copy."""
    checks = inspect(connection).get_check_constraints(runs_table.name)
    for made_up in {str(check["name"]) for check in checks} - {CHECK.name}:
        connection.execute(text(f"ALTER TABLE {runs_table.name} DROP CHECK {made_up}"))
        connection.execute(AddConstraint(CHECK, isolate_from_table=False))
