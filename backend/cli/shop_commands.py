"""The shop's data: check what is there."""

import asyncio
from contextlib import nullcontext
from typing import Annotated

import typer

from backend.cli.configuration import checked_settings, instant_described
from backend.cli.consoles import err, out
from backend.cli.settling_lines import lines_that_settle
from backend.cli.terminal import AsJson, findings_table, print_json
from backend.core.clock import utc_now
from backend.core.settings import Settings
from backend.database.engine import opened
from backend.database.sqlite_files import opening_of_ours, opening_of_shop, tried_beside
from backend.results.detection import Detection
from backend.results.readiness import Readiness
from backend.results.run_report import ReportHorizons
from backend.run.readiness_check import check_shop
from backend.shop.detecting import detect as detect_platform
from backend.shop.mapping.layers import load_mapping
from backend.shop.shop import Shop
from backend.wording.detection_sentences import detection_in_words
from backend.wording.readiness_verdict import verdict

Detect = Annotated[
    bool, typer.Option("--detect", help="Say which preset and settings fit the database.")
]
Fix = Annotated[
    bool,
    typer.Option(
        "--fix", help="Print the lines of .env, or of the mapping file, that would settle it."
    ),
]


def check(detect: Detect = False, fix: Fix = False, as_json: AsJson = False) -> None:
    """Say what in the shop's data would spoil the results; exit code 1 where it would."""
    if detect:
        _say_what_fits(as_json=as_json)
        return
    settings = checked_settings()
    found = asyncio.run(_check(settings))
    if as_json:
        print_json(found)
    elif fix:
        _print_lines(found, settings)
    else:
        out.print(findings_table(found))
        out.print(verdict(found), highlight=False, soft_wrap=True)
    if not found.ready:
        raise typer.Exit(1)


def _print_lines(found: Readiness, settings: Settings) -> None:
    """Print lines that can be pasted, whatever the terminal's width."""
    for line in lines_that_settle(found.findings, settings.shop_variables()):
        typer.echo(line)
    err.print(verdict(found), highlight=False, soft_wrap=True)


def _say_what_fits(*, as_json: bool) -> None:
    """Name the preset that fits; exit code 1 where none does, or several."""
    found = asyncio.run(_detect(checked_settings()))
    if as_json:
        print_json(found)
    else:
        for line in detection_in_words(found):
            out.print(line, highlight=False, soft_wrap=True)
    if len(found.fitting) != 1:
        raise typer.Exit(1)


async def _detect(settings: Settings) -> Detection:
    urls = settings.shop_url, settings.intelligence_url
    async with opened(settings.shop_url, opening=opening_of_shop(*urls)) as engine:
        return await detect_platform(engine)


async def _check(settings: Settings) -> Readiness:
    shop, ours = settings.shop_url, settings.intelligence_url
    with nullcontext(ours) if ours == shop else tried_beside(ours) as tried:
        async with (
            opened(shop, opening=opening_of_shop(shop, ours)) as shop_engine,
            opened(tried, opening=opening_of_ours(shop, ours)) as our_engine,
        ):
            return await check_shop(
                shop_engine,
                our_engine,
                Shop(load_mapping(settings.shop_variables(), settings.shop_database)),
                instant_described(settings) or utc_now(),
                ReportHorizons(
                    prediction_days=settings.prediction_horizon_days,
                    churn_days=settings.churn_horizon_days,
                ),
            )
