"""The customers of a list as no more than their ids."""

from sqlalchemy import FromClause, select

from backend.database.engine import AsyncConnection
from backend.results.customer_filter import CustomerFilter
from backend.store.list_conditions import conditions
from backend.store.tables import customer_intelligence


def members(chosen: CustomerFilter) -> FromClause:
    """Return a table of the ids of a list's customers, for SQL in our own database."""
    column = customer_intelligence.c.customer_id
    return select(column).where(*conditions(chosen)).subquery("members")


async def read_members(connection: AsyncConnection, chosen: CustomerFilter) -> list[int | str]:
    """Return the ids of a list's customers, as our table holds them."""
    statement = select(customer_intelligence.c.customer_id).where(*conditions(chosen))
    return list(await connection.scalars(statement))
