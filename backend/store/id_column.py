"""Customer ids: BIGINT where the shop's are integers, else text."""

from typing import Any

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import (
    BigInteger,
    Connection,
    String,
    Table,
    delete,
    inspect,
    text,
    type_coerce,
    update,
)

from backend.database.column_types import text_id
from backend.database.engine import AsyncEngine, transaction
from backend.store.runs import CustomerIdType, Published
from backend.store.tables import CUSTOMER_ID_LENGTH, customer_intelligence, runs, segment_changes


async def fit_customer_id_type(engine: AsyncEngine, kind: CustomerIdType) -> None:
    """Give our customer ids the type of the shop's: BIGINT for integers, else text.

    The rows are kept: they are what is served until the next publication.
    """
    async with transaction(engine) as connection:
        if await connection.run_sync(_id_type) != kind:
            await connection.run_sync(_alter_id_type, kind)
            await connection.execute(
                update(runs).where(runs.c.published == 1).values(customer_id_type=kind)
            )


def _id_type(connection: Connection) -> CustomerIdType:
    columns = inspect(connection).get_columns(customer_intelligence.name)
    kind = next(column["type"] for column in columns if column["name"] == "customer_id")
    return "text" if isinstance(kind, String) else "integer"


def _drop_old_name(connection: Connection, table: Table) -> None:
    """Drop the view that an upgrade left under the name of 10.0: it would hold the column fast."""
    old, inspector = table.name.removeprefix("intelligence_"), inspect(connection)
    if old in inspector.get_view_names() and table.name in str(inspector.get_view_definition(old)):
        connection.execute(text(f"DROP VIEW {old}"))


def _alter_id_type(connection: Connection, kind: CustomerIdType) -> None:
    _drop_old_name(connection, segment_changes)
    operations = Operations(MigrationContext.configure(connection))
    new = BigInteger() if kind == "integer" else text_id(CUSTOMER_ID_LENGTH)
    for table in (customer_intelligence, segment_changes):
        if kind == "integer":  # ids that were text name nobody in a shop with integer ids
            connection.execute(delete(table))
        with operations.batch_alter_table(table.name) as batch:
            batch.alter_column(
                "customer_id",
                type_=new,
                existing_nullable=False,
                postgresql_using=f"customer_id::{'bigint' if kind == 'integer' else 'varchar'}",
            )


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
