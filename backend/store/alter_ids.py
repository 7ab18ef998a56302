"""Gives our customer ids another type, in place; readers keep what they read."""

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import BigInteger, Connection, delete

from backend.database.column_types import text_id
from backend.store.runs import CustomerIdType
from backend.store.tables import CUSTOMER_ID_LENGTH, customer_intelligence, segment_changes


def alter_id_type(connection: Connection, kind: CustomerIdType) -> None:
    """Make the ids BIGINT or text, in every table of ours that holds any."""
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
