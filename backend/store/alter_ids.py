"""Gives our customer ids another type, in place; the rows stay. MySQL: see `publish_beside`."""

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import (
    Connection,
    Table,
    delete,
    inspect,
    text,
)
from sqlalchemy.exc import DBAPIError

from backend.core.customer_id import CustomerIdType
from backend.core.errors import TablesHeld
from backend.store.id_column import TYPED_AS_THE_SHOPS, is_no_integer, wanted_type
from backend.store.tables import segment_changes

# What PostgreSQL says by state of a column that a view reads, and of a view that another reads.
HELD_ON_POSTGRESQL = {"0A000", "2BP01"}


def alter_id_type(connection: Connection, kind: CustomerIdType) -> None:
    """Make the ids BIGINT or text, in every table of ours that holds any.

    Raises
    ------
    TablesHeld
        When somebody's view keeps a column from it.
    """
    try:
        _alter(connection, kind)
    except DBAPIError as error:
        if (problem := _held_by(error)) is not None:
            raise TablesHeld(problem) from None
        raise


def _held_by(error: DBAPIError) -> str | None:
    """Return what the database says of a view in the way; None where it is something else."""
    if getattr(error.orig, "sqlstate", None) in HELD_ON_POSTGRESQL:
        return str(getattr(error.driver_exception, "detail", None) or error.orig)
    return str(error.orig) if "error in view" in str(error.orig) else None


def _alter(connection: Connection, kind: CustomerIdType) -> None:
    _drop_old_name(connection, segment_changes)
    operations = Operations(MigrationContext.configure(connection))
    for column in TYPED_AS_THE_SHOPS:
        if kind == "integer":
            connection.execute(delete(column.table).where(is_no_integer(column)))
        with operations.batch_alter_table(column.table.name) as batch:
            batch.alter_column(
                column.name,
                type_=wanted_type(connection, kind),
                existing_nullable=False,
                postgresql_using=f"{column.name}::{'bigint' if kind == 'integer' else 'varchar'}",
            )


def _drop_old_name(connection: Connection, table: Table) -> None:
    """Drop the view that an upgrade left under the name of 10.0: it would hold the column fast."""
    old, inspector = table.name.removeprefix("intelligence_"), inspect(connection)
    if old in inspector.get_view_names() and table.name in str(inspector.get_view_definition(old)):
        connection.execute(text(f"DROP VIEW {old}"))
