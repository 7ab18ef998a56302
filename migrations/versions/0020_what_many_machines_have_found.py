"""What workers of a run on many machines have found, until it has ended."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TABLE = "intelligence_staged_parts"


def upgrade() -> None:
    if sa.inspect(op.get_bind()).has_table(TABLE):
        return
    kind = sa.LargeBinary().with_variant(mysql.LONGBLOB(), "mysql", "mariadb")
    op.create_table(
        TABLE,
        sa.Column("run_id", sa.String(32), primary_key=True, comment="that it is found for"),
        sa.Column(
            "stage", sa.String(16), primary_key=True, comment="what it is: orders, baskets, …"
        ),
        sa.Column("partition_number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column(
            "attempt", sa.String(32), primary_key=True, comment="a task may be done more than once"
        ),
        sa.Column(
            "piece",
            sa.Integer(),
            primary_key=True,
            autoincrement=False,
            comment="of its bytes, from 0",
        ),
        sa.Column("bytes", kind, nullable=False, comment="Arrow's columns, compressed"),
    )


def downgrade() -> None:
    if sa.inspect(op.get_bind()).has_table(TABLE):
        op.drop_table(TABLE)
