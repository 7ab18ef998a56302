"""What a shop told of its orders, and whose numbers wait to be made anew because of it.

An event is known by its id for a week. Of a customer there is one row, however many events told of
them: what they come to is read in the shop, not in the events.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from backend.core.customer_id import CustomerId
from backend.database.engine import AsyncConnection
from backend.database.upserts import upsert
from backend.store.tables import order_events, rescorings

KNOWN_FOR = timedelta(days=7)
# The rows of `_told`, unless more is told of them by now.
AS_TOLD = (
    rescorings.c.customer_id == bindparam("told_id"),
    rescorings.c.events == bindparam("told_events"),
)


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """One event, as its sender knows it.

    Attributes
    ----------
    source
        Who sent it.
    event_id
        Its id there.
    """

    source: str
    event_id: str


@dataclass(frozen=True, slots=True)
class Rescoring:
    """A customer whose orders are others than they were.

    Attributes
    ----------
    customer_id
        The customer.
    events
        How many events have told so: one more, and what was read may be too old.
    """

    customer_id: CustomerId
    events: int


async def is_new(connection: AsyncConnection, event: OrderEvent, now: datetime) -> bool:
    """Keep an event's id; return whether it was not known."""
    row = {"source": event.source, "event_id": event.event_id, "received_at": now}
    try:
        async with connection.begin_nested():
            await connection.execute(insert(order_events).values(row))
    except IntegrityError:
        return False
    return True


async def ask_for_scores(
    connection: AsyncConnection, customer_ids: Sequence[CustomerId], now: datetime
) -> None:
    """Have customers scored; who waits already goes on waiting from then on."""
    again = {
        "events": rescorings.c.events + 1,
        "told_at": now,
        "waiting_since": func.coalesce(rescorings.c.waiting_since, now),
    }
    # In one order, so that two who tell of the same customers do not wait for each other.
    texts = sorted({one.text for one in customer_ids})
    told = {"events": 1, "told_at": now, "waiting_since": now}
    if texts:
        asked = upsert(rescorings, connection.dialect.name, lambda _new: again)
        await connection.execute(asked.values([{"customer_id": one, **told} for one in texts]))


async def read_waiting(connection: AsyncConnection, *, limit: int) -> list[Rescoring]:
    """Return who waits to be scored, the first first."""
    waiting = select(rescorings).where(rescorings.c.waiting_since.is_not(None))
    first = waiting.order_by(rescorings.c.waiting_since, rescorings.c.customer_id).limit(limit)
    return await _found(connection, first)


async def count_waiting(connection: AsyncConnection) -> int:
    """Return how many wait to be scored."""
    waiting = rescorings.c.waiting_since.is_not(None)
    return await connection.scalar(select(func.count()).where(waiting)) or 0


async def read_told_since(connection: AsyncConnection, instant: datetime) -> list[Rescoring]:
    """Return of whom something was told at an instant or later, scored since or not."""
    told = select(rescorings).where(rescorings.c.told_at >= instant)
    return await _found(connection, told.order_by(rescorings.c.customer_id))


async def still_as_told(
    connection: AsyncConnection, scored: Sequence[Rescoring]
) -> list[Rescoring]:
    """Return those of them who wait yet and of whom nothing more was told."""
    texts = [one.customer_id.text for one in scored]
    asked = rescorings.c.customer_id.in_(texts), rescorings.c.waiting_since.is_not(None)
    waiting = {*await _found(connection, select(rescorings).where(*asked))}
    return [one for one in scored if one in waiting]


async def settle(connection: AsyncConnection, scored: Sequence[Rescoring]) -> None:
    """Say that customers are scored; of whom more was told meanwhile goes on waiting."""
    settled = update(rescorings).where(*AS_TOLD).values(waiting_since=None)
    if scored:
        await connection.execute(settled, _told(scored))


async def wait_again(connection: AsyncConnection, since: datetime, now: datetime) -> None:
    """Have all scored once more of whom something was told since an instant."""
    told = rescorings.c.told_at >= since
    await connection.execute(update(rescorings).where(told).values(waiting_since=now))


async def forget_rescorings(connection: AsyncConnection, missing: Sequence[Rescoring]) -> None:
    """Have customers not scored whom the shop does not have, unless more is told of them."""
    if missing:
        await connection.execute(delete(rescorings).where(*AS_TOLD), _told(missing))


async def forget_order_events(connection: AsyncConnection, now: datetime) -> None:
    """Forget what was told more than a week ago."""
    oldest = now - KNOWN_FOR
    await connection.execute(delete(order_events).where(order_events.c.received_at < oldest))
    await connection.execute(delete(rescorings).where(rescorings.c.told_at < oldest))


def _told(some: Sequence[Rescoring]) -> list[dict[str, Any]]:
    return [{"told_id": one.customer_id.text, "told_events": one.events} for one in some]


async def _found(connection: AsyncConnection, asked: Any) -> list[Rescoring]:
    rows = (await connection.execute(asked)).mappings()
    return [Rescoring(CustomerId(row["customer_id"]), row["events"]) for row in rows]
