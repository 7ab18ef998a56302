"""Which state of our tables is served: the run, what was corrected since, who was erased."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, literal, select

from backend.database.compiled import HotRead
from backend.database.engine import AsyncConnection, AsyncEngine
from backend.store.runs import Published
from backend.store.tables import runs, tombstones


@dataclass(frozen=True, slots=True)
class Served:
    """One state of what is served.

    Attributes
    ----------
    published
        The run; None before the first.
    erased, last_erased_at
        How many tombstones stand, and since when the newest does: told apart by both, since one
        may fall as another is set.
    """

    published: Published | None
    erased: int
    last_erased_at: datetime | None


def _statement() -> Select[Any]:
    # One row, whether or not there is a run.
    one = select(literal(1).label("one")).subquery("one")
    columns = (runs.c.id, runs.c.as_of, runs.c.customer_id_type, runs.c.revision)
    count = select(func.count(tombstones.c.mark)).scalar_subquery()
    last = select(func.max(tombstones.c.erased_at)).scalar_subquery()
    return select(*columns, count, last).select_from(one.outerjoin(runs, runs.c.published == 1))


STATEMENT = _statement()
READ = HotRead(STATEMENT)


async def read_served(engine: AsyncEngine) -> Served:
    """Return the state that is served.

    Raises
    ------
    DatabaseUnavailable, TablesTooOld
        When the database does not tell.
    """
    (row,) = await READ.rows(engine, {})
    return _served_of(row)


async def served_in(connection: AsyncConnection) -> Served:
    """Return the state that is served, as a snapshot sees it."""
    return _served_of((await connection.execute(STATEMENT)).one())


def _served_of(row: Sequence[Any]) -> Served:
    *run, erased, last_erased_at = row
    published = None if run[0] is None else Published(*run)
    return Served(published, erased, last_erased_at)
