"""Who is to be reached by a campaign: in pages, and whole as CSV; nobody who is held out."""

from dataclasses import dataclass
from typing import Any

from itsdangerous import BadData, URLSafeSerializer
from starlette.types import Send

from backend.api.audited import Auditor
from backend.api.customers.profiles import read_customers
from backend.api.lists.list_csv import WholeCsv
from backend.api.lists.read_list import of_run
from backend.api.lists.row import Columns
from backend.api.state import ApiState
from backend.core.customer_id import CustomerId
from backend.core.errors import CampaignNotStarted, CursorOfAnotherList, CursorUnreadable
from backend.core.glossary import Action
from backend.database.copied import Take
from backend.database.engine import snapshot
from backend.database.failures import OURS
from backend.files.list_files import in_csv
from backend.results.campaign_life import Campaign, CampaignDrawn
from backend.shop.customers import Customer
from backend.store import runs
from backend.store.campaign_rows import get_campaign
from backend.store.lists import Listed
from backend.store.reachable import (
    TreatedCounts,
    TreatedPage,
    count_treated,
    read_treated,
)
from backend.store.runs import Published

SALT = "treated"
ROWS_OF_A_PAGE, VERY_MANY = 2000, 100_000
NOBODY = TreatedPage((), None)


@dataclass(frozen=True, slots=True)
class AskedTreated:
    """Whose treated customers are asked for, and what of them.

    Attributes
    ----------
    campaign_id
        Of a campaign that has started.
    columns
        Which of their fields.
    sees_people
        Whether whoever asks may see e-mails and names.
    """

    campaign_id: str
    columns: Columns
    sees_people: bool


@dataclass(frozen=True, slots=True)
class _Treated:
    published: Published | None
    drawn: CampaignDrawn
    counts: TreatedCounts
    page: TreatedPage


async def treated_page(
    state: ApiState, asked: AskedTreated, cursor: str | None, limit: int
) -> dict[str, Any]:
    """Return a page, in the shape of `TreatedCustomers`.

    Raises
    ------
    CampaignNotFound, CampaignNotStarted
        When nobody was drawn.
    CursorUnreadable, CursorOfAnotherList
        When there is no such cursor, or it is of another campaign.
    """
    after = None if cursor is None else _read(cursor, asked.campaign_id, state.cursors)
    found = await _treated(state, asked.campaign_id, after, limit)
    people = await _people_of(state, asked, found.page)
    rows = [
        asked.columns.row(Listed(one.customer_id, one.shown), people.get(one.customer_id))
        for one in found.page.customers
    ]
    counts, following = found.counts, found.page.next
    return {
        "customers": rows,
        "total": counts.listed,
        "held_out": counts.held_out,
        "missing": found.drawn.arms.treated - counts.listed - counts.held_out,
        "next_cursor": following and _written(asked.campaign_id, following, state.cursors),
        **of_run(found.published),
    }


async def _treated(state: ApiState, campaign_id: str, after: str | None, limit: int) -> _Treated:
    async with snapshot(state.engine, OURS) as connection:
        drawn = _started(await get_campaign(connection, campaign_id))
        published = await runs.published(connection)
        page = NOBODY
        if published is not None:
            page = await read_treated(connection, published, campaign_id, after=after, limit=limit)
    return _Treated(published, drawn, await _counts(state, campaign_id, drawn), page)


async def _counts(state: ApiState, campaign_id: str, drawn: CampaignDrawn) -> TreatedCounts:
    """Count once for all pages of what is served; very many by who may take as long as a file."""
    engine = state.engine if drawn.arms.treated < VERY_MANY else state.file_engine

    async def count() -> TreatedCounts:
        async with snapshot(engine, OURS) as connection:
            if (published := await runs.published(connection)) is None:
                return TreatedCounts(0, 0)
            return await count_treated(connection, published, campaign_id)

    return await state.kept.of(await state.served.now(), ("treated", campaign_id), count)


async def _following(state: ApiState, campaign_id: str, after: str) -> TreatedPage:
    """Read a page more; counting all of them for each would take the square of their number."""
    async with snapshot(state.engine, OURS) as connection:
        if (published := await runs.published(connection)) is None:
            return NOBODY
        limit = ROWS_OF_A_PAGE
        return await read_treated(connection, published, campaign_id, after=after, limit=limit)


def _started(campaign: Campaign) -> CampaignDrawn:
    if campaign.drawn is None:
        raise CampaignNotStarted(campaign.id)
    return campaign.drawn


async def _people_of(
    state: ApiState, asked: AskedTreated, page: TreatedPage
) -> dict[CustomerId, Customer]:
    ids = [one.customer_id for one in page.customers]
    if not (ids and asked.sees_people and asked.columns.need_the_shop):
        return {}
    return dict(await read_customers(state, ids))


class TreatedAsCsv(WholeCsv):
    """All of them as a file, which the audit notes as it begins."""

    def __init__(self, state: ApiState, asked: AskedTreated, auditor: Auditor) -> None:
        super().__init__(state, asked.columns, "treated.csv")
        self._asked = asked
        self._auditor = auditor

    async def _send_all(self, take: Take, send: Send) -> None:
        found = await _treated(self._state, self._asked.campaign_id, None, ROWS_OF_A_PAGE)
        await self._auditor.note(Action.LIST_EXPORTED, f"campaign={self._asked.campaign_id}")
        await self._begin(found.published, found.counts.held_out, send)
        page = found.page
        await take(await self._rows(page))
        while (after := page.next) is not None:
            page = await _following(self._state, self._asked.campaign_id, after)
            await take(await self._rows(page))

    async def _rows(self, page: TreatedPage) -> bytes:
        people, columns = await _people_of(self._state, self._asked, page), self._asked.columns
        rows = [columns.values(one, people.get(one.customer_id)) for one in page.customers]
        return in_csv(rows).encode()


def _written(campaign_id: str, after: str, serializer: URLSafeSerializer) -> str:
    return str(serializer.dumps([campaign_id, after], salt=SALT))


def _read(cursor: str, campaign_id: str, serializer: URLSafeSerializer) -> str:
    try:
        of_campaign, after = serializer.loads(cursor, salt=SALT)
    except BadData:
        raise CursorUnreadable from None
    if of_campaign != campaign_id:
        raise CursorOfAnotherList
    return str(after)
