"""What campaigns brought, counted from the orders that a run, or the command, has read.

By intention to treat: everybody who was drawn counts in their arm. Who was erased, or left the
shop, is missing from it; who is part of another account by now is counted by that one, unless it
was drawn too.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from backend.campaigns.arm_sums import WindowOutcomes
from backend.campaigns.campaign_answer import CountedCustomers, FixedAtStart, answer
from backend.core.arrays import BoolArray, FloatArray, IntArray
from backend.core.customer_id import UNKNOWN, CustomerIds
from backend.core.typed_cells import instant64
from backend.database.engine import AsyncEngine, transaction
from backend.results.campaign import CampaignAnswer
from backend.results.campaign_life import AnswerKind, Campaign, CampaignDrawn, CountedAnswer
from backend.store.campaign_members import DrawnCustomers, read_drawn_customers
from backend.store.campaign_rows import UnreadCampaign, running_campaigns

log = logging.getLogger(__name__)


class CountedOrders(Protocol):
    """Counted orders of all of a shop's customers, as `ShopColumns` has them."""

    @property
    def customer_ids(self) -> NDArray[Any]:
        """Shape (customers,), ascending."""

    @property
    def customer_index(self) -> IntArray:
        """Shape (orders,)."""

    @property
    def created_at(self) -> NDArray[np.datetime64]:
        """Shape (orders,), UTC."""

    @property
    def amount_micros(self) -> IntArray:
        """Shape (orders,), millionths, net of known refunds."""


@dataclass(frozen=True, slots=True)
class OpenCampaign:
    """A campaign that is not counted for good, what its start settled, and whom it drew."""

    campaign: Campaign
    drawn: CampaignDrawn
    customers: DrawnCustomers


async def count_campaigns(
    engine: AsyncEngine,
    orders: CountedOrders,
    merged: Mapping[str, str],
    *,
    as_of: datetime,
    run_id: str | None,
) -> dict[str, CountedAnswer]:
    """Count those of which something is to be counted, by their ids, one after the other.

    Each may have drawn as many as the shop has. One that cannot be read is logged.

    Parameters
    ----------
    engine
        Of our database.
    orders
        Of everybody who is not erased, before `as_of`.
    merged
        The customer that each other account is part of, by id as text.
    as_of, run_id
        The instant orders are known to, and the run that read them.

    Raises
    ------
    DatabaseUnavailable
        When our database does not answer.
    """
    found = {}
    for campaign in await _drawn_campaigns(engine):
        if (kind := _due(campaign, as_of)) is None:
            continue
        one = await _opened(engine, campaign)
        count = partial(_counted_or_logged, one, kind, orders, merged, as_of)
        if (told := await asyncio.to_thread(count)) is not None:
            found[campaign.id] = CountedAnswer(kind=kind, run_id=run_id, answer=told)
    return found


async def _drawn_campaigns(engine: AsyncEngine) -> list[Campaign]:
    async with transaction(engine) as connection:
        found = await running_campaigns(connection)
    for one in found:
        if isinstance(one, UnreadCampaign):
            told = {"campaign_id": one.id, "reason": str(one.why)}
            log.warning("a campaign was not counted", extra=told)
    return [one for one in found if isinstance(one, Campaign)]


def _due(campaign: Campaign, as_of: datetime) -> AnswerKind | None:
    """Return what is to be counted of orders before an instant; None: nothing anew."""
    closes_at, settles_at = campaign.closes_at, campaign.settles_at
    if campaign.drawn is None or as_of <= campaign.drawn.started_at:
        return None
    if closes_at is None or settles_at is None or as_of < closes_at:
        return AnswerKind.LOOK
    kind = AnswerKind.AT_CLOSE if as_of < settles_at else AnswerKind.SETTLED
    return None if kind in campaign.answers else kind


async def _opened(engine: AsyncEngine, campaign: Campaign) -> OpenCampaign:
    assert campaign.drawn is not None
    async with transaction(engine) as connection:
        customers = await read_drawn_customers(connection, campaign.id)
    return OpenCampaign(campaign, campaign.drawn, customers)


def _counted_or_logged(
    one: OpenCampaign,
    kind: AnswerKind,
    orders: CountedOrders,
    merged: Mapping[str, str],
    as_of: datetime,
) -> CampaignAnswer | None:
    is_whole = kind is not AnswerKind.LOOK and not one.campaign.window_is_cut
    try:
        return _counted(one, orders, merged, as_of, final=is_whole)
    except Exception:  # no campaign is worth a run
        log.exception("a campaign was not counted", extra={"campaign_id": one.campaign.id})
        return None


def _counted(
    one: OpenCampaign,
    orders: CountedOrders,
    merged: Mapping[str, str],
    as_of: datetime,
    *,
    final: bool,
) -> CampaignAnswer:
    wanted, drawn, customers = one.campaign.wanted, one.drawn, one.customers
    places = _places(customers.customer_ids, merged, orders.customer_ids)
    until = min(as_of, one.campaign.closes_at or as_of)
    counted = CountedCustomers(
        held_out=customers.held_out,
        strata=customers.strata,
        segments=customers.segments,
        outcomes=_outcomes(orders, places, drawn.started_at, until, customers.predicted_value),
        known_before=customers.known_before,
    )
    fixed = FixedAtStart(goal=wanted.goal, drawn=drawn.arms, spend_limit=drawn.spend_limit)
    return answer(
        counted.only(places != UNKNOWN), fixed, cost=wanted.cost, counted_at=as_of, final=final
    )


def _places(drawn: NDArray[Any], merged: Mapping[str, str], customer_ids: NDArray[Any]) -> IntArray:
    """Return by whose place each who was drawn is counted; `UNKNOWN` who is missing.

    Nobody's orders are counted twice: of several who are one account by now it is the one who was
    that account when they were drawn, else the first.
    """
    accounts = np.array([merged.get(one, one) for one in drawn.tolist()], dtype=object)
    places = CustomerIds(customer_ids).places_of(accounts)
    is_other: BoolArray = np.asarray(accounts != drawn, dtype=bool)
    order = np.argsort(is_other, kind="stable")
    _, first = np.unique(places[order], return_index=True)
    counted = np.zeros(len(drawn), dtype=bool)
    counted[order[first]] = True
    return np.where(counted, places, UNKNOWN)


def _outcomes(
    orders: CountedOrders,
    places: IntArray,
    since: datetime,
    until: datetime,
    forecast: FloatArray,
) -> WindowOutcomes:
    """Sum what was ordered from the one instant on and before the other."""
    at = orders.created_at
    within = (at >= instant64(since)) & (at < instant64(until))
    micros = np.zeros(len(orders.customer_ids) + 1, dtype=np.int64)  # the last one is of nobody
    np.add.at(micros, orders.customer_index[within], orders.amount_micros[within])
    spend = micros[places] / 1e6
    return WindowOutcomes(bought=spend > 0, spend=spend, forecast=forecast)
