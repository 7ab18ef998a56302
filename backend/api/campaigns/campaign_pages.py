"""Pages of campaigns: each begins after the last one of the one before."""

from collections.abc import Sequence
from datetime import datetime

from itsdangerous import BadData, URLSafeSerializer

from backend.api.campaigns.schema import CampaignList, CampaignView
from backend.api.campaigns.viewed import currency_of
from backend.api.state import ApiState
from backend.core.errors import CursorOfAnotherList, CursorUnreadable
from backend.database.engine import transaction
from backend.results.campaign import CampaignState
from backend.results.campaign_life import Campaign
from backend.store.campaign_rows import CampaignPlace, read_campaigns

# No cursor of another list is one of campaigns, though one key signs all.
SALT = "campaigns"


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
        after, told = _read(cursor, state.cursors)
        if states and list(states) != told:
            raise CursorOfAnotherList
        states = told
    # One more than is asked for tells whether there is a next page.
    async with transaction(state.engine) as connection:
        found = await read_campaigns(connection, limit=limit + 1, states=states, after=after)
    shown = found[:limit]
    more = _written(shown[-1], states, state.cursors) if len(found) > limit else None
    currency = await currency_of(state)
    views = [CampaignView.of(one, currency) for one in shown]
    return CampaignList(campaigns=views, next_cursor=more)


def _written(last: Campaign, states: Sequence[str], serializer: URLSafeSerializer) -> str:
    place = [last.created_at.isoformat(), last.id, list(states)]
    return str(serializer.dumps(place, salt=SALT))


def _read(cursor: str, serializer: URLSafeSerializer) -> tuple[CampaignPlace, list[CampaignState]]:
    try:
        created_at, campaign_id, states = serializer.loads(cursor, salt=SALT)
    except BadData:
        raise CursorUnreadable from None
    place = CampaignPlace(datetime.fromisoformat(created_at), campaign_id)
    return place, [CampaignState(one) for one in states]
