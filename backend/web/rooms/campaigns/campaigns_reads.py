"""What the pages of campaigns are told from: the same reads as the API's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backend.api.campaigns.campaign_pages import campaign_page
from backend.api.campaigns.schema import CampaignView, UnreadableCampaign
from backend.api.campaigns.treated import AskedTreated, treated_page
from backend.api.lists.row import FIELDS, Columns
from backend.api.state import ApiState
from backend.database.engine import transaction
from backend.results.segment import Segment
from backend.store.campaign_rows import get_campaign
from backend.web.segments_known import segments_known

CAMPAIGNS_SHOWN, TREATED_SHOWN = 50, 50
TREATED_FIELDS = (
    "email",
    "first_name",
    "last_name",
    "archetype.id",
    "archetype.name",
    "churn_risk",
    "value_at_risk",
    "predicted_value",
    "last_order_at",
)
"""What is shown of whoever is to be reached; the file has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """Segments of the published run, by which ids are named."""

    segments: Sequence[Segment]

    @property
    def names(self) -> Mapping[str, str]:
        """What segments are called, by id."""
        return {one.id: one.name for one in self.segments}

    @property
    def currency(self) -> str | None:
        """What amounts are in, where it is known."""
        return next((one.currency for one in self.segments), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignsSeen(_Named):
    """Campaigns, the newest first."""

    campaigns: Sequence[CampaignView]
    unreadable: Sequence[UnreadableCampaign]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignSeen(_Named):
    """One campaign."""

    campaign: CampaignView


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatedSeen:
    """Some of those who are to be reached, and how many there are."""

    name: str
    fields: Sequence[str]
    rows: Sequence[Mapping[str, Any]]
    total: int
    held_out: int
    missing: int
    next_cursor: str | None


async def see_campaigns(state: ApiState, cursor: str | None) -> CampaignsSeen:
    """Read a page of campaigns.

    Raises
    ------
    CursorUnreadable
        When there is no such page.
    NoRunPublished
        Before the first run.
    """
    page = await campaign_page(state, (), cursor, CAMPAIGNS_SHOWN)
    return CampaignsSeen(
        segments=await segments_known(state),
        campaigns=page.campaigns,
        unreadable=page.unreadable,
        next_cursor=page.next_cursor,
    )


async def see_campaign(state: ApiState, campaign_id: str) -> CampaignSeen:
    """Read one campaign.

    Raises
    ------
    CampaignNotFound
        When there is none with this id.
    NoRunPublished
        Before the first run.
    """
    segments = await segments_known(state)
    async with transaction(state.engine) as connection:
        found = await get_campaign(connection, campaign_id)
    named = _Named(segments=segments)
    return CampaignSeen(segments=segments, campaign=CampaignView.of(found, named.currency))


async def see_treated(
    state: ApiState, campaign_id: str, cursor: str | None, *, sees_people: bool
) -> TreatedSeen:
    """Read some of those who are to be reached.

    Raises
    ------
    CampaignNotFound, CampaignNotStarted
        When nobody was drawn.
    CursorUnreadable, CursorOfAnotherList
        When there is no such page, or it is of another campaign.
    """
    columns = Columns.parse(TREATED_FIELDS)
    asked = AskedTreated(campaign_id, columns, sees_people)
    page = await treated_page(state, asked, cursor, TREATED_SHOWN)
    async with transaction(state.engine) as connection:
        name = (await get_campaign(connection, campaign_id)).wanted.name
    told = {one: page[one] for one in ("total", "held_out", "missing", "next_cursor")}
    return TreatedSeen(name=name, fields=columns.names, rows=page["customers"], **told)


def all_treated(campaign_id: str, *, sees_people: bool) -> AskedTreated:
    """Ask for all that is known of whoever is to be reached."""
    return AskedTreated(campaign_id, Columns.parse(FIELDS), sees_people)
