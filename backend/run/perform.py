"""One run: read → learn → word → compose → publish. I/O at both ends, arrays in between."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

from backend import store
from backend.clients.naming import Namer, create_namer
from backend.core.clock import monotonic_seconds, utc_now
from backend.core.glossary import NO_ORDERS
from backend.database.bounds import run_reads, run_writes
from backend.database.engine import AsyncEngine, opened
from backend.database.sqlite_files import Opening, opening_of_shop
from backend.results.run_report import RunReport
from backend.run.compose import compose
from backend.run.erasures import read_erasures, without_erased
from backend.run.learn import learn
from backend.run.naming_words import worded
from backend.run.progress import Progress, written
from backend.run.run_config import RunConfig
from backend.run.run_context import RunContext
from backend.run.standing import read_standing
from backend.shop.mapping.layers import load_mapping
from backend.shop.seen import Seen, see
from backend.shop.shop import Shop
from backend.store import runs
from backend.store.tombstones import Erasures

log = logging.getLogger(__name__)


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
    """
    began = monotonic_seconds()
    async with _databases(config) as (shop_engine, engine):
        context = await _context(engine, config, run_id, token)
        async with written(progress, partial(_write, engine, context)) as write_now:
            erasures = await read_erasures(engine, config)
            seen, erasures = await _see(shop_engine, context, progress, erasures)
            standing = (await read_standing(engine)).with_ids_like(seen.columns.customer_ids)
            learned = await asyncio.to_thread(learn, seen, standing, context, progress)
            named = await worded(learned, standing.names, _namer(config))
            progress.enter("publish", len(seen.columns.customer_ids))
            await write_now()
            publication = replace(compose(context, seen, standing, named), erasures=erasures)
            closing = partial(_with_stages, progress)
            await store.publish(engine, publication, now=utc_now(), closing=closing)
    _log_success(publication.report, monotonic_seconds() - began)


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
    run = await runs.get(engine, run_id)
    return RunContext(
        config=config,
        run=run,
        token=token,
        as_of=run.request.as_of or utc_now(),
    )


async def _write(engine: AsyncEngine, context: RunContext, progress: Progress) -> None:
    await runs.write_progress(
        engine,
        context.run.id,
        token=context.token,
        stage=progress.stage,
        share_done=progress.share,
        counts=progress.counts,
    )


async def _see(
    engine: AsyncEngine, context: RunContext, progress: Progress, erasures: Erasures
) -> tuple[Seen, Erasures]:
    progress.enter("read")
    shop = Shop(load_mapping(context.config.shop_variables))
    seen = await see(
        engine, shop, context.as_of, lambda orders: progress.count(orders=orders), now=utc_now()
    )
    seen, erasures = without_erased(seen, erasures)
    customers, counted = len(seen.columns.customer_ids), len(seen.columns.created_at)
    progress.count(customers=customers, orders=counted)
    progress.handle(customers + counted + sum(seen.columns.rejected.values()))
    return seen, erasures


def _namer(config: RunConfig) -> Namer:
    return create_namer(
        api_key=config.anthropic_api_key,
        model=config.anthropic_model,
        base_url=config.anthropic_base_url,
    )


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
