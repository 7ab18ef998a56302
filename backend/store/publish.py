"""Everything that a run found out, published in one transaction."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

from sqlalchemy import delete

from backend.core.customer_id import CustomerIdType
from backend.core.errors import DatabaseUnavailable
from backend.database.engine import AsyncConnection, AsyncEngine, transaction
from backend.database.expressions import MYSQL
from backend.results.run_report import RunReport
from backend.store import leases, runs, stored
from backend.store.beside import drop_beside
from backend.store.campaign_members import whom_campaigns_hold_out
from backend.store.campaign_rows import keep_answers
from backend.store.departures import take_back, tell_gone
from backend.store.erasing import erase_left_rows, without_erased
from backend.store.id_column import fit_customer_id_type, fits
from backend.store.kept_sums import keep_sums
from backend.store.last_told import read_last_told
from backend.store.latecomers import CatchUp, nobody_late, with_latecomers
from backend.store.letting_go import all_let_go
from backend.store.names import settle_names
from backend.store.order_events import settle
from backend.store.outbox import read_followed, tell_published
from backend.store.patience import patiently
from backend.store.publication import Publication
from backend.store.publish_beside import Closing, publish_beside
from backend.store.run_row import NotPublished
from backend.store.segment_history import append_history
from backend.store.sort_indexes import build_missing, hold_to_build, sort_indexes_aside
from backend.store.written_rows import (
    SERVED,
    append_lineage,
    append_moves,
    finish,
    write_customers,
    write_segments,
)

WAITING = "publishing waits"


async def publish(
    engine: AsyncEngine,
    publication: Publication,
    *,
    now: datetime,
    closing: Closing | None = None,
    catch_up: CatchUp = nobody_late,
) -> None:
    """Replace what is served, in one transaction: readers see the old run or the new one.

    Parameters
    ----------
    engine
        Where our tables are.
    publication
        What the run found out.
    now
        Aware; when it is published.
    closing
        Asked for the report as it is to be stored once all else is written, so that it can say
        what the writing took.
    catch_up
        Asked who ordered since the run read the shop.

    Raises
    ------
    LeaseLost
        When the run is no longer ours; nothing is written.
    TablesBusy
        When others held our tables for too long; nothing is written.
    TablesHeld
        When the shop's ids are of another kind, and somebody's view keeps ours from becoming that.
    """
    finish_others = partial(_finish_what_was_cut_short, engine, publication)
    attempt = partial(_attempt, engine, publication, now, closing, catch_up)
    await _waiting(engine, publication, finish_others)
    async with sort_indexes_aside(engine, publication):
        await _waiting(engine, publication, attempt)


async def _waiting(
    engine: AsyncEngine, publication: Publication, step: Callable[[], Awaitable[None]]
) -> None:
    await patiently(partial(_kept_ours, engine, publication, step), waiting=WAITING)


async def _kept_ours(
    engine: AsyncEngine, publication: Publication, step: Callable[[], Awaitable[None]]
) -> None:
    """Try; where a lock was not had the run's row is free again, and its lease may be over."""
    try:
        await step()
    except DatabaseUnavailable as error:
        if error.kind == "locked":
            run_id, token = publication.run_id, publication.token
            renew = partial(leases.renew, engine, run_id, token=token, lease=leases.LEASE)
            await patiently(renew, waiting=WAITING)
        raise


async def _finish_what_was_cut_short(engine: AsyncEngine, publication: Publication) -> None:
    async with transaction(engine) as connection:
        await leases.refuse_lost(connection, publication.run_id, token=publication.token)
        await drop_beside(connection)
        await erase_left_rows(connection)


async def _attempt(
    engine: AsyncEngine,
    publication: Publication,
    now: datetime,
    closing: Closing | None,
    catch_up: CatchUp,
) -> None:
    """Publish; where a lock is not had, everything is as it was."""
    if await _must_be_swapped(engine, publication.customer_id_type):
        await publish_beside(engine, publication, now, closing, catch_up)
        return
    async with transaction(engine) as connection:
        await begin_at_once(connection)
        await _publish(connection, publication, now, closing, catch_up)


async def _must_be_swapped(engine: AsyncEngine, kind: CustomerIdType) -> bool:
    """Whether columns change their type where that cannot be part of a transaction."""
    if engine.dialect.name not in MYSQL:
        return False
    async with transaction(engine) as connection:
        return not await connection.run_sync(fits, kind)


async def begin_at_once(connection: AsyncConnection) -> None:
    """Begin at once: SQLite's driver does so late, and a change of columns would be outside."""
    if connection.dialect.name == "sqlite":
        await connection.exec_driver_sql("BEGIN IMMEDIATE")


async def _publish(
    connection: AsyncConnection,
    publication: Publication,
    now: datetime,
    closing: Closing | None,
    catch_up: CatchUp,
) -> None:
    """Take the run's row first: whose lease is lost changes nothing, and whose is not keeps it."""
    await finish(connection, SERVED.runs, publication, now)
    await hold_to_build(connection)
    publication = await without_erased(connection, publication)
    late = await catch_up(connection)
    publication = await with_latecomers(connection, publication, late)
    await settle(connection, late.asked_for)
    await take_back(connection, publication.customers.customer_id, publication.erasures.marker)
    await tell_gone(connection, publication.departures, now)
    last = await read_last_told(connection, publication.customers.customer_id)
    followed = await read_followed(connection)
    await fit_customer_id_type(connection, publication.customer_id_type)
    rows, new_names = publication.segments, publication.new_names
    named = await settle_names(connection, rows, new_names, now)
    publication = replace(publication, segments=named)
    await keep_answers(connection, publication.campaign_answers)
    held_out = await whom_campaigns_hold_out(connection, publication)
    await connection.execute(delete(SERVED.customers))
    publishing = publication.publishing(now, last, held_out)
    await write_customers(connection, SERVED.customers, publishing)
    await build_missing(connection)
    await all_let_go(connection)
    await connection.execute(delete(SERVED.segments))
    await write_segments(connection, SERVED.segments, publication)
    await append_moves(connection, SERVED.changes, publication, now)
    await append_lineage(connection, SERVED.lineage, publication, now)
    await append_history(connection, SERVED.history, SERVED.customers, publication, now)
    await tell_published(connection, followed, publication, now)
    await _forget(connection, now - publication.retention)
    report = publication.report if closing is None else closing(publication.report)
    written = stored.REPORT.write(report)
    await leases.replace_report(connection, publication.run_id, written)
    await keep_sums(connection, publication.run_id, now)


async def keep_report(
    engine: AsyncEngine,
    publication: Publication,
    report: RunReport,
    *,
    because: NotPublished | None,
) -> None:
    """End a run that replaces nothing: its report alone is kept.

    Raises
    ------
    LeaseLost
        When the run is no longer ours; nothing is written.
    """
    await leases.finish_unpublished(
        engine,
        publication.run_id,
        token=publication.token,
        as_of=publication.as_of,
        report=stored.REPORT.write(report),
        because=because,
    )


async def _forget(connection: AsyncConnection, instant: datetime) -> None:
    await connection.execute(delete(SERVED.changes).where(SERVED.changes.c.changed_at < instant))
    await runs.forget_before(connection, instant)
    await runs.forget_scoring_models(connection)
