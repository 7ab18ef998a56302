"""What a web process holds while it serves: engines, caches, keys, limits."""

import logging
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial

from limits import RateLimitItemPerMinute

from backend.api.admission import Admission
from backend.api.copy_state import CopyState
from backend.api.counts import watch_pools
from backend.api.heavy_reads import HeavyReads
from backend.api.kept_reads import KEPT_SECONDS, KeptReads
from backend.api.keys import Keyring, Role
from backend.api.lists.list_cursor import cursor_serializer
from backend.api.order_senders import order_senders
from backend.api.prober import Prober
from backend.api.profile_reads import Dialects, ProfileStatements
from backend.api.repeated import RepeatedAnswers
from backend.api.request_tallies import Requests
from backend.api.served_state import ServedState
from backend.api.state import ApiState
from backend.assembly.run_settings import revealed
from backend.clients.cache import create_cache
from backend.clients.request_counts import RequestCounts, create_counts
from backend.core.clock import utc_now
from backend.core.instants import in_utc
from backend.core.secret_keys import OwnKeys, Use, derived, fingerprint
from backend.core.settings import Settings
from backend.database.bounds import Bounds, file_reads, hurried
from backend.database.engine import AsyncEngine, opened
from backend.database.sqlite_files import Opening, opening_of_shop
from backend.run.background import Background
from backend.shop.mapping.mapping import ShopMapping
from backend.shop.orders_of_some import OrderReads
from backend.shop.search_by_index import PartReads
from backend.shop.shop import Shop
from backend.shop.whole_emails import EmailReads

WEBHOOK_CONNECTIONS = 3  # two of ours, and one of the shop's where names are told
RESCORING_CONNECTIONS = 2  # one to either database
RUN_CONNECTIONS = 4  # of its own process: one reads the shop, two write, one tells how it ended

log = logging.getLogger(__name__)


async def api_state(
    settings: Settings, mapping: ShopMapping, requests: Requests, stack: AsyncExitStack
) -> ApiState:
    """Open what a web process holds; the stack closes it."""
    ours, theirs = settings.intelligence_url, settings.shop_url
    reading = partial(_opened_for, stack, hurried(settings.api_statement_seconds))
    looking = partial(_opened_for, stack, hurried(settings.health_statement_seconds), pool_size=1)
    for_files = file_reads(settings.export_seconds)
    to_read = opening_of_shop(theirs, ours)
    engine = await reading(ours, pool_size=settings.database_pool_size)
    shop_engine = await reading(
        theirs, pool_size=settings.database_pool_size, opening=to_read, reads_only=True
    )
    size = settings.database_pool_size
    watch_pools({"intelligence": (engine, size), "shop": (shop_engine, size)})
    health_engine = await looking(ours)
    _say_connections(settings.database_pool_size, settings.heavy_reads)
    shop = Shop(mapping)
    cache = create_cache(revealed(settings.redis_url), ttl_seconds=settings.cache_ttl_seconds)
    served = ServedState(engine, settings.served_run_seconds)
    # Who looks each time what is served makes each answer anew.
    repeated_seconds = settings.answer_seconds if settings.served_run_seconds else 0
    counts = create_counts(revealed(settings.redis_url))
    own_keys = OwnKeys.of(settings.secrets)
    for optional in (cache, counts):
        stack.push_async_callback(optional.close)
    return ApiState(
        engine=engine,
        shop_engine=shop_engine,
        file_engine=await _opened_for(stack, for_files, ours, pool_size=settings.heavy_reads),
        is_one_database=engine.url == shop_engine.url,
        prober=Prober(
            health_engine,
            await looking(theirs, opening=to_read),
            shop,
            settings.health_statement_seconds,
        ),
        shop=shop,
        cache=cache,
        admission=_admission(settings, counts, own_keys),
        own_keys=own_keys,
        metrics_key=revealed(settings.metrics_key),
        requests=requests,
        now=utc_now,
        cursors=cursor_serializer(derived(settings.secrets[0], Use.CURSOR)),
        heavy_reads=HeavyReads(settings.heavy_reads),
        export_seconds=settings.export_seconds,
        as_of=settings.run_as_of and in_utc(settings.run_as_of, mapping.zone),
        queued=timedelta(seconds=settings.queued_seconds),
        background=Background(),
        served=served,
        copy=CopyState(engine, served),
        answers=RepeatedAnswers(served, repeated_seconds),
        kept=KeptReads(KEPT_SECONDS if settings.answer_seconds else 0),
        profile_statements=ProfileStatements(
            Dialects(shop_engine.dialect.name, engine.dialect.name), own_keys.tombstones
        ),
        email_reads=EmailReads(),
        webhooks_allow_private=settings.webhooks_allow_private,
        order_senders=order_senders(
            revealed(settings.shopify_webhook_secret), revealed(settings.woocommerce_webhook_secret)
        ),
        part_reads=PartReads(),
        order_reads=OrderReads(),
    )


def _admission(settings: Settings, counts: RequestCounts, own_keys: OwnKeys) -> Admission:
    keys, per_key = _keyring(settings), settings.rate_limit_per_minute
    return Admission(
        keys=keys,
        counts=counts,
        wrong_keys=RateLimitItemPerMinute(settings.wrong_keys_per_minute),
        per_key=None if per_key is None else RateLimitItemPerMinute(per_key),
        names={key: fingerprint(own_keys.fingerprints, key) for key in keys.known},
    )


def _say_connections(pool_size: int, files: int) -> None:
    """Say how many connections this process may have, so that a server can be sized for it."""
    most = {"requests": 2 * pool_size, "files": files, "health": 2, "worker": 2}
    most |= {"webhooks": WEBHOOK_CONNECTIONS, "rescoring": RESCORING_CONNECTIONS}
    most |= {"run": RUN_CONNECTIONS}
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
    bounds: Bounds,
    url: str,
    *,
    pool_size: int,
    opening: Opening = Opening.CHANGE,
    reads_only: bool = False,
) -> AsyncEngine:
    engine = opened(url, pool_size=pool_size, bounds=bounds, opening=opening, reads_only=reads_only)
    return await stack.enter_async_context(engine)
