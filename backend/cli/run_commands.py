"""One run, followed from the terminal."""

import asyncio
from datetime import datetime
from typing import Annotated, cast

import typer

from backend import store
from backend.cli.configuration import checked_settings, instant_described, migrate_if_wanted
from backend.cli.following import Tell, followed
from backend.cli.terminal import AsJson, print_json, print_report
from backend.core.clock import utc_now
from backend.core.errors import ReportNotReady, RunFailed
from backend.core.glossary import Action
from backend.core.instants import read_instant
from backend.core.settings import Settings
from backend.database.engine import AsyncEngine, opened, transaction
from backend.database.sqlite_files import opening_of_ours
from backend.main import opened_for_lease, run_config
from backend.results.run_report import RunReport
from backend.run.worker import work_once
from backend.store import runs
from backend.store.audit import COMMAND, record
from backend.store.runs import Refit, Run, RunRequest

WATCH_EVERY_SECONDS = 0.2


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
    )
    report = asyncio.run(run_and_watch(settings, request, show_progress=not as_json))
    if as_json:
        print_json(report)
    else:
        print_report(report)


async def run_and_watch(
    settings: Settings, request: RunRequest, *, show_progress: bool
) -> RunReport:
    urls = settings.shop_url, settings.intelligence_url
    async with (
        opened(settings.intelligence_url, opening=opening_of_ours(*urls)) as engine,
        opened_for_lease(settings) as lease_engine,
    ):
        await migrate_if_wanted(settings, engine)
        run = await runs.enqueue(engine, request, now=utc_now())
        async with transaction(engine) as connection:
            await record(connection, COMMAND, Action.RUN_STARTED, run.id, now=utc_now())
        with followed(wanted=show_progress) as tell:
            # Whoever claims it first, we or a service on the same database, does the work.
            working = asyncio.create_task(
                work_once(lease_engine, run_config(settings), asyncio.Event())
            )
            ended = await _watch(engine, run.id, tell)
            await working
        if ended.state == "failed":
            raise RunFailed(run.id, ended.error or "no reason was recorded")
        report = await store.read_report(engine, run.id)
    if report is None:
        raise ReportNotReady(run.id, ended.state)
    return report


async def _watch(engine: AsyncEngine, run_id: str, tell: Tell) -> Run:
    """Follow a run to its end."""
    tell("starting", None)
    while not (run := await runs.get(engine, run_id)).is_finished:
        if run.stage is not None:
            tell(run.stage, run.share_done)
        await asyncio.sleep(WATCH_EVERY_SECONDS)
    tell(run.state, 1.0)
    return run
