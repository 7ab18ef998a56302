"""Customer ids in our tables: BIGINT where the shop's are integers, else text."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    String,
    Table,
    inspect,
    type_coerce,
    update,
)
from sqlalchemy.types import TypeEngine

from backend.core.customer_id import LONGEST_ID, CustomerId, CustomerIdType
from backend.core.late import late
from backend.database.column_types import text_id
from backend.database.engine import AsyncEngine, transaction
from backend.store.runs import Published
from backend.store.tables import customer_intelligence, runs, segment_changes

HOLDERS = (customer_intelligence, segment_changes)


async def fit_customer_id_type(engine: AsyncEngine, kind: CustomerIdType) -> None:
    """Give our customer ids the type of the shop's: BIGINT for integers, else text.

    The rows are kept: they are what is served until the next publication.
    """
    async with transaction(engine) as connection:
        if await connection.run_sync(_fits, kind):
            return
        await connection.run_sync(late("backend.store.alter_ids").alter_id_type, kind)
        await connection.execute(
            update(runs).where(runs.c.published == 1).values(customer_id_type=kind)
        )


def wanted_type(connection: Connection, kind: CustomerIdType) -> BigInteger | String:
    """Return the type that our tables hold the shop's ids in."""
    return BigInteger() if kind == "integer" else text_id(connection.dialect, LONGEST_ID)


def _fits(connection: Connection, kind: CustomerIdType) -> bool:
    wanted, found = wanted_type(connection, kind), _id_type(connection)
    if isinstance(wanted, String) and isinstance(found, String):
        return wanted.collation in {None, found.collation}
    return not isinstance(wanted, String) and not isinstance(found, String)


def _id_type(connection: Connection) -> TypeEngine[Any]:
    columns = inspect(connection).get_columns(customer_intelligence.name)
    return next(column["type"] for column in columns if column["name"] == "customer_id")


def is_one_of(
    table: Table, published: Published, customer_ids: Sequence[CustomerId]
) -> ColumnElement[bool]:
    """Whether a row of ours is about one of these customers."""
    kind, column = published.customer_id_type, table.c.customer_id
    stored = [customer_id.stored_as(kind) for customer_id in customer_ids]
    as_stored = column if kind == "integer" else type_coerce(column, String())
    return as_stored.in_([value for value in stored if value is not None])
