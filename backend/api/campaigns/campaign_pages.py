"""Pages of campaigns: each begins after the last one of the one before."""

from collections.abc import Sequence

from backend.api.campaigns.schema import CampaignList, CampaignView, UnreadableCampaign
from backend.api.served_currency import currency_of
from backend.api.state import ApiState
from backend.api.state_cursors import StateCursors
from backend.database.engine import transaction
from backend.results.campaign import CampaignState
from backend.results.campaign_life import Campaign
from backend.store.campaign_rows import CampaignPlace, UnreadCampaign, read_campaigns

CURSORS = StateCursors("campaigns")


async def campaign_page(
    state: ApiState, states: Sequence[CampaignState], cursor: str | None, limit: int
) -> CampaignList:
    """Read a page; a cursor brings the states that its first page was asked with.

    Raises
    ------
    CursorUnreadable, CursorOfAnotherList
        When there is no such cursor, or it is of other states.
    """
    after = None
    if cursor is not None:
        created_at, campaign_id, told = CURSORS.read(cursor, states, state.cursors)
        after, states = CampaignPlace(created_at, campaign_id), [*map(CampaignState, told)]
    # One more than is asked for tells whether there is a next page.
    async with transaction(state.engine) as connection:
        found = await read_campaigns(connection, limit=limit + 1, states=states, after=after)
    shown = found[:limit]
    more = None
    if len(found) > limit:
        more = CURSORS.write(shown[-1].created_at, shown[-1].id, states, state.cursors)
    currency = await currency_of(state)
    return CampaignList(
        campaigns=[CampaignView.of(one, currency) for one in shown if isinstance(one, Campaign)],
        unreadable=[
            UnreadableCampaign(id=one.id, name=one.name, why=str(one.why))
            for one in shown
            if isinstance(one, UnreadCampaign)
        ],
        next_cursor=more,
    )
