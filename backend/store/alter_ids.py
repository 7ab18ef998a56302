"""Gives our customer ids another type, in place; the rows stay."""

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, delete

from backend.core.customer_id import CustomerIdType
from backend.store.id_column import HOLDERS, wanted_type


def alter_id_type(connection: Connection, kind: CustomerIdType) -> None:
    """Make the ids BIGINT or text, in every table of ours that holds any."""
    operations = Operations(MigrationContext.configure(connection))
    for table in HOLDERS:
        if kind == "integer":  # ids that were text name nobody in a shop with integer ids
            connection.execute(delete(table))
        with operations.batch_alter_table(table.name) as batch:
            batch.alter_column(
                "customer_id",
                type_=wanted_type(connection, kind),
                existing_nullable=False,
                postgresql_using=f"customer_id::{'bigint' if kind == 'integer' else 'varchar'}",
            )
