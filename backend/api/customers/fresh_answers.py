"""What is answered to who asks for scores of this minute, or for what would be."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from backend.api.customers.fresh import MoreOrder, scored_now
from backend.api.customers.profiles import Known
from backend.api.customers.schema import FreshCustomers, SupposedOrder, profile_of
from backend.api.state import ApiState
from backend.core.customer_id import CustomerId
from backend.core.errors import SupposedTooLate
from backend.core.instants import in_utc

# Further ahead a forecast says nothing.
SUPPOSED_AHEAD = timedelta(days=730)


async def read_fresh_profile(state: ApiState, customer_id: CustomerId) -> Known:
    """Return what is known of one customer at this moment.

    Raises
    ------
    CustomerNotFound
        When the shop has no such customer, or they are erased.
    NoRunPublished, NoScoringModel
        When there is no model to score by.
    """
    async with state.heavy_reads.place():
        return (await scored_now(state, [customer_id])).the_one(customer_id)


async def fresh_answer(state: ApiState, ids: Sequence[str], *, sees_people: bool) -> FreshCustomers:
    """Score several customers; who is missing is said."""
    asked = {text: CustomerId.parse(text) for text in ids}
    known = [one for one in asked.values() if one is not None]
    async with state.heavy_reads.place():
        scored = await scored_now(state, known)
    profiles = [profile_of(*scored.found[one]) for one in known if one in scored.found]
    return FreshCustomers(
        customers=profiles if sees_people else [one.masked() for one in profiles],
        missing=[text for text, one in asked.items() if one not in scored.found],
        run_id=scored.run_id,
        as_of=scored.as_of,
    )


async def read_supposed(
    state: ApiState, customer_id: CustomerId, orders: Sequence[SupposedOrder]
) -> Known:
    """Return what would be known of one customer with some orders more.

    Raises
    ------
    SupposedTooLate
        When one is further ahead than a forecast looks.
    CustomerNotFound, NoRunPublished, NoScoringModel
        As `read_fresh_profile`.
    """
    more = [_supposed(state, one) for one in orders]
    async with state.heavy_reads.place():
        return (await scored_now(state, [customer_id], more)).the_one(customer_id)


def _supposed(state: ApiState, order: SupposedOrder) -> MoreOrder:
    now = state.as_of or state.now()
    at = now if order.at is None else in_utc(order.at, state.shop.mapping.zone, "at")
    if at > (latest := now + SUPPOSED_AHEAD):
        raise SupposedTooLate(at.isoformat(), latest.isoformat())
    return MoreOrder(round(Decimal(str(order.total)).scaleb(6)), at)
