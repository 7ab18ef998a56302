"""What the served segments are called, without all else that is told of them."""

from dataclasses import dataclass

from sqlalchemy import select

from backend.database.engine import AsyncConnection
from backend.store.tables import segments


@dataclass(frozen=True, slots=True)
class ServedLabel:
    """What is said of a segment in each of its customers' rows."""

    id: str
    name: str
    level: int


async def read_labels(connection: AsyncConnection) -> list[ServedLabel]:
    """Return what served segments and groups are called, in the order in which they are shown."""
    columns = segments.c.id, segments.c.name, segments.c.level
    rows = await connection.execute(select(*columns).order_by(segments.c.position))
    return [ServedLabel(*row) for row in rows]
