"""Serve, work off what is queued, migrate."""

import asyncio
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
import uvicorn

from backend.assembly.run_settings import digest_settings, opened_to_migrate, run_config
from backend.assembly.start_checks import refuse_unusable_tables
from backend.cli.configuration import checked_settings, migrate_if_wanted, shop_table_names
from backend.cli.consoles import out
from backend.cli.stopping import unless_stopped
from backend.core.ending import stoppable
from backend.core.errors import Stopped
from backend.core.settings import Settings
from backend.core.warehouse_urls import refuse_loading
from backend.database import changes
from backend.database.engine import opened
from backend.database.sqlite_files import Opening, opening_of_ours
from backend.digest.deliver import keep_delivering
from backend.files.create_tables import create_shop_tables
from backend.run.worker import work
from backend.store.migrate import migrate
from backend.web.entrance import APP

LOOPBACK, ANY_ADDRESS = "127.0.0.1", ("0.0.0.0", "::")  # noqa: S104, is told, not listened on
# Of one process: beyond that the answer is 503. Half of them may wait for a head (`bounded_http`),
# and all fit into the 1,024 open files that a process may have where nobody raised that.
MOST_CONNECTIONS = 1000
# A process that is asked whether it is well is killed after that, and begun anew: one that only
# starts on a busy machine would be so for ever with uvicorn's 5 seconds.
WORKER_ANSWERS_SECONDS = 60
# prometheus-client's own variable, which it reads when it is imported.
COUNTS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"

log = logging.getLogger(__name__)


def serve(
    host: str = "127.0.0.1",
    port: int = 8000,
    workers: Annotated[
        int | None, typer.Option(help="Processes; unset: WEB_CONCURRENCY, else 1.")
    ] = None,
) -> None:
    """Serve the API, and run clustering unless RUN_WORKER=false."""
    settings = checked_settings()
    asyncio.run(refuse_unusable_tables(settings))  # one sentence here rather than in each worker
    if settings.web:
        log.info("pages for people", extra={"address": pages_at(settings.public_url, host, port)})
    processes = uvicorn.Config("backend.main:app", workers=workers, log_config=None).workers
    with _counting_together(settings, processes):
        uvicorn.run(
            "backend.main:app",
            host=host,
            port=port,
            workers=workers,
            log_config=None,
            http="backend.api.bounded_http:BoundedHttp",
            ws="none",
            server_header=False,
            limit_concurrency=MOST_CONNECTIONS,
            timeout_graceful_shutdown=settings.shutdown_seconds,
            timeout_worker_healthcheck=WORKER_ANSWERS_SECONDS,
        )


def pages_at(public_url: str | None, host: str, port: int) -> str:
    """Return where a browser finds the pages; a container's own addresses are nobody's."""
    if public_url is not None:
        return public_url.rstrip("/") + APP
    name = LOOPBACK if host in ANY_ADDRESS else host
    return f"http://{f'[{name}]' if ':' in name else name}:{port}{APP}"


@contextmanager
def _counting_together(settings: Settings, workers: int) -> Iterator[None]:
    """Give several processes a folder for what they count, and remove it at the end."""
    if workers == 1 or settings.prometheus_multiproc_dir is not None:
        yield
        return
    with TemporaryDirectory(prefix="intelligence-counts-") as folder:
        os.putenv(COUNTS_FOLDER, folder)  # for the processes that this one starts alone
        yield


def worker() -> None:
    """Run queued clusterings and deliver webhooks; web processes then want RUN_WORKER=false."""
    asyncio.run(_work(checked_settings()))


def migrate_command(
    shop_tables: Annotated[
        bool, typer.Option("--shop-tables", help="Also make the guide's three shop tables.")
    ] = False,
) -> None:
    """Create or update our own tables; a shop's tables are never touched."""
    asyncio.run(_migrate(checked_settings(), shop_tables=shop_tables))
    out.print("The tables are up to date.")


async def _migrate(settings: Settings, *, shop_tables: bool) -> None:
    if shop_tables:
        refuse_loading(settings.shop_url)
    urls = settings.shop_url, settings.intelligence_url
    opening = Opening.CREATE if shop_tables else opening_of_ours(*urls)
    async with opened(settings.intelligence_url, opening=opening) as engine:
        await migrate(engine)
    if shop_tables:
        async with opened(settings.shop_url) as engine:
            await create_shop_tables(engine, await shop_table_names(settings, engine))


async def _work(settings: Settings) -> None:
    changes.log_from_now_on()
    with stoppable(settings.shutdown_seconds) as stop, suppress(Stopped):
        async with opened_to_migrate(settings) as engine:
            await unless_stopped(stop, migrate_if_wanted(settings, engine))
        migrating = partial(_migrate_again, settings) if settings.auto_migrate else None
        await asyncio.gather(
            work(run_config(settings), stop, migrate=migrating),
            keep_delivering(digest_settings(settings), stop),
        )


async def _migrate_again(settings: Settings) -> None:
    async with opened_to_migrate(settings) as engine:
        await migrate(engine, patience_seconds=0)
