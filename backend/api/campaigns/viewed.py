"""Campaigns as they are told, with amounts in the shop's currency."""

from functools import partial

from backend import store
from backend.api.campaigns.schema import CampaignView
from backend.api.state import ApiState
from backend.database.engine import snapshot
from backend.database.failures import OURS
from backend.results.campaign_life import Campaign


async def viewed(state: ApiState, campaign: Campaign) -> CampaignView:
    """Write a campaign."""
    return CampaignView.of(campaign, await currency_of(state))


async def currency_of(state: ApiState) -> str | None:
    """Return what the served run's amounts are in; None where that is not known."""
    return await state.kept.of(await state.served.now(), "currency", partial(_read, state))


async def _read(state: ApiState) -> str | None:
    async with snapshot(state.engine, OURS) as connection:
        return (await store.read_segments(connection)).currency
