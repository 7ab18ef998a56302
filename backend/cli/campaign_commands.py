"""Campaigns from the terminal: how far they are, and what they brought, counted now."""

import asyncio
from functools import partial
from typing import Annotated

import typer
from rich.table import Table

from backend import store
from backend.cli.configuration import checked_settings, instant_described
from backend.cli.consoles import out
from backend.core.clock import utc_now
from backend.core.late import late
from backend.core.settings import Settings
from backend.database.engine import AsyncEngine, opened, snapshot, transaction
from backend.database.sqlite_files import opening_of_ours, opening_of_shop
from backend.results.campaign_life import Campaign
from backend.shop.accounts import read_merged
from backend.shop.mapping.layers import load_mapping
from backend.shop.shop import Shop
from backend.store.campaign_rows import UnreadCampaign, keep_answers, read_campaigns
from backend.store.patience import changed
from backend.wording.campaign_sentences import STATES, campaign_sentences
from backend.wording.money import UNKNOWN

MOST_SHOWN = 100
Found = tuple[list[Campaign | UnreadCampaign], str | None]


def campaigns(
    count: Annotated[
        bool,
        typer.Option("--count", help="Read the shop's orders, and count what is due."),
    ] = False,
) -> None:
    """Say how far campaigns are and what they brought; --count counts what is due now."""
    found, currency = asyncio.run(_campaigns(checked_settings(), count=count))
    table = Table("Campaign", "State", "What is known")
    for one in found:
        if isinstance(one, UnreadCampaign):
            table.add_row(f"{one.name}\n{one.id}", UNKNOWN, str(one.why))
            continue
        told = "\n".join(campaign_sentences(one, currency))
        table.add_row(f"{one.wanted.name}\n{one.id}", STATES[one.state], told)
    out.print(table)


async def _campaigns(settings: Settings, *, count: bool) -> Found:
    urls = settings.shop_url, settings.intelligence_url
    async with (
        opened(settings.shop_url, opening=opening_of_shop(*urls)) as shop_engine,
        opened(settings.intelligence_url, opening=opening_of_ours(*urls)) as engine,
    ):
        if count:
            await _count(settings, shop_engine, engine)
        async with transaction(engine) as connection:
            currency = (await store.read_segments(connection)).currency
            return await read_campaigns(connection, limit=MOST_SHOWN), currency


async def _count(settings: Settings, shop_engine: AsyncEngine, engine: AsyncEngine) -> None:
    """Count what is due, of orders as they are in the shop now."""
    counting = late("backend.run.campaign_counting")
    shop = Shop(load_mapping(settings.shop_variables(), settings.shop_database))
    as_of = instant_described(settings) or utc_now()
    async with snapshot(shop_engine) as connection:
        read_orders = late("backend.shop.orders").read_orders
        orders = await read_orders(connection, shop, as_of, now=utc_now())
        merged = await read_merged(connection, shop)
    counted = counting.count_campaigns(engine, orders, merged, as_of=as_of, run_id=None)
    await changed(engine, partial(keep_answers, counted=await counted))
