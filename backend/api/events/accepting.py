"""An event is accepted: whose it is, and that they are to be scored, kept in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from backend.api.events.orders_told import OrdersTold
from backend.api.events.schema import EventAccepted
from backend.api.state import ApiState
from backend.core.customer_id import CustomerId
from backend.database.async_engines import AsyncConnection
from backend.database.database_clock import read_clock
from backend.database.engine import transaction
from backend.shop.asking import asked
from backend.shop.customers import get_customers
from backend.shop.customers_of_orders import customers_of_orders
from backend.shop.shop import Shop
from backend.store.hot_numbers import standing_among
from backend.store.order_events import ask_for_scores, is_new


@dataclass(frozen=True, slots=True)
class Whose:
    """Whom an event is about, as the shop says at this moment.

    Attributes
    ----------
    found
        The customers, by the ids that it names: several accounts may be of one.
    unknown
        How many ids nobody has.
    guests
        How many orders are nobody's.
    """

    found: dict[CustomerId, CustomerId]
    unknown: int
    guests: int


async def accept(state: ApiState, told: OrdersTold) -> EventAccepted:
    """Keep an event, and have those scored whom it is about.

    Raises
    ------
    DatabaseUnavailable
        When one of the databases does not answer: nothing is kept, and it may be sent again.
    """
    whose = await asked(state.shop_engine, state.shop, partial(_whose, shop=state.shop, told=told))
    known = await _standing(state, whose)
    async with transaction(state.engine) as connection:
        now = await read_clock(connection)
        repeated = not await is_new(connection, told.event, now)
        if not repeated:
            await ask_for_scores(connection, known, now)
    return EventAccepted(
        repeated=repeated,
        customers=len(known),
        unknown=whose.unknown + _erased(whose, known) + told.unreadable,
        guests=whose.guests,
    )


async def _whose(connection: AsyncConnection, shop: Shop, told: OrdersTold) -> Whose:
    """Ask the shop whose an order is; where it has not arrived there, take the sender's word."""
    named, order_id = [*told.customer_ids], told.order_id
    if order_id is not None:
        placed = await customers_of_orders(connection, shop, [order_id])
        if order_id in placed:
            named = [one for one in placed.values() if one is not None]
    found = await get_customers(connection, shop, named) if named else {}
    return Whose(
        found={asked_for: one.id for asked_for, one in found.items()},
        unknown=len(named) - len(found),
        guests=int(order_id is not None and not named),
    )


async def _standing(state: ApiState, whose: Whose) -> Sequence[CustomerId]:
    """Leave out who is erased, by any of their accounts."""
    ids = [*{*whose.found, *whose.found.values()}]
    standing = {*await standing_among(state.engine, state.own_keys.tombstones, ids)}
    known = {one for asked_for, one in whose.found.items() if {asked_for, one} <= standing}
    return sorted(known, key=str)


def _erased(whose: Whose, known: Sequence[CustomerId]) -> int:
    return len({*whose.found.values()} - {*known})
