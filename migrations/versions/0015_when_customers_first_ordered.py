"""When customers first ordered.

On MySQL and MariaDB each statement commits by itself: what was done already is passed over.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _add_column(
        "customer_intelligence",
        sa.Column(
            "first_order_at",
            sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb"),
            nullable=True,
            comment="when the first counted order was created",
        ),
    )


def downgrade() -> None:
    _drop_column("customer_intelligence", "first_order_at")


def _columns(table: str) -> set[str]:
    return {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}


def _add_column(table: str, column: sa.Column[Any]) -> None:
    if column.name not in _columns(table):
        op.add_column(table, column)


def _drop_column(table: str, name: str) -> None:
    if name in _columns(table):
        op.drop_column(table, name)
