"""One run: read → learn → word → compose → publish. I/O at both ends, arrays in between."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial

from backend import store
from backend.clients.naming import Namer, create_namer
from backend.core.clock import monotonic_seconds, utc_now
from backend.core.errors import DatabaseUnavailable
from backend.core.glossary import NO_ORDERS
from backend.core.idle_time import Result, in_idle_time
from backend.core.memory import give_back
from backend.database.bounds import run_reads, run_writes
from backend.database.database_clock import read_clock
from backend.database.engine import AsyncEngine, opened, transaction
from backend.database.sqlite_files import Opening, opening_of_shop
from backend.results.campaign_life import CountedAnswer
from backend.results.run_report import RunReport
from backend.run.campaign_counting import count_campaigns
from backend.run.catching_up import CatchingUp
from backend.run.compose import compose
from backend.run.copied_names import keep_names_copied
from backend.run.erasures import read_erasures, without_erased
from backend.run.fresh_scores import FreshScores
from backend.run.learn import learn
from backend.run.naming_words import worded
from backend.run.partitions.machines import Machines, machines_for
from backend.run.progress import Progress, WriteNow, written
from backend.run.replacing import not_published
from backend.run.run_config import RunConfig
from backend.run.run_context import RunContext
from backend.run.standing import read_standing
from backend.scoring.telling import Scorer
from backend.shop.mapping.layers import load_mapping
from backend.shop.seen import Seen, see
from backend.shop.shop import Shop
from backend.store import leases, runs
from backend.store.latecomers import CatchUp, nobody_late
from backend.store.patience import patiently
from backend.store.publication import Publication
from backend.store.run_row import NotPublished
from backend.store.tombstones import Erasures
from backend.wording.segment_names import known_name
from backend.wording.unpublished_sentences import unpublished_sentence

log = logging.getLogger(__name__)

# Fewer are learnt from in some seconds, in which nobody is kept waiting for long.
MANY_CUSTOMERS = 50_000


async def perform(config: RunConfig, run_id: str, token: str, progress: Progress) -> None:
    """Do one claimed run: read the shop once, learn from arrays, publish in one transaction.

    Parameters
    ----------
    config
        What the run needs to know.
    run_id, token
        The claimed run, and the proof that it is ours.
    progress
        Told how far the run is; written to the run's row twice a second.

    Raises
    ------
    LeaseLost
        When the run was taken away meanwhile; nothing is published.
    DatabaseUnavailable
        When one of the databases goes away.
    InvalidMapping
        When the shop's tables are not what the mapping says.
    WorkersAway, PartFailed
        When others were to do parts of it, and did not.
    """
    began = monotonic_seconds()
    async with _databases(config) as (shop_engine, engine):
        context = await _context(engine, config, run_id, token)
        async with (
            written(progress, partial(_write, engine, context)) as write_now,
            machines_for(config, engine, run_id) as machines,
        ):
            found = await _found_out(shop_engine, engine, context, machines, progress, write_now)
        give_back()
        await _conclude(shop_engine, engine, context, *found, progress)
    _log_success(found[0].report, monotonic_seconds() - began)


async def _found_out(
    shop_engine: AsyncEngine,
    engine: AsyncEngine,
    context: RunContext,
    machines: Machines,
    progress: Progress,
    write_now: WriteNow,
) -> tuple[Publication, NotPublished | None]:
    """Read, learn and compose; what was read is let go of before anything is published.

    Returns
    -------
    publication
        All that was found out.
    obstacle
        Why it is not to be published; None where nothing is in its way.
    """
    erasures = await _unhurried(partial(read_erasures, engine, context.config))
    seen, erasures = await _see(shop_engine, context, machines, progress, erasures)
    asked = (context.as_of, seen.mapping.zone, context.horizons)
    standing = await _unhurried(partial(read_standing, engine, *asked))
    obstacle = not_published(context, seen, standing)
    standing = standing.with_ids_like(seen.columns.customer_ids)
    give_back()
    learning = partial(learn, seen, standing, context, progress, foreseeing=machines.foreseeing)
    is_long = len(seen.columns.customer_ids) >= MANY_CUSTOMERS
    learned = await asyncio.to_thread(in_idle_time if is_long else _at_once, learning)
    give_back()
    named = await worded(learned, standing.names, _namer(context))
    progress.enter("publish", len(seen.columns.customer_ids))
    await write_now()
    answers = await _answers(engine, context, seen, obstacle)
    composed = compose(context, seen, standing, named).noting(machines.notes)
    return replace(composed, erasures=erasures, campaign_answers=answers), obstacle


def _at_once(work: Callable[[], Result]) -> Result:
    return work()


# A lock that somebody has on our tables costs a run time, not its life.
_unhurried = partial(patiently, waiting="the run waits")


async def _conclude(
    shop_engine: AsyncEngine,
    engine: AsyncEngine,
    context: RunContext,
    publication: Publication,
    obstacle: NotPublished | None,
    progress: Progress,
) -> None:
    """Publish what was found, or keep the report alone."""
    closing = partial(_with_stages, progress)
    if obstacle is None and context.run.request.publish != "never":
        now = await _now(engine)
        await keep_names_copied(context, shop_engine, engine, publication, now)
        catch_up = await _catching_up(shop_engine, engine, context, publication)
        now = await _now(engine)
        await store.publish(engine, publication, now=now, closing=closing, catch_up=catch_up)
        return
    report = publication.noting((unpublished_sentence(obstacle),)).report
    keeping = partial(store.keep_report, engine, publication, closing(report), because=obstacle)
    await _unhurried(keeping)
    if obstacle is not None:
        await _log_not_published(engine, context.run.id, obstacle)


async def _answers(
    engine: AsyncEngine, context: RunContext, seen: Seen, obstacle: NotPublished | None
) -> Mapping[str, CountedAnswer]:
    """Count what campaigns brought, where what was read is to be published."""
    if obstacle is not None or context.run.request.publish == "never":
        return {}
    count = partial(count_campaigns, as_of=context.as_of, run_id=context.run.id)
    return await _unhurried(partial(count, engine, seen.columns, seen.merged))


async def _catching_up(
    shop_engine: AsyncEngine, engine: AsyncEngine, context: RunContext, publication: Publication
) -> CatchUp:
    """Score who ordered since the run began; who does from now on is scored as it is published."""
    if publication.scoring is None:
        return nobody_late
    async with transaction(engine) as connection:
        served = await runs.published(connection)
    labels = publication.segments
    catch_up = CatchingUp(
        context.config,
        FreshScores(shop_engine, context.shop),
        Scorer(publication.run_id, publication.scoring, labels, known_name),
        as_of=publication.as_of,
        since=context.run.started_at or context.run.read_at,
        served=served,
    )
    await _unhurried(partial(_look, engine, catch_up))
    return catch_up


async def _look(engine: AsyncEngine, catch_up: CatchUp) -> None:
    async with transaction(engine) as connection:
        await catch_up(connection)


async def _now(engine: AsyncEngine) -> datetime:
    async with transaction(engine) as connection:
        return await read_clock(connection)


@asynccontextmanager
async def _databases(config: RunConfig) -> AsyncIterator[tuple[AsyncEngine, AsyncEngine]]:
    shop, ours, seconds = config.shop_url, config.intelligence_url, config.statement_seconds
    to_read, to_change = opening_of_shop(shop, ours), Opening.CHANGE
    async with (
        opened(shop, pool_size=1, bounds=run_reads(seconds), opening=to_read) as shop_engine,
        opened(ours, pool_size=2, bounds=run_writes(seconds), opening=to_change) as engine,
    ):
        yield shop_engine, engine


async def _context(engine: AsyncEngine, config: RunConfig, run_id: str, token: str) -> RunContext:
    run = await _unhurried(partial(runs.get, engine, run_id))
    run.request.refuse_unknown()
    return RunContext(
        config=config,
        run=run,
        token=token,
        as_of=run.request.as_of or run.started_at or run.read_at,
        shop=Shop(load_mapping(config.shop_variables)),
    )


async def _write(engine: AsyncEngine, context: RunContext, progress: Progress) -> None:
    await leases.write_progress(
        engine,
        context.run.id,
        token=context.token,
        stage=progress.stage,
        share_done=progress.share,
        counts=progress.counts,
    )


async def _see(
    engine: AsyncEngine,
    context: RunContext,
    machines: Machines,
    progress: Progress,
    erasures: Erasures,
) -> tuple[Seen, Erasures]:
    progress.enter("read")
    count = partial(_count_orders, progress)
    read = partial(see, engine, context.shop, context.as_of, count, read=machines.read)
    try:
        seen = await read(now=utc_now())
    except DatabaseUnavailable as error:
        if error.kind != "changed":
            raise
        log.warning("shop was written while it was read, reading it once more")
        seen = await read(now=utc_now())
    seen, erasures = without_erased(seen, erasures)
    customers, counted = len(seen.columns.customer_ids), len(seen.columns.created_at)
    progress.count(customers=customers, orders=counted)
    progress.handle(customers + counted + sum(seen.columns.rejected.values()))
    return seen, erasures


def _count_orders(progress: Progress, orders: int) -> None:
    progress.count(orders=orders)


def _namer(context: RunContext) -> Namer:
    """Return who names segments; names of what is not published are not worth asking for."""
    config, wanted = context.config, context.run.request.publish != "never"
    return create_namer(
        api_key=config.anthropic_api_key if wanted else None,
        model=config.anthropic_model,
        base_url=config.anthropic_base_url,
    )


async def _log_not_published(engine: AsyncEngine, run_id: str, because: NotPublished) -> None:
    """Warn once a day: who runs hourly would else bury it."""
    told = {"run_id": run_id, "reason": because}
    if await runs.happened_today(engine, run_id, because):
        log.info("run not published, as before", extra=told)
    else:
        log.warning("run not published", extra=told)


def _with_stages(progress: Progress, report: RunReport) -> RunReport:
    """Add what the stages took, once the last one has only to be committed."""
    progress.leave()
    return replace(report, stages=tuple(progress.ended))


def _log_success(report: RunReport, seconds: float) -> None:
    figures = {
        "run_id": report.run_id,
        "customers": report.customers.total,
        "orders": report.orders.counted,
        "segments": sum(segment.id != NO_ORDERS for segment in report.segments),
        "seconds": round(seconds, 1),
    }
    log.info("run succeeded", extra=figures)
