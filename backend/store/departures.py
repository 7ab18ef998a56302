"""Who left, told to followers for thirty days: deleted or merged in the shop, or erased here."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Column, ColumnElement, delete, insert, not_, select, true

from backend.core.customer_id import UNKNOWN, CustomerId, CustomerIds
from backend.core.glossary import Departure
from backend.core.secret_keys import Marker
from backend.database.compiled import HotRead
from backend.database.engine import AsyncConnection, AsyncEngine
from backend.results.gone import GoneCustomer
from backend.store import runs
from backend.store.id_column import HOLDERS, is_one_of
from backend.store.outbox import tell_erased_gone
from backend.store.tables import customers_gone
from backend.store.tombstones import erased_among

Told = ColumnElement[bool]
"""Whether a row is about somebody of whom anything is told."""
TOLD_FOR = timedelta(days=30)
IDS_PER_STATEMENT = 500
# Who left is told of for a while: that is about whom nobody knows any more.
OF_THE_KNOWN = tuple(column for column in HOLDERS if column.table is not customers_gone)


async def read_gone(
    connection: AsyncConnection,
    *,
    now: datetime,
    since: datetime | None = None,
    after: int = 0,
    limit: int,
) -> list[GoneCustomer]:
    """Return who left within the last thirty days, the first first.

    Parameters
    ----------
    connection
        In a transaction.
    now
        The time.
    since
        Only who left then or later.
    after
        Only those with a greater id.
    limit
        At most so many.
    """
    earliest = max(now - TOLD_FOR, since or now - TOLD_FOR)
    statement = (
        select(customers_gone)
        .where(customers_gone.c.gone_at >= earliest, customers_gone.c.id > after)
        .order_by(customers_gone.c.id)
        .limit(limit)
    )
    rows = (await connection.execute(statement)).mappings()
    return [GoneCustomer(**{**row, "cause": Departure(row["cause"])}) for row in rows]


async def tell_gone(
    connection: AsyncConnection, causes: Mapping[str, Departure], now: datetime
) -> None:
    """Tell that these customers left, by id as text; forget whom it was told of long enough."""
    await forget_told(connection, now)
    rows = [
        {"customer_id": one, "cause": str(cause), "gone_at": now} for one, cause in causes.items()
    ]
    if rows:
        await connection.execute(insert(customers_gone), rows)


async def tell_erased(
    connection: AsyncConnection, customer_ids: Sequence[CustomerId], now: datetime
) -> None:
    """Tell that these customers were erased, and nothing else of them any more."""
    texts = [one.text for one in customer_ids]
    before = select(customers_gone.c.id, customers_gone.c.customer_id)
    asked = before.where(customers_gone.c.customer_id.in_(texts))
    told = [row.id for row in await connection.execute(asked) if row.customer_id in texts]
    await connection.execute(delete(customers_gone).where(customers_gone.c.id.in_(told)))
    await tell_gone(connection, dict.fromkeys(texts, Departure.ERASED), now)
    await tell_erased_gone(connection, now)


ERASED = select(customers_gone.c.customer_id).where(customers_gone.c.cause == Departure.ERASED)
READ_ERASED = HotRead(ERASED)


async def read_erased(connection: AsyncConnection) -> list[CustomerId]:
    """Return who is told to be erased, and not to be back."""
    return [CustomerId(one) for one in await connection.scalars(ERASED)]


async def erased_now(engine: AsyncEngine) -> list[CustomerId]:
    """Return the same as `read_erased`, for who asks again and again.

    Raises
    ------
    DatabaseUnavailable, TablesTooOld
        When the database does not tell.
    """
    return [CustomerId(one) for (one,) in await READ_ERASED.rows(engine, {})]


async def of_nobody_erased(connection: AsyncConnection, column: Column[Any]) -> Told:
    """Return the condition that a row is not about somebody who is told to be erased.

    Their rows are deleted once no publication is under way; until then nobody is shown them.

    Parameters
    ----------
    connection
        In the transaction that reads the rows.
    column
        One of `HOLDERS`.
    """
    published, dialect = await runs.published(connection), connection.dialect.name
    left = await _left_in(connection, column, await read_erased(connection))
    return not_(is_one_of(column, dialect, published, left)) if left else true()


async def _left_in(
    connection: AsyncConnection, column: Column[Any], customer_ids: Sequence[CustomerId]
) -> list[CustomerId]:
    """Return whose rows are still there."""
    published, dialect = await runs.published(connection), connection.dialect.name
    left = list[CustomerId]()
    for start in range(0, len(customer_ids), IDS_PER_STATEMENT):
        some = customer_ids[start : start + IDS_PER_STATEMENT]
        about = is_one_of(column, dialect, published, some)
        found = await connection.scalars(select(column).where(about).distinct())
        left += [CustomerId(str(one)) for one in found]
    return left


async def forget_told(connection: AsyncConnection, now: datetime) -> None:
    """Forget who left more than thirty days ago; of the erased only whose rows are deleted.

    What is told of everybody goes by who is told to be erased.
    """
    old = customers_gone.c.gone_at < now - TOLD_FOR
    about = customers_gone.c.customer_id
    erased = select(about).where(old, customers_gone.c.cause == Departure.ERASED)
    asked = [CustomerId(one) for one in await connection.scalars(erased)]
    waiting = {
        one.text for column in OF_THE_KNOWN for one in await _left_in(connection, column, asked)
    }
    await connection.execute(delete(customers_gone).where(old, about.not_in(waiting)))


async def take_back(
    connection: AsyncConnection, customer_ids: NDArray[Any], marker: Marker
) -> None:
    """Tell no longer that somebody left who is there again.

    Parameters
    ----------
    connection
        In the transaction that publishes them.
    customer_ids
        Who is there, ascending.
    marker
        Recognises who was erased after the run had looked: they are not there again.
    """
    columns = select(customers_gone.c.id, customers_gone.c.customer_id)
    told = (await connection.execute(columns)).all()
    if not told:  # all ids would be made texts
        return
    there = CustomerIds(customer_ids).places_of(np.array([row[1] for row in told], dtype=object))
    again = [row for row, place in zip(told, there, strict=True) if place != UNKNOWN]
    asked = [CustomerId(row.customer_id) for row in again]
    erased = await erased_among(connection, marker, asked)
    back = [row.id for row, one in zip(again, asked, strict=True) if one not in erased]
    for start in range(0, len(back), IDS_PER_STATEMENT):
        some = customers_gone.c.id.in_(back[start : start + IDS_PER_STATEMENT])
        await connection.execute(delete(customers_gone).where(some))
