"""The room Campaigns."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Path, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from backend.api import problems
from backend.api.audited import Auditor
from backend.api.campaigns.campaign_keeping import abandon, close, describe_campaign, start
from backend.api.campaigns.schema import (
    LARGEST_SHARE,
    LEAST_SHARE,
    CampaignRequest,
)
from backend.api.campaigns.treated import TreatedAsCsv
from backend.api.state import ApiState, State
from backend.core.errors import (
    CampaignBelowSense,
    CampaignNotDraft,
    CampaignNotOpen,
    CampaignOfAnotherVersion,
)
from backend.web.forms import form_of
from backend.web.list_address import ListAddress
from backend.web.own_paths import root_of
from backend.web.room import Room, Visitor, for_admins, for_everybody
from backend.web.rooms.campaigns.campaigns_page import (
    CAMPAIGNS,
    campaigns_page,
    chosen_in,
    link_to,
)
from backend.web.rooms.campaigns.campaigns_reads import (
    all_treated,
    see_campaign,
    see_campaigns,
    see_treated,
)
from backend.web.rooms.campaigns.one_campaign_page import one_campaign_page
from backend.web.rooms.campaigns.reached_page import reached_page
from backend.web.showing import HEADERS, show
from backend.wording import campaigns_room_sentences as words
from backend.wording.error_page_sentences import not_understood

room = Room(name=words.NAME, path=CAMPAIGNS, place=65)
router, admin = for_everybody(), for_admins()
routers = [router, admin]

CampaignId = Annotated[str, Path()]
Doing = Callable[[Auditor, str], Awaitable[object]]
# What cannot be undone asks whether one is sure.
AT_ONCE: Mapping[str, Doing] = {"start": start}
WHEN_SURE: Mapping[str, Doing] = {"close": close, "abandon": abandon}
REFUSED = (CampaignBelowSense, CampaignNotDraft, CampaignNotOpen, CampaignOfAnotherVersion)


@router.get(room.path)
async def campaigns(request: Request, state: State, cursor: str | None = None) -> Response:
    """Show all campaigns; what lists are asked with fills the form for a new one in."""
    asked = ListAddress.of(request.query_params)
    page = campaigns_page(await see_campaigns(state, cursor), asked, state.shop.mapping.zone)
    return show(request, "campaigns/campaigns.html", page, words)


@admin.post(room.path)
async def describe(request: Request, state: State, visitor: Visitor) -> Response:
    """Keep a campaign as a draft, and lead to what it can show; or say why not."""
    asked = ListAddress(tuple(one for one in (await form_of(request)).items() if one[1]))
    try:
        wanted = CampaignRequest.model_validate(_wanted(asked)).as_wanted()
    except ValueError as error:
        return await _not_described(request, state, asked, _said(error))
    try:
        draft = await describe_campaign(Auditor(state, visitor.key), wanted)
    except CampaignBelowSense as error:
        return await _not_described(request, state, asked, str(error))
    return RedirectResponse(f"{root_of(request)}{link_to(draft.id)}", HTTPStatus.SEE_OTHER)


@router.get(f"{room.path}/{{campaign_id}}")
async def campaign(request: Request, state: State, campaign_id: CampaignId) -> Response:
    """Show one campaign."""
    page = one_campaign_page(await see_campaign(state, campaign_id), state.shop.mapping.zone)
    return show(request, "campaigns/campaign.html", page, words)


@admin.post(f"{room.path}/{{campaign_id}}")
async def change(
    request: Request, state: State, visitor: Visitor, campaign_id: CampaignId
) -> Response:
    """Do what a button of the page says, and lead back to it; or say why not."""
    form = await form_of(request)
    open_to = {**AT_ONCE, **(WHEN_SURE if "sure" in form else {})}
    try:
        for name, doing in open_to.items():
            if name in form:
                await doing(Auditor(state, visitor.key), campaign_id)
    except REFUSED as error:
        return await _not_done(request, state, campaign_id, error)
    return RedirectResponse(f"{root_of(request)}{link_to(campaign_id)}", HTTPStatus.SEE_OTHER)


@router.get(f"{room.path}/{{campaign_id}}/treated")
async def treated(
    request: Request,
    state: State,
    visitor: Visitor,
    campaign_id: CampaignId,
    cursor: str | None = None,
) -> Response:
    """Show who is to be reached."""
    seen = await see_treated(state, campaign_id, cursor, sees_people=visitor.sees_people)
    page = reached_page(seen, campaign_id, state.shop.mapping.zone, is_first=cursor is None)
    return show(request, "campaigns/treated.html", page, words)


@router.get(f"{room.path}/{{campaign_id}}/treated/csv")
async def treated_as_csv(state: State, visitor: Visitor, campaign_id: CampaignId) -> Response:
    """Give all who are to be reached as the API's file."""
    asked = all_treated(campaign_id, sees_people=visitor.sees_people)
    file = TreatedAsCsv(state, asked, Auditor(state, visitor.key))
    file.headers.update(HEADERS)
    return file


def _wanted(asked: ListAddress) -> dict[str, Any]:
    """Return what a form asks for as the API has it.

    Raises
    ------
    ValueError
        When the share is no number that it may be.
    """
    share = float(asked.last("holdout_percent") or "nan") / 100
    if not LEAST_SHARE <= share <= LARGEST_SHARE:
        raise ValueError
    return {
        "name": asked.last("name"),
        "filter": chosen_in(asked),
        "holdout_share": share,
        "window_days": asked.last("window_days") or None,
        "goal": asked.last("goal"),
        "cost": asked.last("cost") or None,
    }


def _said(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return words.UNBOUNDED
    wrong = ((str(one["loc"][-1]), str(one["msg"])) for one in error.errors())
    return not_understood([(words.LABELS.get(name, name), told) for name, told in wrong])


async def _not_described(
    request: Request, state: ApiState, asked: ListAddress, refusal: str
) -> Response:
    """Show the form again as it was filled in, and what is wrong with it."""
    seen = await see_campaigns(state, None)
    page = campaigns_page(seen, asked, state.shop.mapping.zone, refusal)
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return show(request, "campaigns/campaigns.html", page, words, status)


async def _not_done(
    request: Request, state: ApiState, campaign_id: str, error: Exception
) -> Response:
    seen = await see_campaign(state, campaign_id)
    page = one_campaign_page(seen, state.shop.mapping.zone, str(error))
    status, _ = problems.told(error)
    return show(request, "campaigns/campaign.html", page, words, status)
