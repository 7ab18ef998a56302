"""The shop's data: check what is there, load files."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from backend.cli.configuration import checked_settings, instant_described, shop_table_names
from backend.cli.consoles import out
from backend.cli.following import followed
from backend.cli.terminal import AsJson, findings_table, print_json
from backend.core.clock import utc_now
from backend.core.settings import Settings
from backend.database.engine import opened
from backend.database.sqlite_files import opening_of_ours, opening_of_shop
from backend.files.load import ImportResult, import_files
from backend.results.readiness import Readiness
from backend.run.readiness_check import Horizons, check_shop
from backend.shop.mapping.layers import load_mapping
from backend.shop.shop import Shop

REJECTS = Path("rejected.csv")


def check(as_json: AsJson = False) -> None:
    """Say what in the shop's data would spoil the results; exit code 1 where it would."""
    found = asyncio.run(_check(checked_settings()))
    if as_json:
        print_json(found)
    else:
        out.print(findings_table(found))
    if not found.ready:
        raise typer.Exit(1)


async def _check(settings: Settings) -> Readiness:
    urls = settings.shop_url, settings.intelligence_url
    async with (
        opened(settings.shop_url, opening=opening_of_shop(*urls)) as shop_engine,
        opened(settings.intelligence_url, opening=opening_of_ours(*urls)) as our_engine,
    ):
        return await check_shop(
            shop_engine,
            our_engine,
            Shop(load_mapping(settings.shop_variables(), settings.shop_database)),
            instant_described(settings) or utc_now(),
            Horizons(settings.prediction_horizon_days, settings.churn_horizon_days),
        )


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
    result = asyncio.run(_import(checked_settings(), files, rejects, currency))
    for table, count in result.rows.items():
        out.print(f"{count:>12,} {table.replace('_', ' ')} are there now")
    if result.rejected:
        out.print(f"{result.rejected:>12,} lines refused, see {rejects}")


async def _import(
    settings: Settings, files: Sequence[Path], rejects: Path, currency: str | None
) -> ImportResult:
    mapping = load_mapping(settings.shop_variables(), settings.shop_database)
    async with opened(settings.shop_url) as engine:
        with followed(wanted=True) as tell:
            return await import_files(
                engine,
                await shop_table_names(settings, engine),
                files,
                zone=mapping.zone,
                currency=currency,
                rejects=rejects,
                progress=lambda share: tell("import", share),
            )
