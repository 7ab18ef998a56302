"""What standing segments need: groups, lineage, and how far a customer is from a border."""

import sqlalchemy as sa
from alembic import op

from backend.database.column_types import UtcDateTime, long_text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("customer_intelligence") as batch:
        batch.add_column(
            sa.Column(
                "order_days",
                sa.Integer(),
                nullable=True,
                comment="Number of days with counted orders",
            )
        )
        batch.add_column(
            sa.Column(
                "typical_order_value",
                sa.Double(),
                nullable=True,
                comment="Geometric mean of counted total_price",
            )
        )
    with op.batch_alter_table("segments") as batch:
        batch.add_column(
            sa.Column(
                "is_group",
                sa.Integer(),
                server_default="0",
                nullable=False,
                comment="1 where customers are in its parts",
            )
        )
    op.create_table(
        "segment_lineage",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("segment_id", sa.String(length=100), nullable=False),
        sa.Column(
            "event", sa.String(length=16), nullable=False, comment="born, split, merged or died"
        ),
        sa.Column(
            "relatives",
            long_text(),
            nullable=False,
            comment="JSON: share of customers by segment",
        ),
        sa.Column("happened_at", UtcDateTime(), nullable=False),
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    op.drop_table("segment_lineage")
    with op.batch_alter_table("segments") as batch:
        batch.drop_column("is_group")
    with op.batch_alter_table("customer_intelligence") as batch:
        batch.drop_column("typical_order_value")
        batch.drop_column("order_days")
