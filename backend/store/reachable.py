"""Whom campaigns are to reach, of those they drew, and what is published of them by now."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, func, select

from backend.core.customer_id import CustomerId
from backend.database.engine import AsyncConnection
from backend.results.customer_numbers import CustomerNumbers
from backend.store.campaign_members import same_as_served, served_among
from backend.store.campaign_tables import campaign_members
from backend.store.departures import of_nobody_erased
from backend.store.read import read_profiles
from backend.store.runs import Published
from backend.store.tables import customer_intelligence


@dataclass(frozen=True, slots=True)
class TreatedCounts:
    """What became of those who were drawn to be reached.

    Attributes
    ----------
    listed
        Who can be reached.
    held_out
        Whom another campaign holds out since: they are left out.
    """

    listed: int
    held_out: int


@dataclass(frozen=True, slots=True)
class TreatedPage:
    """Some of those who are to be reached.

    Attributes
    ----------
    customers
        What is published of them; who left the shop, or is held out by now, is left out.
    next
        After whom the next page begins, by id; None after the last customer.
    """

    customers: Sequence[CustomerNumbers]
    next: str | None


async def count_treated(
    connection: AsyncConnection, published: Published, campaign_id: str
) -> TreatedCounts:
    """Count who is to be reached; who is erased, or gone from the shop, is neither."""
    of_campaign = await _drawn_to_be_reached(connection, campaign_id)
    treated = _treated(connection.dialect.name, published, of_campaign).subquery()
    counted = select(func.count(), func.count(treated.c.held_out_until)).select_from(treated)
    served, held_out = (await connection.execute(counted)).one()
    return TreatedCounts(listed=served - held_out, held_out=held_out)


async def read_treated(
    connection: AsyncConnection,
    published: Published,
    campaign_id: str,
    *,
    after: str | None = None,
    limit: int,
) -> TreatedPage:
    """Return who is to be reached, ascending by code points of their ids.

    Parameters
    ----------
    connection
        In a transaction.
    published
        The run that is served: who is not in it left the shop.
    campaign_id
        Of a campaign that has started.
    after
        The last one of the page before; None: from the beginning.
    limit
        Of at most so many who were drawn.
    """
    of_campaign = await _drawn_to_be_reached(connection, campaign_id)
    asked = select(campaign_members.c.customer_id).where(*of_campaign)
    if after is not None:
        asked = asked.where(campaign_members.c.customer_id > after)
    # One more than is asked for tells whether there is a next page.
    found = asked.order_by(campaign_members.c.customer_id).limit(limit + 1)
    texts = (await connection.scalars(found)).all()
    shown = [CustomerId(one) for one in texts[:limit]]
    served = await read_profiles(connection, published, shown) if shown else {}
    numbers = [served[one] for one in shown if one in served]
    return TreatedPage(
        customers=[one for one in numbers if one.held_out_until is None],
        next=texts[limit - 1] if len(texts) > limit else None,
    )


async def read_reachable(
    connection: AsyncConnection, campaign_id: str, first: int, last: int
) -> list[RowMapping]:
    """Return rows of those to be reached, from one place to another, as they were at the start.

    Who left the shop since, is erased, or is held out by another campaign, is left out.
    """
    of_campaign = await _drawn_to_be_reached(connection, campaign_id)
    place = campaign_members.c.place
    asked = select(campaign_members).where(*of_campaign, place.between(first, last))
    rows = (await connection.execute(asked.order_by(place))).mappings().all()
    served = await served_among(connection, [CustomerId(row["customer_id"]) for row in rows])
    free = {one for one, until in served.items() if until is None}
    return [row for row in rows if row["customer_id"] in free]


def _treated(
    dialect: str, published: Published, of_campaign: Sequence[ColumnElement[bool]]
) -> Select[Any]:
    """Select who was drawn to be reached and is served, and until when they are held out."""
    return (
        select(campaign_members.c.customer_id, customer_intelligence.c.held_out_until)
        .join_from(campaign_members, customer_intelligence, same_as_served(dialect, published))
        .where(*of_campaign)
    )


async def _drawn_to_be_reached(
    connection: AsyncConnection, campaign_id: str
) -> list[ColumnElement[bool]]:
    columns = campaign_members.c
    told = await of_nobody_erased(connection, columns.customer_id)
    return [columns.campaign_id == campaign_id, columns.is_held_out == 0, told]
