"""Whom campaigns drew: who could be drawn, who was, who is to be reached, who is held out.

Ids are texts here, as they were when they were drawn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    ColumnElement,
    Double,
    Select,
    String,
    cast,
    exists,
    func,
    select,
    type_coerce,
    update,
)

from backend.campaigns.holdout_draw import HoldoutDraw
from backend.core.arrays import BoolArray, FloatArray, IntArray
from backend.core.customer_id import UNKNOWN, CustomerId, CustomerIds
from backend.core.typed_cells import instant64
from backend.database.engine import AsyncConnection
from backend.database.expressions import same_id
from backend.database.kinds import Kind
from backend.database.rows_in import write_rows
from backend.results.campaign import CampaignState
from backend.results.campaign_life import NO_END
from backend.results.customer_filter import CustomerFilter
from backend.store import runs
from backend.store.campaign_rows import end_over
from backend.store.campaign_tables import campaign_members, campaigns
from backend.store.departures import of_nobody_erased
from backend.store.id_column import is_one_of
from backend.store.in_columns import columns_out
from backend.store.list_conditions import conditions
from backend.store.publication import Publication
from backend.store.runs import Published
from backend.store.tables import customer_intelligence

ROWS_PER_STATEMENT, ROWS_AT_ONCE = 5000, 20_000
KNOWN_BEFORE = ("historical_value", "churn_risk", "frequency", "recency_days")
OF_THE_DRAW = ("campaign_id", "customer_id", "is_held_out", "stratum", "segment_id", "place")
AS_SERVED = ("predicted_value", *KNOWN_BEFORE)
EXPECTED: ColumnElement[Any] = cast(customer_intelligence.c.predicted_value, Double())


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who meets a campaign's conditions and is held out by no other.

    Attributes
    ----------
    customer_ids
        Texts.
    segments
        The segment that each is in, by id; None: in none.
    predicted_value
        Shape (customers,), currency units; 0 of whom nothing is expected.
    """

    customer_ids: Sequence[str]
    segments: Sequence[str | None]
    predicted_value: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnCustomers:
    """Those of a draw who are not erased since; arrays of shape (customers,).

    Attributes
    ----------
    customer_ids
        Texts as objects, ascending by code points.
    held_out, strata
        As they were drawn.
    segments
        At the start, by id; None who was in none.
    predicted_value
        At the start, currency units; 0 of whom nothing was expected.
    known_before
        Further numbers of the start by name; NaN where one was not known.
    """

    customer_ids: NDArray[Any]
    held_out: BoolArray
    strata: IntArray
    segments: NDArray[Any]
    predicted_value: FloatArray
    known_before: Mapping[str, FloatArray]


async def read_audience(connection: AsyncConnection, chosen: CustomerFilter) -> Audience:
    """Return who could be drawn, as they are served now, in the order of their ids."""
    columns = customer_intelligence.c
    asked = await _free(connection, chosen, columns.customer_id, columns.archetype_id, EXPECTED)
    customer_ids, segments, values = list[str](), list[str | None](), list[FloatArray]()
    names = dict[str | None, str | None]()  # each once: rows have their own
    async with connection.stream(asked.order_by(columns.customer_id)) as result:
        async for rows in result.partitions(ROWS_AT_ONCE):
            customer_ids += [str(row[0]) for row in rows]
            segments += [names.setdefault(row[1], row[1]) for row in rows]
            values.append(_floats([row[2] for row in rows], unknown=0.0))
    return Audience(
        customer_ids=customer_ids,
        segments=segments,
        predicted_value=np.concatenate([np.zeros(0), *values]),
    )


async def read_audience_values(connection: AsyncConnection, chosen: CustomerFilter) -> FloatArray:
    """Return what each who could be drawn is expected to spend; 0 of whom nothing is."""
    asked = await _free(connection, chosen, EXPECTED)
    async with connection.stream(asked) as result:
        values = [
            _floats([row[0] for row in rows], unknown=0.0)
            async for rows in result.partitions(ROWS_AT_ONCE)
        ]
    return np.concatenate([np.zeros(0), *values])


async def _free(
    connection: AsyncConnection, chosen: CustomerFilter, *columns: ColumnElement[Any]
) -> Select[Any]:
    """Select who meets conditions and is not held out."""
    free = customer_intelligence.c.held_out_until.is_(None)
    return select(*columns).where(free, *await _meeting(connection, chosen))


async def count_already_held_out(connection: AsyncConnection, chosen: CustomerFilter) -> int:
    """Count who meets conditions, and is held out."""
    held = customer_intelligence.c.held_out_until.is_not(None)
    counted = select(func.count()).select_from(customer_intelligence)
    asked = counted.where(held, *await _meeting(connection, chosen))
    return await connection.scalar(asked) or 0


async def _meeting(
    connection: AsyncConnection, chosen: CustomerFilter
) -> list[ColumnElement[bool]]:
    told = await of_nobody_erased(connection, customer_intelligence.c.customer_id)
    return [told, *conditions(chosen)]


def _floats(values: Sequence[Any], *, unknown: float = np.nan) -> FloatArray:
    return np.array([unknown if one is None else float(one) for one in values], dtype=np.float64)


async def sample_ids(connection: AsyncConnection, *, most: int) -> list[CustomerId]:
    """Return customers who are served, evenly chosen by their ids: at most so many."""
    ids = customer_intelligence.c.customer_id
    told = await of_nobody_erased(connection, ids)
    counted = select(func.count()).select_from(customer_intelligence).where(told)
    step = -(-(await connection.scalar(counted) or 0) // most) or 1
    places = func.row_number().over(order_by=ids).label("place")
    numbered = select(ids, places).where(told).subquery()
    chosen = select(numbered.c.customer_id).where(numbered.c.place % step == 0)
    return [CustomerId(str(one)) for one in await connection.scalars(chosen)]


async def write_members(
    connection: AsyncConnection,
    published: Published,
    campaign_id: str,
    audience: Audience,
    drawn: HoldoutDraw,
) -> None:
    """Keep a draw, and what is known of each before anything is done: as it is served."""
    out, strata = drawn.held_out.astype(int).tolist(), drawn.strata.tolist()
    places = _places_of_the_treated(drawn.held_out)
    drawn_rows = zip(audience.customer_ids, out, strata, audience.segments, places, strict=True)
    while some := [*islice(drawn_rows, ROWS_PER_STATEMENT)]:
        served = await _numbers_served(connection, published, [row[0] for row in some])
        # Who is erased as this is written is missing from their arm, as whoever is later.
        rows = [(campaign_id, *row, *served[row[0]]) for row in some if row[0] in served]
        await write_rows(connection, campaign_members, OF_THE_DRAW + AS_SERVED, rows)


async def _numbers_served(
    connection: AsyncConnection, published: Published, customer_ids: Sequence[str]
) -> dict[str, Sequence[Any]]:
    """Return what is served of some customers, by id."""
    columns, dialect = customer_intelligence.c, connection.dialect.name
    ids = [CustomerId(one) for one in customer_ids]
    about = is_one_of(columns.customer_id, dialect, published, ids)
    asked = select(columns.customer_id, *(columns[name] for name in AS_SERVED)).where(about)
    return {str(row[0]): row[1:] for row in await connection.execute(asked)}


def _places_of_the_treated(held_out: BoolArray) -> list[int | None]:
    """Number those to be reached, so that calls about them can say which are meant."""
    places = np.cumsum(~held_out).tolist()
    return [None if out else place for place, out in zip(places, held_out, strict=True)]


async def read_drawn_customers(connection: AsyncConnection, campaign_id: str) -> DrawnCustomers:
    """Return a campaign's draw, without those who were erased since; for a run, in columns."""
    columns = campaign_members.c
    names = ("customer_id", "is_held_out", "stratum", "segment_id", *AS_SERVED)
    told = await of_nobody_erased(connection, columns.customer_id)
    found = await columns_out().read_columns(
        connection,
        *(columns[name] for name in names),
        where=(columns.campaign_id == campaign_id, told),
        order_by=columns.customer_id,
    )
    return DrawnCustomers(
        customer_ids=found["customer_id"],
        held_out=found["is_held_out"].astype(np.bool_),
        strata=found["stratum"],
        segments=found["segment_id"],
        predicted_value=np.nan_to_num(found["predicted_value"]),
        known_before={name: found[name].astype(np.float64) for name in KNOWN_BEFORE},
    )


async def hold_out(
    connection: AsyncConnection,
    published: Published,
    campaign_id: str,
    until: datetime | None,
    now: datetime,
) -> None:
    """Say in what is served until when a campaign holds customers out; until None: no longer."""
    of_campaign = campaign_members.c.campaign_id == campaign_id, campaign_members.c.is_held_out == 1
    is_held_out = exists().where(*of_campaign, same_as_served(connection.dialect.name, published))
    held = update(customer_intelligence).where(is_held_out)
    await connection.execute(held.values(held_out_until=until, changed_at=now))


async def held_out_among(
    connection: AsyncConnection, customer_ids: Sequence[CustomerId]
) -> dict[str, datetime]:
    """Return until when those of some customers are held out who are, by id as text."""
    served = await served_among(connection, customer_ids)
    return {one: until for one, until in served.items() if until is not None}


async def served_among(
    connection: AsyncConnection, customer_ids: Sequence[CustomerId]
) -> dict[str, datetime | None]:
    """Return those of some customers who are served, and until when they are held out."""
    if not customer_ids or (published := await runs.published(connection)) is None:
        return {}
    columns, dialect = customer_intelligence.c, connection.dialect.name
    about = is_one_of(columns.customer_id, dialect, published, customer_ids)
    asked = select(columns.customer_id, columns.held_out_until).where(about)
    return {str(row[0]): row[1] for row in await connection.execute(asked)}


async def whom_campaigns_hold_out(
    connection: AsyncConnection, publication: Publication
) -> NDArray[np.datetime64]:
    """Return until when campaigns hold those out who are published; what is over holds nobody.

    Parameters
    ----------
    connection
        In the transaction that publishes them.
    publication
        Whom, and as of when.

    Returns
    -------
    NDArray
        Shape (customers,), datetime64[us]; NaT of whom none does.
    """
    await end_over(connection, publication.as_of)
    customer_ids = publication.customers.customer_id
    until = np.full(len(customer_ids), np.datetime64("NaT", "us"))
    holding = (await connection.execute(HOLDING)).all()
    if not holding:  # all ids would be made texts
        return until
    known = CustomerIds(customer_ids)
    for one in holding:
        places = known.places_of(await _held_out_by(connection, one.id))
        there = places[places != UNKNOWN]
        until[there] = np.fmax(until[there], instant64(one.closes_at or NO_END))
    return until


HOLDING = select(campaigns.c.id, campaigns.c.closes_at).where(
    campaigns.c.state == CampaignState.RUNNING, campaigns.c.ended_at.is_(None)
)


async def _held_out_by(connection: AsyncConnection, campaign_id: str) -> NDArray[Any]:
    """Return whom a campaign drew to be held out: texts as objects."""
    columns = campaign_members.c
    drawn = columns.campaign_id == campaign_id, columns.is_held_out == 1
    found = await columns_out().read_columns(connection, columns.customer_id, where=drawn)
    return found["customer_id"]


def same_as_served(dialect: str, published: Published) -> ColumnElement[bool]:
    """Whether a member is a customer who is served."""
    ours: ColumnElement[Any] = customer_intelligence.c.customer_id
    kind = Kind.INTEGER
    if published.customer_id_type == "text":
        ours, kind = type_coerce(ours, String()), Kind.TEXT
    return same_id(dialect, campaign_members.c.customer_id, Kind.TEXT, ours, kind)
