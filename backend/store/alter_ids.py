"""Gives our customer ids another type, in place; the rows stay."""

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, Table, delete, inspect, text

from backend.core.customer_id import CustomerIdType
from backend.database.expressions import MYSQL
from backend.store.id_column import HOLDERS, wanted_type
from backend.store.tables import segment_changes


def alter_id_type(connection: Connection, kind: CustomerIdType) -> None:
    """Make the ids BIGINT or text, in every table of ours that holds any."""
    if connection.dialect.name not in MYSQL:
        _drop_old_name(connection, segment_changes)
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


def _drop_old_name(connection: Connection, table: Table) -> None:
    """Drop the view that an upgrade left under the name of 10.0: it would hold the column fast."""
    old, inspector = table.name.removeprefix("intelligence_"), inspect(connection)
    if old in inspector.get_view_names() and table.name in str(inspector.get_view_definition(old)):
        connection.execute(text(f"DROP VIEW {old}"))
