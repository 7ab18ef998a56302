"""Campaigns as they are told, with amounts in the shop's currency."""

from backend.api.campaigns.schema import CampaignView
from backend.api.served_currency import currency_of
from backend.api.state import ApiState
from backend.results.campaign_life import Campaign


async def viewed(state: ApiState, campaign: Campaign) -> CampaignView:
    """Write a campaign."""
    return CampaignView.of(campaign, await currency_of(state))
