"""Who a campaign held out is let go when it ends: a few at once, many some at a time.

Each is a row of what is served, with all its indexes: half a million are ten seconds and more of a
server, for which neither a request nor a publication waits. What is under way is kept in our
tables; a run that is published lets go of everybody at once, for it writes all rows anew.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select, update

from backend.core.customer_id import CustomerId
from backend.database.engine import AsyncConnection
from backend.results.campaign_life import Campaign
from backend.store import runs
from backend.store.campaign_members import HOLDING, hold_out
from backend.store.campaign_tables import campaign_members, campaigns
from backend.store.id_column import is_one_of
from backend.store.runs import Published
from backend.store.tables import customer_intelligence

# A second of a server for its request; less for each of the many times that others wait.
MOST_AT_ONCE, SOME = 10_000, 5_000


async def let_go(
    connection: AsyncConnection, published: Published, campaign: Campaign, now: datetime
) -> datetime | None:
    """Hold nobody out any longer for a campaign that has ended.

    Returns
    -------
    Since when they are let go some at a time; None where all of them are.
    """
    held_out = 0 if campaign.drawn is None else campaign.drawn.arms.held_out
    if held_out <= MOST_AT_ONCE:
        await hold_out(connection, published, campaign.id, None, now)
        return None
    letting_go = update(campaigns).where(campaigns.c.id == campaign.id)
    await connection.execute(letting_go.values(letting_go_since=now))
    return now


async def read_letting_go(connection: AsyncConnection) -> list[str]:
    """Return the ids of campaigns that let go of who they held out."""
    asked = select(campaigns.c.id).where(campaigns.c.letting_go_since.is_not(None))
    return [*await connection.scalars(asked.order_by(campaigns.c.letting_go_since))]


async def let_some_go(
    connection: AsyncConnection, campaign_id: str, after: str | None, now: datetime
) -> str | None:
    """Let some go whom a campaign held out, by their ids; none whom another holds out by now.

    Parameters
    ----------
    connection
        In the transaction that does it, in which no run is published.
    campaign_id
        Of one that lets go.
    after
        The last one that was let go; None: from the beginning.
    now
        The time.

    Returns
    -------
    The last one now; None where there is nobody left.
    """
    published = await runs.published(connection)
    if published is None or campaign_id not in await read_letting_go(connection):
        return None
    customer_ids = await _next(connection, campaign_id, after)
    if free := await _held_by_nobody(connection, customer_ids):
        columns, dialect = customer_intelligence.c, connection.dialect.name
        about = is_one_of(columns.customer_id, dialect, published, free)
        freed = update(customer_intelligence).where(about, columns.held_out_until.is_not(None))
        await connection.execute(freed.values(held_out_until=None, changed_at=now))
        await runs.revise(connection)
    if len(customer_ids) == SOME:
        return customer_ids[-1]
    await all_let_go(connection, campaigns.c.id == campaign_id)
    return None


async def all_let_go(connection: AsyncConnection, *which: ColumnElement[bool]) -> None:
    """Note that campaigns have let go of everybody; of all of them where none is named."""
    is_letting_go = campaigns.c.letting_go_since.is_not(None)
    done = update(campaigns).where(is_letting_go, *which)
    await connection.execute(done.values(letting_go_since=None))


async def _next(connection: AsyncConnection, campaign_id: str, after: str | None) -> Sequence[str]:
    columns = campaign_members.c
    drawn = columns.campaign_id == campaign_id, columns.is_held_out == 1
    asked = select(columns.customer_id).where(*drawn)
    if after is not None:
        asked = asked.where(columns.customer_id > after)
    return (await connection.scalars(asked.order_by(columns.customer_id).limit(SOME))).all()


async def _held_by_nobody(
    connection: AsyncConnection, customer_ids: Sequence[str]
) -> list[CustomerId]:
    columns = campaign_members.c
    holding = [row.id for row in await connection.execute(HOLDING)]
    asked = select(columns.customer_id).where(
        columns.customer_id.in_(customer_ids),
        columns.campaign_id.in_(holding),
        columns.is_held_out == 1,
    )
    held = {*await connection.scalars(asked)} if holding else set()
    return [CustomerId(one) for one in customer_ids if one not in held]
