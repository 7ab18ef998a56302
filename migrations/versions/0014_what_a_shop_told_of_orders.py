"""What a shop told of its orders, and whose they are: who is to be scored before the next run.

On MySQL and MariaDB each statement commits by itself: what is there already is passed over.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeEngine

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

EVENTS, RESCORINGS = "intelligence_order_events", "intelligence_rescorings"
INSTANT: TypeEngine[Any] = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
SORTED: TypeEngine[Any] = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")
INDEXES = {
    EVENTS: {"idx_intelligence_order_events_at": ["received_at"]},
    RESCORINGS: {
        "idx_intelligence_rescorings_told": ["told_at"],
        "idx_intelligence_rescorings_waiting": ["waiting_since"],
    },
}


def upgrade() -> None:
    op.create_table(
        EVENTS,
        _said("source", sa.String(16), "shopify, woocommerce or key", key=True),
        _said("event_id", SORTED, "as it was sent", key=True),
        sa.Column("received_at", INSTANT, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        RESCORINGS,
        sa.Column("customer_id", SORTED, primary_key=True),
        _said("events", sa.Integer(), "how many told of them"),
        _said("told_at", INSTANT, "when the last did"),
        _said("waiting_since", INSTANT, "null where they are scored since", null=True),
        if_not_exists=True,
    )
    _index()


def downgrade() -> None:
    for table in (RESCORINGS, EVENTS):
        op.drop_table(table, if_exists=True)


def _index() -> None:
    inspector = sa.inspect(op.get_bind())
    for table, wanted in INDEXES.items():
        there = {index["name"] for index in inspector.get_indexes(table)}
        for name in sorted(wanted.keys() - there):
            op.create_index(name, table, wanted[name])


def _said(
    name: str, kind: TypeEngine[Any], comment: str, *, null: bool = False, key: bool = False
) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=null, comment=comment, primary_key=key)
