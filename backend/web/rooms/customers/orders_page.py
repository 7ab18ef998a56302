"""The orders of one customer as a value, and what it is read from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from urllib.parse import urlencode

from backend.api.customers.profiles import read_profile
from backend.api.state import ApiState
from backend.core.customer_id import CustomerId
from backend.database.engine import AsyncConnection
from backend.shop.accounts import accounts_of
from backend.shop.asking import asked
from backend.shop.orders_of_customer import CustomerOrder, orders_of
from backend.shop.shop import Shop
from backend.web.rooms.customers.one_customer_page import PAGE
from backend.wording import one_customer_sentences as words
from backend.wording.dates import short_day
from backend.wording.money import UNKNOWN, money

ORDERS_SHOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """One order."""

    day: str
    id: str
    amount: str
    counts: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdersPage:
    """All that is said of a customer's orders."""

    address: str
    described: str
    rows: Sequence[OrderRow]


async def see_orders(state: ApiState, customer_id: CustomerId) -> list[CustomerOrder]:
    """Read a customer's latest orders, and one more than are shown where there are more.

    Raises
    ------
    CustomerNotFound
        When the shop has not got them, or they are erased.
    """
    await read_profile(state, customer_id)
    find = partial(_orders, shop=state.shop, customer_id=customer_id)
    async with state.heavy_reads.place():
        return await asked(state.shop_engine, state.shop, find)


async def _orders(
    connection: AsyncConnection, shop: Shop, customer_id: CustomerId
) -> list[CustomerOrder]:
    ids = await accounts_of(connection, shop, customer_id)
    return await orders_of(connection, shop, ids, ORDERS_SHOWN + 1)


def orders_page(
    customer_id: CustomerId, orders: Sequence[CustomerOrder], currency: str | None, zone: tzinfo
) -> OrdersPage:
    """Show a customer's orders; days are told in the shop's time zone."""
    shown = orders[:ORDERS_SHOWN]
    described = words.orders_described(len(shown), are_all=len(shown) == len(orders))
    return OrdersPage(
        address=f"{PAGE}?{urlencode({'id': customer_id.text})}",
        described=described if shown else words.NO_ORDERS_THERE,
        rows=[_row(one, currency, zone) for one in shown],
    )


def _row(one: CustomerOrder, currency: str | None, zone: tzinfo) -> OrderRow:
    return OrderRow(
        day=UNKNOWN if one.created_at is None else short_day(one.created_at, zone),
        id=one.order_id,
        amount=UNKNOWN if one.amount is None else money(float(one.amount), currency),
        counts=words.does_not_count(one.reasons[0]) if one.reasons else words.COUNTED,
    )
