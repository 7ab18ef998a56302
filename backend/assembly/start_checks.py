"""What is looked at before anything is served, and refused in words."""

import logging
import sys
from importlib.util import find_spec
from typing import NoReturn

from backend.assembly.run_settings import revealed
from backend.clients.redis_url import usable_redis_url
from backend.clients.smtp_server import EXPECTED, VARIABLE, smtp_server
from backend.core import exit_codes
from backend.core.errors import (
    DatabaseRefuses,
    DatabaseUnavailable,
    InvalidConfiguration,
    InvalidMapping,
    TablesInTheWay,
    TablesTooNew,
)
from backend.core.settings import Settings
from backend.core.visible import visible
from backend.core.warehouse_urls import scheme_of
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

SCHEDULER = "DASK_SCHEDULER_ADDRESS"
SPREADABLE = ("postgresql", "postgres", "mysql", "mariadb")
OF_SERVERS = "databases that workers on other machines reach: PostgreSQL, MySQL or MariaDB"
OF_DASK = "`pip install -r requirements-dask.txt`, here and where workers are"

log = logging.getLogger(__name__)


def refuse_unusable_addresses(settings: Settings) -> None:
    """Look at the URLs of databases, of Redis and of the mail server; nothing connects.

    Raises
    ------
    InvalidDatabaseUrl, InvalidConfiguration
        Names what of which URL cannot be used.
    """
    refuse_unusable_urls(settings.database_urls)
    if (url := revealed(settings.redis_url)) is not None:
        usable_redis_url(url)
    if (url := revealed(settings.smtp_url)) is not None:
        smtp_server(url)
    elif settings.digest_recipients:
        raise InvalidConfiguration(VARIABLE, "is not set, though DIGEST_TO is", EXPECTED)
    if settings.dask_scheduler_address is not None:
        _refuse_to_spread(settings)


def _refuse_to_spread(settings: Settings) -> None:
    """Refuse what runs cannot be spread over: files that other machines have not, no Dask."""
    for name, url in settings.database_urls.items():
        if scheme_of(url) not in SPREADABLE:
            raise InvalidConfiguration(SCHEDULER, f"is set, and {name} is a file", OF_SERVERS)
    if find_spec("distributed") is None:
        raise InvalidConfiguration(SCHEDULER, "is set, and Dask is not installed", OF_DASK)


async def refuse_unusable_tables(settings: Settings) -> None:
    """Look at our tables before anything is served; a database that is away is waited for later.

    Raises
    ------
    DatabaseRefuses, TablesInTheWay, TablesTooNew
        When no second try would mend what it meets.
    """
    try:
        await _look_at_ours(settings)
        if settings.shop_url != settings.intelligence_url:
            await _look_at_the_shop(settings)
    except DatabaseRefuses:
        raise
    except DatabaseUnavailable as error:
        log.warning("database away, started without it", extra={"reason": str(error)})


async def _look_at_ours(settings: Settings) -> None:
    bounds, ours = hurried(settings.api_statement_seconds), settings.intelligence_url
    may_make = opening_of_ours(settings.shop_url, ours)
    opening = may_make if settings.auto_migrate else Opening.CHANGE
    async with opened(ours, pool_size=1, bounds=bounds, opening=opening) as engine:
        await (refuse_unmigratable(engine) if settings.auto_migrate else ping(engine))


async def _look_at_the_shop(settings: Settings) -> None:
    bounds = hurried(settings.api_statement_seconds)
    async with opened(
        settings.shop_url, pool_size=1, bounds=bounds, opening=Opening.READ
    ) as engine:
        await ping(engine, "shop")


def end_refused(error: Exception) -> NoReturn:
    """Say in one sentence why nothing is served, and end with the code that supervisors know."""
    sys.stderr.write(f"{visible(str(error))}\n")
    sys.exit(exit_codes.of_refused_start())
