"""The latest orders of one customer, counted or not, as a page shows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from sqlalchemy import Row

from backend.core.customer_id import CustomerId
from backend.core.errors import InvalidRunRequest
from backend.core.glossary import Reason
from backend.core.instants import in_utc
from backend.database.async_engines import AsyncConnection
from backend.database.kinds import Kind
from backend.shop.counted import order_rows, reasons_in
from backend.shop.customers import is_of
from backend.shop.refusals import refusals_named
from backend.shop.shop import Shop

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  (local clocks are counted from it)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerOrder:
    """One order.

    Attributes
    ----------
    order_id
        As the shop has it.
    created_at
        In UTC; None where the shop's date is none.
    amount
        In currency units, net of known refunds; None where the shop's is no amount.
    reasons
        Why it does not count, as far as its own row tells, the first to be told first; empty where
        it does.
    """

    order_id: str
    created_at: datetime | None
    amount: Decimal | None
    reasons: Sequence[Reason]


async def orders_of(
    connection: AsyncConnection, shop: Shop, customer_ids: Sequence[CustomerId], limit: int
) -> list[CustomerOrder]:
    """Return the latest orders of a customer, the newest first.

    Parameters
    ----------
    connection
        To the shop's database.
    shop
        Where its tables are.
    customer_ids
        Of all accounts of the customer.
    limit
        At most so many.

    Raises
    ------
    InvalidMapping
        When a table or column that the mapping names does not exist, or cannot be read.
    """
    orders = await shop.orders(connection)
    theirs = await is_of(connection, orders, customer_ids, "customer_id")
    if theirs is None:
        return []
    newest_first = orders.clause.c.created_at.desc(), orders.clause.c.id.desc()
    rows = order_rows(orders, shop.mapping, connection.dialect.name)
    with refusals_named("orders"):
        found = await connection.execute(rows.where(theirs).order_by(*newest_first).limit(limit))
    kind, known = orders.kinds["created_at"], {one.text for one in customer_ids}
    zone = shop.mapping.zone
    return [_order(row, kind, zone) for row in found if str(row.customer_id) in known]


def _order(row: Row[Any], kind: Kind, zone: tzinfo) -> CustomerOrder:
    knows_zone = kind is Kind.INSTANT or getattr(row, "in_utc", 0) == 1
    micros = row.amount_micros
    return CustomerOrder(
        order_id=str(row.order_id),
        created_at=created_in_utc(row.created_at, kind, UTC if knows_zone else zone),
        amount=None if micros is None else Decimal(int(micros)).scaleb(-6),
        reasons=reasons_in(int(row.reasons)),
    )


def created_in_utc(value: Any, kind: Kind, zone: tzinfo) -> datetime | None:
    """Read a time as each database gives it; see `moment`."""
    try:
        told = _moment(value, kind)
        return None if told is None else in_utc(told, zone)
    except (ValueError, OverflowError, InvalidRunRequest):
        return None


def _moment(value: Any, kind: Kind) -> datetime | None:
    match value:
        case None | datetime():
            return value
        case str():
            return datetime.fromisoformat(value.strip())
    if kind is Kind.INTEGER:
        return datetime.fromtimestamp(int(value), UTC)
    return EPOCH + timedelta(microseconds=int(value))
