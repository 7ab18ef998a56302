"""Describe campaigns, start and end them, and see what they brought."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, Path, Query, Response
from pydantic import BeforeValidator
from pydantic_core import to_json

from backend.api.audited import Audited, Auditor
from backend.api.bodies import body_of, sent
from backend.api.campaigns.campaign_keeping import abandon, close, describe_campaign, start
from backend.api.campaigns.campaign_pages import campaign_page
from backend.api.campaigns.schema import (
    CampaignList,
    CampaignRequest,
    CampaignView,
    TreatedCustomers,
)
from backend.api.campaigns.treated import AskedTreated, TreatedAsCsv, treated_page
from backend.api.campaigns.treated_query import TreatedQuery
from backend.api.campaigns.viewed import viewed
from backend.api.fields import several
from backend.api.lists.list_query import JSON, said_once
from backend.api.lists.routes import Accept
from backend.api.lists.row import Columns
from backend.api.problem_answers import problems
from backend.api.routers import SeesPeople, for_admin_keys
from backend.api.state import State
from backend.core.errors import CampaignBelowSense
from backend.database.engine import transaction
from backend.results.campaign import CampaignState
from backend.results.campaign_life import Campaign
from backend.store.campaign_rows import get_campaign

NO_CAMPAIGN = problems(404, _404="No campaign has the id 8c1f02d95b7e4a36.")
BELOW_SENSE = str(
    CampaignBelowSense("few_buyers", audience=180, buyers_expected=6.4, needed=20, window_days=30)
)
NOTHING_KNOWN = problems(
    404, 409, _404="No run was published yet.", _409="Run 5f0c2a9be1d34c77 left no model."
)
NOT_DRAFT = problems(409, _409="Campaign 8c1f02d95b7e4a36 is running: only a draft can be started.")
NOT_OPEN = problems(
    409, _409="Campaign 8c1f02d95b7e4a36 is closed and holds nobody out: there is nothing to end."
)
NOT_STARTED = problems(409, _409="Campaign 8c1f02d95b7e4a36 has not started: nobody is drawn.")
LETTING_GO: dict[int | str, dict[str, Any]] = {
    202: {"model": CampaignView, "description": "Ended; who was held out is being let go"}
}
CampaignId = Annotated[str, Path(description="The id of a campaign", examples=["8c1f02d95b7e4a36"])]
States = Annotated[list[CampaignState], BeforeValidator(several)]
AS_CSV: dict[str, Any] = {
    "content": {
        "text/csv": {
            "schema": {"type": "string"},
            "example": "customer_id,email,value_at_risk\r\n12345,customer@example.com,104.57\r\n",
        }
    }
}

admin = for_admin_keys()


@admin.post(
    "/campaigns",
    status_code=201,
    openapi_extra=body_of(CampaignRequest, required=True),
    responses={**NOTHING_KNOWN, **problems(422, _422=BELOW_SENSE)},
)
async def create_campaign(
    audited: Audited, wanted: Annotated[CampaignRequest, sent(CampaignRequest)]
) -> CampaignView:
    """Describe a campaign: a draft that says what it could show, by this shop's own orders.

    What could show nothing that is worth waiting for is refused with 422 and a `reason`.
    """
    return await viewed(audited.state, await describe_campaign(audited, wanted.as_wanted()))


@admin.get("/campaigns")
async def list_campaigns(
    state: State,
    only: Annotated[
        States,
        Query(
            alias="state",
            description="Only those that are so; several by comma",
            examples=[["running"]],
        ),
    ] = [],  # noqa: B006, the framework copies it
    cursor: Annotated[
        str | None,
        Query(
            description="The next_cursor of the page before: go on after it",
            examples=["WyI4YzFmMDJkOTViN2U0YTM2Iixb…"],
        ),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=500, description="At most so many", examples=[20])] = 50,
) -> CampaignList:
    """List campaigns, the newest first."""
    return await campaign_page(state, only, cursor, limit)


@admin.get("/campaigns/{campaign_id}", responses=NO_CAMPAIGN)
async def read_campaign(state: State, campaign_id: CampaignId) -> CampaignView:
    """Tell of one campaign: what it can show, how far it is, what it brought."""
    async with transaction(state.engine) as connection:
        found = await get_campaign(connection, campaign_id)
    return await viewed(state, found)


@admin.post(
    "/campaigns/{campaign_id}/start",
    responses={**NO_CAMPAIGN, **NOT_DRAFT, **problems(422, _422=BELOW_SENSE)},
)
async def start_campaign(audited: Audited, campaign_id: CampaignId) -> CampaignView:
    """Draw who is held out, by chance and for good. From then on they have `held_out_until`."""
    return await viewed(audited.state, await start(audited, campaign_id))


@admin.post("/campaigns/{campaign_id}/close", responses={**LETTING_GO, **NO_CAMPAIGN, **NOT_OPEN})
async def close_campaign(
    audited: Audited, campaign_id: CampaignId, response: Response
) -> CampaignView:
    """Let a campaign's window end now; the next run counts it, and once more after 14 days.

    With 202 where it held out so many that they are let go some at a time, within minutes.
    """
    return await _ended(audited, await close(audited, campaign_id), response)


@admin.post("/campaigns/{campaign_id}/abandon", responses={**LETTING_GO, **NO_CAMPAIGN, **NOT_OPEN})
async def abandon_campaign(
    audited: Audited, campaign_id: CampaignId, response: Response
) -> CampaignView:
    """Give a campaign up: nobody is held out for it any longer, and it is not counted again.

    With 202 where it held out so many that they are let go some at a time, within minutes.
    """
    return await _ended(audited, await abandon(audited, campaign_id), response)


async def _ended(audited: Auditor, campaign: Campaign, response: Response) -> CampaignView:
    if campaign.letting_go_since is not None:
        response.status_code = HTTPStatus.ACCEPTED
    return await viewed(audited.state, campaign)


@admin.get(
    "/campaigns/{campaign_id}/treated",
    response_model=TreatedCustomers,
    dependencies=[Depends(said_once)],
    responses={200: AS_CSV, **NO_CAMPAIGN, **NOT_STARTED},
)
async def list_treated(
    state: State,
    sees_people: SeesPeople,
    campaign_id: CampaignId,
    query: Annotated[TreatedQuery, Query()],
    audited: Audited,
    accept: Accept = None,
) -> Response:
    """List whom a campaign is to reach; who is held out, erased or gone is not among them.

    In pages, or with `format=csv`, or Accept saying so, whole as a file, which the audit notes.
    """
    asked = AskedTreated(campaign_id, Columns.parse(query.fields), sees_people)
    if query.wanted(accept) == "csv":
        return TreatedAsCsv(state, asked, audited)
    page = await treated_page(state, asked, query.cursor, query.limit)
    return Response(to_json(page), media_type=JSON)
