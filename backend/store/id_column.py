"""Customer ids: BIGINT where the shop's are integers, else text."""

from typing import Any

from sqlalchemy import Connection, String, Table, inspect, type_coerce, update

from backend.core.late import late
from backend.database.engine import AsyncEngine, transaction
from backend.store.runs import CustomerIdType, Published
from backend.store.tables import customer_intelligence, runs


async def fit_customer_id_type(engine: AsyncEngine, kind: CustomerIdType) -> None:
    """Give our customer ids the type of the shop's: BIGINT for integers, else text.

    The rows are kept: they are what is served until the next publication.
    """
    async with transaction(engine) as connection:
        if await connection.run_sync(_id_type) != kind:
            await connection.run_sync(late("backend.store.alter_ids").alter_id_type, kind)
            await connection.execute(
                update(runs).where(runs.c.published == 1).values(customer_id_type=kind)
            )


def _id_type(connection: Connection) -> CustomerIdType:
    columns = inspect(connection).get_columns(customer_intelligence.name)
    kind = next(column["type"] for column in columns if column["name"] == "customer_id")
    return "text" if isinstance(kind, String) else "integer"


def as_published(published: Published, customer_id: str) -> int | str | None:
    """Return the id as our tables hold it; None where it cannot be one."""
    if published.customer_id_type == "text":
        return customer_id
    number = int(customer_id) if customer_id.isdecimal() and customer_id.isascii() else None
    return number if number is not None and number < 2**63 else None


def id_column(table: Table, published: Published) -> Any:
    """Return the column `customer_id` as the published run's ids are compared with it."""
    if published.customer_id_type == "text":
        return type_coerce(table.c.customer_id, String())
    return table.c.customer_id
