"""The shop's data: check what is there."""

import asyncio

import typer

from backend.cli.configuration import checked_settings, instant_described
from backend.cli.consoles import out
from backend.cli.terminal import AsJson, findings_table, print_json
from backend.core.clock import utc_now
from backend.core.settings import Settings
from backend.database.engine import opened
from backend.database.sqlite_files import opening_of_ours, opening_of_shop
from backend.results.readiness import Readiness
from backend.run.readiness_check import Horizons, check_shop
from backend.shop.mapping.layers import load_mapping
from backend.shop.shop import Shop


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
