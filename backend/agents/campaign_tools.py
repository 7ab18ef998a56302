"""Campaigns for agents: what each brought against those who were held out, and what it can show."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import ConfigDict, Field

from backend.agents.caller import Caller
from backend.agents.frame import Answer, frame
from backend.agents.tool import tool
from backend.agents.written import CampaignText
from backend.api.campaigns.campaign_pages import campaign_page
from backend.api.campaigns.schema import CampaignView
from backend.api.campaigns.viewed import viewed
from backend.api.schema_root import Schema
from backend.database.engine import transaction
from backend.results.campaign import (
    ArmSizes,
    BroughtIn,
    CampaignState,
    Detectable,
    Effect,
    Goal,
    Verdict,
)
from backend.results.campaign_life import AnswerKind, CountedAnswer
from backend.store.campaign_rows import get_campaign

ARMS = "Customers of each arm: as drawn, of a draft as they would be"
EFFECT = "On the goal: treated less held out; buyers as a share of customers, spend in currency"
BROUGHT = "In money, over all treated"


class ListCampaigns(Schema):
    """Which campaigns."""

    model_config = ConfigDict(extra="forbid")

    campaign_id: str | None = Field(default=None, description="This one alone, whole")
    state: CampaignState | None = None
    limit: int = Field(default=10, ge=1, le=20)
    cursor: str | None = None


class ToldCampaign(Schema):
    """One campaign; what is not counted yet is null, as `answered` says."""

    campaign_id: str
    state: CampaignState
    shop_text: CampaignText
    goal: Goal
    holdout_share: float = Field(description="Of its customers that are held out, 0 to 1")
    window_days: int | None = Field(description="So long is counted; null: until it is closed")
    closes_at: datetime | None
    arms: ArmSizes = Field(description=ARMS)
    answered: AnswerKind | None = Field(
        description="look: before the window closed; null: not counted yet"
    )
    final: bool | None = Field(
        description="false: an early look, or the window was cut short; decide nothing by it"
    )
    verdict: Verdict | None
    effect: Effect | None = Field(description=EFFECT)
    brought_in: BroughtIn | None = Field(description=BROUGHT)
    in_words: list[str]


class CampaignsAnswer(Answer):
    """Campaigns, the newest first."""

    campaigns: list[ToldCampaign]
    unreadable: list[str] = Field(description="Ids of those that a newer version wrote")
    promise: Detectable | None = Field(description="Of campaign_id: what it can show")
    answers: list[CountedAnswer] | None = Field(
        description="Of campaign_id: all that was counted, the last first"
    )
    next_cursor: str | None


@tool(takes=ListCampaigns, gives=CampaignsAnswer)
async def list_campaigns(caller: Caller, asked: ListCampaigns) -> CampaignsAnswer:
    """What campaigns brought beside those held out by chance, the newest first: verdict, effect
    with its interval, money. With campaign_id all figures."""
    told = await frame(caller.state)
    if asked.campaign_id is not None:
        one = await _campaign(caller, asked.campaign_id)
        return CampaignsAnswer(
            **told,
            campaigns=[_told(one)],
            unreadable=[],
            promise=one.promise,
            answers=one.answers,
            next_cursor=None,
        )
    states = [] if asked.state is None else [asked.state]
    page = await campaign_page(caller.state, states, asked.cursor, asked.limit)
    return CampaignsAnswer(
        **told,
        campaigns=[_told(one) for one in page.campaigns],
        unreadable=[one.id for one in page.unreadable],
        promise=None,
        answers=None,
        next_cursor=page.next_cursor,
    )


async def _campaign(caller: Caller, campaign_id: str) -> CampaignView:
    async with transaction(caller.state.engine) as connection:
        found = await get_campaign(connection, campaign_id)
    return await viewed(caller.state, found)


def _told(one: CampaignView) -> ToldCampaign:
    last = next(iter(one.answers), None)
    effects = last and last.answer.effects
    return ToldCampaign(
        campaign_id=one.id,
        state=one.state,
        shop_text=CampaignText.of(one.name, _conditions(one.filter)),
        goal=one.goal,
        holdout_share=one.holdout_share,
        window_days=one.window_days,
        closes_at=one.closes_at,
        arms=one.promise.audience if one.drawn is None else one.drawn.arms,
        answered=last and last.kind,
        final=last and last.answer.final,
        verdict=last and last.answer.verdict,
        effect=effects and effects.of(one.goal),
        brought_in=effects and effects.brought_in,
        in_words=one.sentences,
    )


def _conditions(chosen: Mapping[str, Any]) -> list[str]:
    """Return who is in it, as lists are asked for them."""
    return [
        f"{name}={','.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in chosen.items()
    ]
