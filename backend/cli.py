"""`python -m backend …`: everything an operator does from a terminal."""

import asyncio
import json
import secrets
import signal
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, cast

import typer
import uvicorn
from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from backend.core.clock import utc_now
from backend.core.config import IsolatedSettings, Settings
from backend.core.errors import (
    BackendError,
    ImportRefused,
    InvalidConfiguration,
    InvalidMapping,
    InvalidRunRequest,
    RunFailed,
)
from backend.core.logging import set_up_logging
from backend.data import runs
from backend.data.demo import load_demo_shop
from backend.data.engine import AsyncEngine, opened
from backend.data.importing import ImportResult, import_files
from backend.data.migrate import create_shop_tables, migrate
from backend.data.readiness import Readiness, check_shop
from backend.data.runs import Refit, Run, RunRequest
from backend.data.sources import Shop, load_mapping
from backend.main import create_app, run_config
from backend.pipeline.worker import work, work_once

app = typer.Typer(
    help="Customer intelligence from the database a shop already has.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
out = Console()
err = Console(stderr=True)

DEMO_DATABASE = Path("demo.db")
REJECTS = Path("rejected.csv")
WATCH_EVERY_SECONDS = 0.2

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


def main() -> None:
    """Run the command line; an error raised on purpose is one sentence, not a traceback."""
    try:
        app()
    except BackendError as error:
        cause = f" ({error.__cause__})" if error.__cause__ else ""
        err.print(f"{error}{cause}", style="red", highlight=False, soft_wrap=True, markup=False)
        asked_wrongly = InvalidConfiguration | InvalidMapping | InvalidRunRequest | ImportRefused
        sys.exit(2 if isinstance(error, asked_wrongly) else 1)


@app.command()
def serve(host: str = "127.0.0.1", port: int = 8000, workers: int = 1) -> None:
    """Serve the API, and run clustering unless RUN_WORKER=false."""
    _settings()  # fails here with a sentence rather than in each worker
    uvicorn.run("backend.main:app", host=host, port=port, workers=workers, log_config=None)


@app.command()
def worker() -> None:
    """Run queued clusterings until stopped; web processes then want RUN_WORKER=false."""
    asyncio.run(_work(_settings()))


@app.command("migrate")
def migrate_command(
    shop_tables: Annotated[
        bool, typer.Option("--shop-tables", help="Also make the guide's three shop tables.")
    ] = False,
) -> None:
    """Create or update our own tables; a shop's tables are never touched."""
    asyncio.run(_migrate(_settings(), shop_tables=shop_tables))
    out.print("The tables are up to date.")


@app.command()
def cluster(
    sample_size: Annotated[int | None, typer.Option(help="Customers to fit on.")] = None,
    min_k: Annotated[int | None, typer.Option(help="Fewest segments.")] = None,
    max_k: Annotated[int | None, typer.Option(help="Most segments.")] = None,
    as_of: Annotated[datetime | None, typer.Option(help="The instant described, UTC.")] = None,
    refit: Annotated[
        str, typer.Option(help="Learn borders anew: auto (monthly), now, or force.")
    ] = "auto",
    as_json: AsJson = False,
) -> None:
    """Learn segments, value and churn of all customers, and publish them."""
    settings = _settings()
    request = RunRequest(
        sample_size=sample_size,
        min_k=min_k,
        max_k=max_k,
        as_of=as_of and as_of.replace(tzinfo=UTC),
        refit=cast(Refit, refit),
    )
    report = asyncio.run(_cluster(settings, request, show_progress=not as_json))
    if as_json:
        typer.echo(json.dumps(report, indent=2))
    else:
        _print_report(report)


@app.command()
def check(as_json: AsJson = False) -> None:
    """Say what in the shop's data would spoil the results; exit code 1 where it would."""
    found = asyncio.run(_check(_settings()))
    if as_json:
        typer.echo(json.dumps(found.as_dict(), indent=2))
    else:
        out.print(_findings_table(found))
    if not found.is_ready:
        raise typer.Exit(1)


async def _check(settings: Settings) -> Readiness:
    async with (
        opened(settings.shop_url) as shop_engine,
        opened(settings.intelligence_url) as our_engine,
    ):
        return await check_shop(
            shop_engine,
            our_engine,
            Shop(load_mapping(settings.shop_variables())),
            utc_now(),
            value_days=settings.prediction_horizon_days,
            churn_days=settings.churn_horizon_days,
        )


def _findings_table(found: Readiness) -> Table:
    colours = {"ok": "green", "warning": "yellow", "error": "red"}
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Level", no_wrap=True)
    table.add_column("Looked at", no_wrap=True)
    table.add_column("Found", overflow="fold")
    for finding in found.findings:
        level = Text(finding.level, style=colours[finding.level])
        table.add_row(level, Text(finding.code), Text(finding.sentence))
    return table


@app.command("import")
def import_command(
    files: Annotated[
        list[Path],
        typer.Argument(help="Shopify's or WooCommerce's orders, or the guide's tables, as files."),
    ],
    rejects: Annotated[Path, typer.Option(help="Where refused lines go.")] = REJECTS,
    currency: Annotated[
        str | None, typer.Option(help="Orders in another are refused. Default: the first one's.")
    ] = None,
) -> None:
    """Load CSV or Parquet files into the guide's shop tables, each row once however often."""
    result = asyncio.run(_import(_settings(), files, rejects, currency))
    for table, count in result.rows.items():
        out.print(f"{count:>12,} {table.replace('_', ' ')} are there now", highlight=False)
    if result.rejected:
        out.print(f"{result.rejected:>12,} lines refused, see {rejects}", highlight=False)


async def _import(
    settings: Settings, files: Sequence[Path], rejects: Path, currency: str | None
) -> ImportResult:
    mapping = load_mapping(settings.shop_variables())
    async with opened(settings.shop_url) as engine:
        with _bar(visible=True) as bar:
            task = bar.add_task("import", total=1.0)
            return await import_files(
                engine,
                _shop_table_names(settings),
                files,
                zone=mapping.zone,
                currency=currency,
                rejects=rejects,
                progress=lambda share: bar.update(task, completed=share),
            )


@app.command()
def demo(
    serve_after: Annotated[bool, typer.Option("--serve/--no-serve")] = True, port: int = 8000
) -> None:
    """Load a real shop into SQLite, cluster it, print its segments, and serve them."""
    key = secrets.token_urlsafe(16)
    settings = IsolatedSettings.load(
        database_url=f"sqlite:///{DEMO_DATABASE}", api_key=key, log_level="WARNING"
    )
    set_up_logging(settings.log_level)
    for file in Path().glob(f"{DEMO_DATABASE}*"):  # begin anew, whichever version made it
        file.unlink()
    _print_report(asyncio.run(_demo(settings)))
    if serve_after:
        _print_invitation(key, port)
        uvicorn.run(create_app(settings), host="127.0.0.1", port=port, log_config=None)


def _settings() -> Settings:
    settings = Settings.load()
    set_up_logging(settings.log_level)
    load_mapping(settings.shop_variables())  # a wrong one is refused before anything is queued
    return settings


async def _migrate(settings: Settings, *, shop_tables: bool) -> None:
    async with opened(settings.intelligence_url) as engine:
        await migrate(engine)
    if shop_tables:
        async with opened(settings.shop_url) as engine:
            await create_shop_tables(engine, _shop_table_names(settings))


def _shop_table_names(settings: Settings) -> dict[str, str]:
    mapping = load_mapping(settings.shop_variables())
    names: dict[str, str] = {}
    for logical in ("customers", "orders", "line_items"):
        table = mapping.table(logical)
        if table is None or table.table is None:
            raise InvalidMapping(logical, "is a query; only named tables can be made")
        names[logical] = ".".join(filter(None, mapping.place(table.table)))
    return names


async def _work(settings: Settings) -> None:
    stop = asyncio.Event()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
    async with opened(settings.intelligence_url) as engine:
        await _migrate_if_wanted(settings, engine)
        await work(engine, run_config(settings), stop)


async def _cluster(
    settings: Settings, request: RunRequest, *, show_progress: bool
) -> dict[str, Any]:
    async with opened(settings.intelligence_url) as engine:
        await _migrate_if_wanted(settings, engine)
        run = await runs.enqueue(engine, request, now=utc_now())
        # Whoever claims it first, this process or a service on the same database, does the work.
        working = asyncio.create_task(work_once(engine, run_config(settings), asyncio.Event()))
        ended = await _watch(engine, run.id, show_progress=show_progress)
        await working
        if ended.state == "failed":
            raise RunFailed(run.id, ended.error or "no reason was recorded")
        return await runs.read_report(engine, run.id) or {}


async def _migrate_if_wanted(settings: Settings, engine: AsyncEngine) -> None:
    if settings.auto_migrate:
        await migrate(engine)


async def _watch(engine: AsyncEngine, run_id: str, *, show_progress: bool) -> Run:
    """Follow a run to its end, with a progress bar on stderr."""
    with _bar(visible=show_progress) as bar:
        task = bar.add_task("queued", total=1.0)
        while not (run := await runs.get(engine, run_id)).is_finished:
            bar.update(task, completed=run.share_done, description=run.stage or "queued")
            await asyncio.sleep(WATCH_EVERY_SECONDS)
        bar.update(task, completed=1.0, description=run.state)
    return run


def _bar(*, visible: bool) -> Progress:
    columns = (
        TextColumn("{task.description:<10}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=err, disable=not visible)


async def _demo(settings: Settings) -> dict[str, Any]:
    async with opened(settings.shop_url) as engine:
        with _bar(visible=True) as bar:
            task = bar.add_task("load", total=1.0)
            as_of = await load_demo_shop(engine, lambda share: bar.update(task, completed=share))
    return await _cluster(settings, RunRequest(as_of=as_of), show_progress=True)


def _print_report(report: Mapping[str, Any]) -> None:
    out.print(_segments_table(report["segments"]))
    for note in report["notes"]:
        out.print(f"• {note}", highlight=False, markup=False)


def _segments_table(segments: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Segment", overflow="fold")
    table.add_column("Id", no_wrap=True)
    for name in ("Customers", "Orders", "Days", "LTV", "Churn"):
        table.add_column(name, justify="right", no_wrap=True)
    for segment in segments:
        traits = segment["characteristics"]
        table.add_row(
            segment["name"],
            segment["id"],
            f"{segment['customer_count']:,}",
            _shown(traits["frequency"], ".0f"),
            _shown(traits["recency_days"], ".0f"),
            _shown(segment["avg_ltv"], ",.0f"),
            _shown(segment["churn_risk_avg"], ".0%"),
        )
    table.caption = "Orders and days since the last one: medians. LTV and churn risk: means."
    return table


def _shown(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _print_invitation(key: str, port: int) -> None:
    address = f"http://127.0.0.1:{port}"
    call = f'curl -H "X-API-Key: {key}"'
    lines = (
        f"\nAPI key: {key}\n",
        f'{call} "{address}/api/mcp/segments"',
        f'{call} "{address}/api/mcp/customers/search?query=anna&limit=3"',
        f'{call} "{address}/api/mcp/customers/12347"',
        f"\nDocumentation: {address}/docs   (Ctrl-C stops)",
    )
    out.print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)
