"""One run, followed from the terminal; and what one found, as a page."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, cast

import typer

from backend import store
from backend.assembly.run_settings import digest_settings, opened_to_migrate, run_config
from backend.cli.configuration import checked_settings, instant_described, migrate_if_wanted
from backend.cli.consoles import err
from backend.cli.following import followed
from backend.cli.stopping import unless_stopped
from backend.cli.terminal import AsJson, print_json, print_report
from backend.core.ending import stoppable
from backend.core.errors import (
    BackendError,
    DatabaseUnavailable,
    NoRunPublished,
    NothingPublished,
    ReportNotReady,
    RunFailed,
    Stopped,
)
from backend.core.instants import read_instant
from backend.core.late import late
from backend.core.settings import Settings
from backend.database.engine import AsyncEngine, opened, transaction
from backend.database.sqlite_files import Opening
from backend.digest.deliver import deliver_due, opened_for_digests
from backend.files.whole_file import whole_file
from backend.results.run_report import RunReport
from backend.run.run_config import RunConfig
from backend.run.worker import STOPPED, opened_for_lease, work_once
from backend.shop.mapping.layers import load_mapping
from backend.store import leases, runs
from backend.store.audit import COMMAND
from backend.store.run_request import Publish, Refit, RunRequest
from backend.store.run_row import Run
from backend.wording.unpublished_sentences import unpublished_sentence

WATCH_EVERY_SECONDS = 0.2
# So that a job that only runs does not wait long for a mail server; a worker is more patient.
DIGEST_PATIENCE = timedelta(seconds=90)
LATEST = "latest"
STANDARD_OUTPUT = "-"


def cluster(
    sample_size: Annotated[int | None, typer.Option(help="Customers to fit on.")] = None,
    min_k: Annotated[int | None, typer.Option(help="Fewest segments.")] = None,
    max_k: Annotated[int | None, typer.Option(help="Most segments.")] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            parser=read_instant,
            metavar="INSTANT",
            help="The instant described, in SHOP_TIME_ZONE where it names no offset.",
        ),
    ] = None,
    refit: Annotated[
        str, typer.Option(help="Learn borders anew: auto (monthly), now, or force.")
    ] = "auto",
    publish: Annotated[
        str,
        typer.Option(help="Replace what is served: auto (unless it looks wrong), always or never."),
    ] = "auto",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only report: as --publish never.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Learn segments, value and churn of all customers, and publish them."""
    settings = checked_settings()
    request = RunRequest(
        sample_size=sample_size,
        min_k=min_k,
        max_k=max_k,
        as_of=instant_described(settings, as_of),
        refit=cast(Refit, refit),
        publish="never" if dry_run else cast(Publish, publish),
    )
    run, found = asyncio.run(run_and_watch(settings, request, show_progress=not as_json))
    if as_json:
        print_json(found)
    else:
        print_report(found)
    if run.not_published is not None:
        raise NothingPublished(run.id, unpublished_sentence(run.not_published))
    asyncio.run(_send_digest(settings))


def report(
    out: Annotated[Path, typer.Option(help="Where the page is written; - for here.")],
    run: Annotated[str, typer.Option(help="A run's id; latest: the served one.")] = LATEST,
) -> None:
    """Write what a run found as one page that loads nothing, to be read, printed or mailed."""
    settings = checked_settings()
    found = asyncio.run(_kept_report(settings, run))
    zone = load_mapping(settings.shop_variables(), settings.shop_database).zone
    page = late("backend.report").render_report(found, zone)
    if str(out) == STANDARD_OUTPUT:
        typer.echo(page)
        return
    with whole_file(out) as unfinished:
        unfinished.write_text(page, encoding="utf-8")
    err.print(f"Run {found.run_id} is told in {out}")


async def _kept_report(settings: Settings, run_id: str) -> RunReport:
    async with opened(settings.intelligence_url, opening=Opening.READ) as engine:
        if run_id == LATEST:
            run_id = await _served(engine)
        return await _report(engine, await runs.get(engine, run_id))


async def _served(engine: AsyncEngine) -> str:
    async with transaction(engine) as connection:
        published = await runs.published(connection)
    if published is None:
        raise NoRunPublished
    return published.run_id


async def _send_digest(settings: Settings) -> None:
    """Try for a while, unless a service does; what a digest meets changes nothing of the run."""
    if (how := digest_settings(settings)) is None:
        return
    patience = DIGEST_PATIENCE
    async with opened_for_digests(how) as engine:
        try:
            while (again_in := await deliver_due(engine, how)) and again_in <= patience:
                patience -= again_in
                await asyncio.sleep(again_in.total_seconds())
        except BackendError as error:
            err.print(str(error), soft_wrap=True)


async def run_and_watch(
    settings: Settings, request: RunRequest, *, show_progress: bool
) -> tuple[Run, RunReport]:
    """Do one run, and return how it ended and what it found.

    Raises
    ------
    RunFailed
        When it failed, or was cancelled.
    Stopped
        When the command was asked to end; its run is handed back.
    """
    with stoppable(settings.shutdown_seconds) as stop:
        async with opened_to_migrate(settings) as engine:
            await unless_stopped(stop, migrate_if_wanted(settings, engine))
        async with opened(settings.intelligence_url, opening=Opening.CHANGE) as engine:
            queued = timedelta(seconds=settings.queued_seconds)
            queuing = runs.enqueue(engine, request, queued=queued, by=COMMAND)
            run = await unless_stopped(stop, queuing)
            try:
                ended = await _see_through(settings, engine, run, stop, show_progress=show_progress)
            finally:  # nobody may wait for a run that nobody will take
                with suppress(BackendError):
                    await leases.withdraw(engine, run.id, error=STOPPED)
            return ended, await _report(engine, ended)


async def _see_through(
    settings: Settings,
    engine: AsyncEngine,
    run: Run,
    stop: asyncio.Event,
    *,
    show_progress: bool,
) -> Run:
    """Do the run, unless a service on the same database claims it first; follow it to its end."""
    working = asyncio.create_task(_do(run_config(settings), stop))
    with followed(wanted=show_progress) as tell:
        tell("starting", None)
        while not (run := await _looked_at(engine, run, working)).is_finished:
            if run.stage is not None:
                tell(run.stage, run.share_done)
            if working.done() and stop.is_set():
                raise Stopped(_elsewhere(run))
            if working.done():
                working.result()
            await asyncio.sleep(WATCH_EVERY_SECONDS)
        tell(run.state, 1.0)
    await working
    return run


async def _do(config: RunConfig, stop: asyncio.Event) -> bool:
    async with opened_for_lease(config) as engine:
        return await work_once(engine, config, stop)


def _elsewhere(run: Run) -> str:
    return f" Run {run.id} goes on in another process." if run.state == "running" else ""


async def _looked_at(engine: AsyncEngine, run: Run, working: asyncio.Task[bool]) -> Run:
    """Look at a run; a short outage does not end one that is at work here."""
    try:
        return await runs.get(engine, run.id)
    except DatabaseUnavailable:
        if working.done():
            raise
        return run


async def _report(engine: AsyncEngine, run: Run) -> RunReport:
    if run.state == "cancelled":
        raise RunFailed(run.id, "it was cancelled.")
    if run.state == "failed":
        raise RunFailed(run.id, run.error or "no reason was recorded")
    found = await store.read_report(engine, run.id)
    if found is None:
        raise ReportNotReady(run.id, run.state)
    return found
