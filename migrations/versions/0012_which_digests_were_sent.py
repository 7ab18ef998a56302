"""Which run's digest was sent, and what was in the way where one was not.

On MySQL and MariaDB each statement commits by itself: what was done already is passed over.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "intelligence_digests",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column(
            "state", sa.String(length=16), nullable=False, comment="due, sending, sent or not_sent"
        ),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column(
            "at",
            sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb"),
            nullable=False,
            comment="of the next try while due, else the last",
        ),
        sa.Column(
            "why_not",
            sa.String(length=20),
            nullable=True,
            comment="what was in the way of the last try",
        ),
        sa.Column("reply", sa.Integer(), nullable=True, comment="code of the mail server"),
        sa.PrimaryKeyConstraint("run_id"),
        if_not_exists=True,
    )


def downgrade() -> None:
    op.drop_table("intelligence_digests", if_exists=True)
