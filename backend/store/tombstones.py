"""Tombstones: who was erased and may still be in the shop, recognised by a mark of their id.

While one stands its customer is nobody's, to every reader and to every run. It falls when a run no
longer finds the id in the shop, or when somebody asks for that.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from backend.core.customer_id import CustomerId
from backend.core.errors import TombstonesUnreadable
from backend.core.secret_keys import Marker
from backend.database.engine import AsyncConnection
from backend.store.tables import tombstones

IDS_PER_STATEMENT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasures:
    """What a run knows of who was erased, looked up before it read the shop.

    Attributes
    ----------
    marker
        Recognises them.
    marks
        The tombstones that stood then.
    found
        Those of them whose customers are still in the shop, by mark; the others fall.
    """

    marker: Marker = field(default_factory=Marker)
    marks: frozenset[str] = frozenset()
    found: Mapping[str, CustomerId] = field(default_factory=dict)


async def read_marks(connection: AsyncConnection, marker: Marker) -> frozenset[str]:
    """Return the marks of all tombstones that stand.

    A locking read: it sees what was committed while it waited, on MySQL too.

    Raises
    ------
    TombstonesUnreadable
        When some were made with a key that is not known.
    """
    statement = select(tombstones.c.mark, tombstones.c.key_id).with_for_update(read=True)
    rows = (await connection.execute(statement)).all()
    if strange := sum(row.key_id not in marker.key_ids for row in rows):
        raise TombstonesUnreadable(strange)
    return frozenset(row.mark for row in rows)


async def erased_among(
    connection: AsyncConnection, marker: Marker, customer_ids: Collection[CustomerId]
) -> dict[CustomerId, datetime]:
    """Return those of these customers who are erased, and since when."""
    by_mark = {mark: one for one in customer_ids for mark in marker.marks(one)}
    marks = list(by_mark)
    found: dict[CustomerId, datetime] = {}
    for start in range(0, len(marks), IDS_PER_STATEMENT):
        some = tombstones.c.mark.in_(marks[start : start + IDS_PER_STATEMENT])
        rows = await connection.execute(select(tombstones).where(some))
        found |= {by_mark[row.mark]: row.erased_at for row in rows}
    return found


async def bury(
    connection: AsyncConnection, marker: Marker, customer_ids: Sequence[CustomerId], now: datetime
) -> None:
    """Give each of these customers a tombstone, whether or not one stands."""
    await raise_up(connection, marker, customer_ids)
    key_id = marker.key_ids[0]
    for mark in sorted({marker.mark(one) for one in customer_ids}):
        row = {"mark": mark, "key_id": key_id, "erased_at": now}
        with suppress(IntegrityError):  # somebody erases the same customer at this moment
            async with connection.begin_nested():
                await connection.execute(insert(tombstones).values(row))


async def raise_up(
    connection: AsyncConnection, marker: Marker, customer_ids: Sequence[CustomerId]
) -> None:
    """Take away the tombstones of these customers."""
    marks = [mark for one in customer_ids for mark in marker.marks(one)]
    standing = select(tombstones.c.mark).where(tombstones.c.mark.in_(marks))
    # Deleting none, InnoDB would keep everybody else from putting one in its place.
    if found := (await connection.scalars(standing)).all():
        await connection.execute(delete(tombstones).where(tombstones.c.mark.in_(found)))


async def settle(connection: AsyncConnection, erasures: Erasures) -> None:
    """Let fall whose customers the shop has no longer; mark the others anew under the first key."""
    old = erasures.marks - erasures.found.keys()
    marker = erasures.marker
    renewed = {mark: one for mark, one in erasures.found.items() if mark != marker.mark(one)}
    since = await erased_among(connection, marker, renewed.values())
    for one, erased_at in since.items():
        await bury(connection, marker, [one], erased_at)
    for mark in sorted(old | renewed.keys()):
        await connection.execute(delete(tombstones).where(tombstones.c.mark == mark))


async def drop_unreadable(connection: AsyncConnection, marker: Marker) -> int:
    """Take away the tombstones that no known key made; return how many there were."""
    strange = tombstones.c.key_id.not_in(marker.key_ids)
    count = await connection.scalar(select(func.count()).where(strange))
    await connection.execute(delete(tombstones).where(strange))
    return int(count or 0)
