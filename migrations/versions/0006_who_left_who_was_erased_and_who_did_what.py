"""Who left, who was erased, and who did what.

On MySQL and MariaDB each statement commits by itself: what is there already is passed over.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeEngine

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

AUDIT, GONE = "intelligence_audit", "intelligence_customers_gone"
TOMBSTONES = "intelligence_tombstones"
NUMBERED: TypeEngine[Any] = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT: TypeEngine[Any] = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
INDEXES = {
    "idx_intelligence_customers_gone_at": "gone_at",
    "idx_intelligence_customers_gone_customer": "customer_id",
}


def upgrade() -> None:
    op.create_table(
        AUDIT,
        sa.Column("id", NUMBERED, primary_key=True),
        sa.Column("at", INSTANT, nullable=False),
        _said("key", sa.String(16), "fingerprint of the key that was sent"),
        sa.Column("action", sa.String(32), nullable=False),
        _said("subject", sa.String(100), "id of a run or a segment", null=True),
        if_not_exists=True,
    )
    op.create_table(
        GONE,
        sa.Column("id", NUMBERED, primary_key=True),
        sa.Column("customer_id", sa.String(255), nullable=False),
        _said("cause", sa.String(16), "deleted, erased or merged"),
        _said("gone_at", INSTANT, "when it was noticed"),
        if_not_exists=True,
    )
    there = {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(GONE)}
    for name in sorted(INDEXES.keys() - there):
        op.create_index(name, GONE, [INDEXES[name]])
    op.create_table(
        TOMBSTONES,
        sa.Column("mark", sa.String(64), primary_key=True, comment="HMAC of the customer's id"),
        _said("key_id", sa.String(16), "which key it was made with"),
        sa.Column("erased_at", INSTANT, nullable=False),
        if_not_exists=True,
    )


def downgrade() -> None:
    for table in (TOMBSTONES, GONE, AUDIT):
        op.drop_table(table, if_exists=True)


def _said(name: str, kind: TypeEngine[Any], comment: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=null, comment=comment)
