"""The application: `create_app(settings)`, and `app` for `uvicorn backend.main:app`."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any, TypedDict

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from limits import RateLimitItemPerMinute
from pydantic import SecretStr
from starlette.middleware.cors import CORSMiddleware

from backend import API_VERSION
from backend.api import audit_routes, documentation, health, metrics_page, problems
from backend.api.admission import Admission
from backend.api.closing import BoundedWhenClosing, Closing
from backend.api.counts import Requests, watch_pools
from backend.api.customers import routes as customers
from backend.api.keys import Keyring, Role
from backend.api.lists import routes as lists
from backend.api.lists.list_cursor import cursor_serializer
from backend.api.middleware import HEADER as REQUEST_ID
from backend.api.middleware import RequestId
from backend.api.openapi import describe, operation_id
from backend.api.prober import Prober
from backend.api.request_bounds import RequestBounds
from backend.api.revalidation import Revalidated
from backend.api.runs import routes as runs
from backend.api.security_headers import SecurityHeaders
from backend.api.segments import routes as segments
from backend.api.state import ApiState
from backend.clients.cache import create_cache
from backend.clients.redis_url import usable_redis_url
from backend.clients.request_counts import RequestCounts, create_counts
from backend.core import exit_codes
from backend.core.api_keys import HOW_TO_MAKE_ONE, is_short
from backend.core.clock import utc_now
from backend.core.ending import heard
from backend.core.errors import (
    DatabaseRefuses,
    DatabaseUnavailable,
    InvalidConfiguration,
    InvalidMapping,
    TablesInTheWay,
    TablesTooNew,
)
from backend.core.instants import in_utc
from backend.core.logging import set_up_logging
from backend.core.misspelt import name_misspelt
from backend.core.secret_keys import OwnKeys, Use, derived
from backend.core.settings import Settings, environment_of_others
from backend.core.visible import visible
from backend.database import changes
from backend.database.bounds import hurried
from backend.database.engine import (
    AsyncEngine,
    InvalidDatabaseUrl,
    opened,
    ping,
    refuse_unusable_urls,
)
from backend.database.sqlite_files import Opening, opening_of_ours, opening_of_shop
from backend.run.background import Background, BackgroundWork
from backend.run.run_config import RunConfig
from backend.shop.mapping.layers import load_mapping
from backend.shop.mapping.mapping import ShopMapping
from backend.shop.shop import Shop
from backend.store.rights_of_ours import refuse_unmigratable

# What scripts of an allowed origin may read of an answer.
EXPOSED = (REQUEST_ID, "RateLimit", "RateLimit-Policy", "Retry-After", "Location", "ETag")
RUN_CONNECTIONS = 4  # of its own process: one reads the shop, two write, one tells how it ended
REFUSED_AT_START = (
    InvalidConfiguration,
    InvalidMapping,
    InvalidDatabaseUrl,
    DatabaseRefuses,
    TablesInTheWay,
    TablesTooNew,
)

log = logging.getLogger(__name__)


class Lifespan(TypedDict):
    """What requests find in `request.state`."""

    api: ApiState


def create_app(settings: Settings) -> FastAPI:
    """Build the application; nothing connects before it starts.

    Raises
    ------
    InvalidMapping
        When the shop's tables are described by something that cannot be used.
    InvalidDatabaseUrl
        When a database's URL has an option that is not known.
    """
    refuse_unusable_addresses(settings)
    mapping = load_mapping(settings.shop_variables(), settings.shop_database)
    closing = Closing(settings.shutdown_seconds)
    pages: dict[str, Any] = {} if settings.serve_docs else {"openapi_url": None}
    app: FastAPI = (FastAPIOffline if settings.serve_docs else FastAPI)(
        title="Intelligence Backend",
        version=API_VERSION,
        description="Segments, value and churn of a shop's customers.",
        lifespan=_lifespan(settings, mapping, closing),
        generate_unique_id_function=operation_id,
        docs_url=None,  # the pages are ours, for their policy; the package has their scripts
        redoc_url=None,
        **pages,
    )
    if settings.serve_docs:
        documentation.install(app)
    app.add_middleware(BoundedWhenClosing, closing=closing)
    _surround(app, settings)
    problems.install(app)
    for router in (
        health.router,
        lists.router,
        lists.of_segments,
        metrics_page.router,
        customers.router,
        segments.router,
        runs.status,
        runs.admin,
        segments.admin,
        customers.admin,
        audit_routes.admin,
    ):
        app.include_router(router)
    describe(app)
    return app


def _surround(app: FastAPI, settings: Settings) -> None:
    """Put around the routes what every request passes, the innermost first."""
    app.add_middleware(RequestBounds)
    app.add_middleware(Revalidated)
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.origins,
            allow_methods=["GET", "POST", "PATCH", "DELETE"],
            allow_headers=["X-API-Key", REQUEST_ID],
            expose_headers=EXPOSED,
        )
    app.add_middleware(RequestId, unexpected=problems.unexpected, count=Requests().count)
    app.add_middleware(SecurityHeaders)  # outermost: what nobody expected gets them too


def run_config(settings: Settings) -> RunConfig:
    """Pick what a run needs."""
    return RunConfig(
        shop_url=settings.shop_url,
        intelligence_url=settings.intelligence_url,
        statement_seconds=settings.run_statement_seconds,
        shop_variables=settings.shop_variables(),
        prediction_horizon_days=settings.prediction_horizon_days,
        churn_horizon_days=settings.churn_horizon_days,
        dynamic_k_range=settings.enable_dynamic_k_range,
        robust_scaling=settings.clustering_robust_scaling,
        history_retention_days=settings.history_retention_days,
        anthropic_api_key=_revealed(settings.anthropic_api_key),
        anthropic_model=settings.anthropic_model,
        anthropic_base_url=settings.anthropic_base_url,
        log_level=settings.log_level,
        secrets=settings.secrets,
        environment=environment_of_others(),
        run_seconds=settings.run_seconds,
    )


def _revealed(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def _lifespan(
    settings: Settings, mapping: ShopMapping, closing: Closing
) -> Callable[[FastAPI], AbstractAsyncContextManager[Lifespan]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[Lifespan]:
        if settings.admin_api_key is None:
            log.warning("ADMIN_API_KEY is not set: API_KEY also opens the admin routes")
        if is_short((*settings.api_keys, *settings.admin_api_keys)):
            log.warning("a key is short enough to be guessed", extra={"better": HOW_TO_MAKE_ONE})
        changes.log_from_now_on()
        async with AsyncExitStack() as stack:
            api = await _api_state(settings, mapping, stack)
            await stack.enter_async_context(_background(settings, api, closing))
            yield {"api": api}

    return lifespan


async def _api_state(settings: Settings, mapping: ShopMapping, stack: AsyncExitStack) -> ApiState:
    ours, theirs = settings.intelligence_url, settings.shop_url
    reading = partial(_opened_for, stack, settings.api_statement_seconds)
    looking = partial(_opened_for, stack, settings.health_statement_seconds, pool_size=1)
    to_read = opening_of_shop(theirs, ours)
    engine = await reading(ours, pool_size=settings.database_pool_size)
    shop_engine = await reading(theirs, pool_size=settings.database_pool_size, opening=to_read)
    size = settings.database_pool_size
    watch_pools({"intelligence": (engine, size), "shop": (shop_engine, size)})
    health_engine = await looking(ours)
    _say_connections(settings.database_pool_size)
    shop = Shop(mapping)
    cache = create_cache(_revealed(settings.redis_url), ttl_seconds=settings.cache_ttl_seconds)
    counts = create_counts(_revealed(settings.redis_url))
    for optional in (cache, counts):
        stack.push_async_callback(optional.close)
    return ApiState(
        engine=engine,
        shop_engine=shop_engine,
        prober=Prober(
            health_engine,
            await looking(theirs, opening=to_read),
            shop,
            settings.health_statement_seconds,
        ),
        shop=shop,
        cache=cache,
        admission=_admission(settings, counts),
        own_keys=OwnKeys.of(settings.secrets),
        metrics_key=_revealed(settings.metrics_key),
        metrics_folder=settings.prometheus_multiproc_dir,
        now=utc_now,
        cursors=cursor_serializer(derived(settings.secrets[0], Use.CURSOR)),
        as_of=settings.run_as_of and in_utc(settings.run_as_of, mapping.zone),
        queued=timedelta(seconds=settings.queued_seconds),
        background=Background(),
    )


def _admission(settings: Settings, counts: RequestCounts) -> Admission:
    per_key = settings.rate_limit_per_minute
    return Admission(
        keys=_keyring(settings),
        counts=counts,
        wrong_keys=RateLimitItemPerMinute(settings.wrong_keys_per_minute),
        per_key=None if per_key is None else RateLimitItemPerMinute(per_key),
    )


def _say_connections(pool_size: int) -> None:
    """Say how many connections this process may have, so that a server can be sized for it."""
    most = {"requests": 2 * pool_size, "health": 2, "worker": 2, "run": RUN_CONNECTIONS}
    log.info("connections at most", extra={**most, "together": sum(most.values())})


def _keyring(settings: Settings) -> Keyring:
    keys = {
        Role.READS_NUMBERS: settings.masked_api_keys,
        Role.READS: settings.api_keys,
        Role.ADMINISTERS: settings.admin_api_keys,
    }
    return Keyring.of(keys)


async def _opened_for(
    stack: AsyncExitStack,
    statement_seconds: float,
    url: str,
    *,
    pool_size: int,
    opening: Opening = Opening.CHANGE,
) -> AsyncEngine:
    bounds = hurried(statement_seconds)
    engine = opened(url, pool_size=pool_size, bounds=bounds, opening=opening)
    return await stack.enter_async_context(engine)


def opened_to_migrate(settings: Settings) -> AbstractAsyncContextManager[AsyncEngine]:
    """Give who makes our tables all the time that takes; a file of our own may be made too."""
    opening = opening_of_ours(settings.shop_url, settings.intelligence_url)
    return opened(settings.intelligence_url, pool_size=1, opening=opening)


@asynccontextmanager
async def _background(settings: Settings, api: ApiState, closing: Closing) -> AsyncIterator[None]:
    """Migrate, and run what is queued, beside the requests."""
    work = BackgroundWork(
        config=run_config(settings),
        auto_migrate=settings.auto_migrate,
        run_worker=settings.run_worker,
        state=api.background,
    )
    await work.begin()
    task = asyncio.create_task(work.go_on(closing.begun))
    try:
        with heard(closing.begin):
            yield
    finally:
        closing.begun.set()
        await asyncio.wait({task}, timeout=settings.shutdown_seconds)
        task.cancel()


def refuse_unusable_addresses(settings: Settings) -> None:
    """Look at the URLs of databases and of Redis; nothing connects.

    Raises
    ------
    InvalidDatabaseUrl, InvalidConfiguration
        Names what of which URL cannot be used.
    """
    refuse_unusable_urls(settings.database_urls)
    if (url := _revealed(settings.redis_url)) is not None:
        usable_redis_url(url)


def refuse_unusable_tables(settings: Settings) -> None:
    """Look at our tables before anything is served; a database that is away is waited for later.

    Raises
    ------
    DatabaseRefuses, TablesInTheWay, TablesTooNew
        When no second try would mend what it meets.
    InvalidDatabaseUrl
        When a database's URL has an option that is not known.
    """
    refuse_unusable_addresses(settings)
    # A server makes the app in its loop, and may not be kept from it: hence a thread with its own.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, _look(settings)).result()


async def _look(settings: Settings) -> None:
    bounds = hurried(settings.api_statement_seconds)
    shop, ours = settings.shop_url, settings.intelligence_url
    may_make = opening_of_ours(shop, ours) if settings.auto_migrate else Opening.CHANGE
    try:
        async with opened(
            settings.intelligence_url, pool_size=1, bounds=bounds, opening=may_make
        ) as engine:
            await (refuse_unmigratable(engine) if settings.auto_migrate else ping(engine))
        if shop != ours:
            opening = Opening.READ
            async with opened(shop, pool_size=1, bounds=bounds, opening=opening) as engine:
                await ping(engine, "shop")
    except DatabaseRefuses:
        raise
    except DatabaseUnavailable as error:
        log.warning("database away, started without it", extra={"reason": str(error)})


def __getattr__(name: str) -> FastAPI:
    """Make `app` when a server asks for it, so that importing this module reads no settings."""
    if name != "app":
        raise AttributeError(name)
    try:
        settings = Settings.load()
        set_up_logging(settings.log_level)
        name_misspelt(Settings.misspelt())
        refuse_unusable_tables(settings)
        return create_app(settings)
    except REFUSED_AT_START as error:
        sys.stderr.write(f"{visible(str(error))}\n")
        sys.exit(exit_codes.of_refused_start())
