"""The customers of a list as no more than their ids."""

from typing import Any

from sqlalchemy import FromClause, Select, select

from backend.database.engine import AsyncConnection
from backend.results.customer_filter import CustomerFilter
from backend.store.departures import of_nobody_erased
from backend.store.list_conditions import conditions
from backend.store.tables import customer_intelligence


async def members(connection: AsyncConnection, chosen: CustomerFilter) -> FromClause:
    """Return a table of the ids of a list's customers, for SQL in our own database."""
    return (await _ids(connection, chosen)).subquery("members")


async def read_members(connection: AsyncConnection, chosen: CustomerFilter) -> list[int | str]:
    """Return the ids of a list's customers, as our table holds them."""
    return list(await connection.scalars(await _ids(connection, chosen)))


async def _ids(connection: AsyncConnection, chosen: CustomerFilter) -> Select[Any]:
    column = customer_intelligence.c.customer_id
    told = await of_nobody_erased(connection, column)
    return select(column).where(told, *conditions(chosen))
