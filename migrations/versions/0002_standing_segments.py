"""What standing segments need: groups, lineage, and how far a customer is from a border.

What is there already is passed over, as in `0001`.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

LINEAGE = "intelligence_segment_lineage"


def upgrade() -> None:
    _add_column(
        "customer_intelligence",
        sa.Column(
            "order_days", sa.Integer(), nullable=True, comment="Number of days with counted orders"
        ),
    )
    _add_column(
        "customer_intelligence",
        sa.Column(
            "typical_order_value",
            sa.Double(),
            nullable=True,
            comment="Geometric mean of counted total_price",
        ),
    )
    _add_column(
        _ours("segments"),
        sa.Column(
            "is_group",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="1 where customers are in its parts",
        ),
    )
    if LINEAGE not in sa.inspect(op.get_bind()).get_table_names():
        op.create_table(
            LINEAGE,
            sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
            sa.Column("segment_id", sa.String(length=100), nullable=False),
            sa.Column(
                "event", sa.String(length=16), nullable=False, comment="born, split, merged or died"
            ),
            sa.Column(
                "relatives",
                sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb"),
                nullable=False,
                comment="JSON: share of customers by segment",
            ),
            sa.Column(
                "happened_at",
                sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb"),
                nullable=False,
            ),
            sa.Column("run_id", sa.String(length=32), nullable=False),
            sa.PrimaryKeyConstraint("id"),
        )


def downgrade() -> None:
    op.drop_table(_ours("segment_lineage"))
    with op.batch_alter_table(_ours("segments")) as batch:
        batch.drop_column("is_group")
    with op.batch_alter_table("customer_intelligence") as batch:
        batch.drop_column("typical_order_value")
        batch.drop_column("order_days")


def _ours(name: str) -> str:
    """Return the table's name with the prefix, or without as 10.0 made it."""
    there = sa.inspect(op.get_bind()).get_table_names()
    return f"intelligence_{name}" if f"intelligence_{name}" in there else name


def _add_column(table: str, column: sa.Column[Any]) -> None:
    there = {one["name"] for one in sa.inspect(op.get_bind()).get_columns(table)}
    if column.name not in there:
        op.add_column(table, column)
