"""What is looked at before anything is served, and refused in words."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

from backend.assembly.run_settings import revealed
from backend.clients.redis_url import usable_redis_url
from backend.core.errors import (
    DatabaseRefuses,
    DatabaseUnavailable,
    InvalidConfiguration,
    InvalidMapping,
    TablesInTheWay,
    TablesTooNew,
)
from backend.core.settings import Settings
from backend.database.bounds import hurried
from backend.database.engine import (
    InvalidDatabaseUrl,
    opened,
    ping,
    refuse_unusable_urls,
)
from backend.database.sqlite_files import Opening, opening_of_ours
from backend.store.rights_of_ours import refuse_unmigratable

REFUSED_AT_START = (
    InvalidConfiguration,
    InvalidMapping,
    InvalidDatabaseUrl,
    DatabaseRefuses,
    TablesInTheWay,
    TablesTooNew,
)

log = logging.getLogger(__name__)


def refuse_unusable_addresses(settings: Settings) -> None:
    """Look at the URLs of databases and of Redis; nothing connects.

    Raises
    ------
    InvalidDatabaseUrl, InvalidConfiguration
        Names what of which URL cannot be used.
    """
    refuse_unusable_urls(settings.database_urls)
    if (url := revealed(settings.redis_url)) is not None:
        usable_redis_url(url)


def refuse_unusable_tables(settings: Settings) -> None:
    """Look at our tables before anything is served; a database that is away is waited for later.

    Raises
    ------
    DatabaseRefuses, TablesInTheWay, TablesTooNew
        When no second try would mend what it meets.
    """
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
