"""One run: read → forecast → segments → publish. I/O at both ends, arrays in between."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial

from backend import store
from backend.clients.naming import Namer, create_namer
from backend.core.clock import utc_now
from backend.database.engine import AsyncEngine, opened, transaction
from backend.run.compose import publication
from backend.run.learn import Standing, learn
from backend.run.naming_words import worded
from backend.run.progress import Progress, written
from backend.run.readiness_check import Horizons, examine
from backend.run.run_config import RunConfig
from backend.shop.basket_lines import BasketColumns, read_baskets
from backend.shop.mapping.layers import load_mapping
from backend.shop.orders import ShopColumns, read_shop
from backend.shop.shop import Shop
from backend.store import runs


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
    async with _databases(config) as (shop_engine, engine):
        run = await runs.get(engine, run_id)
        as_of = run.request.as_of or utc_now()
        async with written(progress, partial(_write, engine, run_id, token)):
            shop, baskets = await _read(shop_engine, config, as_of, progress)
            standing = (await _standing(engine)).with_ids_like(shop.customer_ids)
            options = (config, run.request, as_of, progress)
            found = await asyncio.to_thread(learn, shop, baskets, standing, *options)
            readiness = await examine(
                shop_engine,
                engine,
                Shop(load_mapping(config.shop_variables)),
                shop,
                as_of,
                _horizons(config),
            )
            found = await worded(found, standing.names, _namer(config))
            progress.enter("publish")
            await _write(engine, run_id, token, progress)
            result = publication(run, token, as_of, shop, standing, found, readiness, config)
            await store.publish(engine, result, now=utc_now())


def _horizons(config: RunConfig) -> Horizons:
    return Horizons(config.prediction_horizon_days, config.churn_horizon_days)


def _namer(config: RunConfig) -> Namer:
    return create_namer(
        api_key=config.anthropic_api_key,
        model=config.anthropic_model,
        base_url=config.anthropic_base_url,
    )


@asynccontextmanager
async def _databases(config: RunConfig) -> AsyncIterator[tuple[AsyncEngine, AsyncEngine]]:
    async with (
        opened(config.shop_url, pool_size=config.pool_size) as shop_engine,
        opened(config.intelligence_url, pool_size=config.pool_size) as engine,
    ):
        yield shop_engine, engine


async def _write(engine: AsyncEngine, run_id: str, token: str, progress: Progress) -> None:
    await runs.write_progress(
        engine,
        run_id,
        token=token,
        stage=progress.stage,
        share_done=progress.share,
        counts=progress.counts,
    )


async def _read(
    engine: AsyncEngine, config: RunConfig, as_of: datetime, progress: Progress
) -> tuple[ShopColumns, BasketColumns | None]:
    progress.enter("read")
    shop = Shop(load_mapping(config.shop_variables))
    columns = await read_shop(
        engine, shop, as_of, lambda orders: progress.count(orders=orders), now=utc_now()
    )
    progress.count(customers=len(columns.customer_ids), orders=len(columns.created_at))
    return columns, await read_baskets(engine, shop, as_of, columns.customer_ids)


async def _standing(engine: AsyncEngine) -> Standing:
    model = await store.read_standing_model(engine)
    async with transaction(engine) as connection:
        published = await runs.published(connection)
    customer_ids, segment_ids = await store.read_membership(engine)
    return Standing(
        model=model,
        customer_ids=customer_ids,
        segment_ids=segment_ids,
        as_of=None if published is None else published.as_of,
        names=await store.read_names(engine),
    )
