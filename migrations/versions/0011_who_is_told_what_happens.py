"""Webhooks: whom to tell, what is to be delivered, and who is at risk for which of them.

On MySQL and MariaDB each statement commits by itself: what is there already is passed over.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeEngine

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

WEBHOOKS, DELIVERIES = "intelligence_webhooks", "intelligence_webhook_deliveries"
ALARMS = "intelligence_webhook_alarms"
NUMBERED: TypeEngine[Any] = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT: TypeEngine[Any] = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
LONG: TypeEngine[Any] = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
SORTED: TypeEngine[Any] = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")
CHANCE, MONEY = sa.Numeric(5, 4), sa.Numeric(18, 2)
INDEXES = {
    DELIVERIES: {
        "idx_intelligence_webhook_deliveries_next": ["webhook_id", "state", "id"],
        "idx_intelligence_webhook_deliveries_at": ["happened_at"],
    },
    ALARMS: {
        "idx_intelligence_webhook_alarms_customer": ["customer_id"],
        "idx_intelligence_webhook_alarms_raised": ["webhook_id", "is_raised"],
    },
}


def upgrade() -> None:
    op.create_table(
        WEBHOOKS,
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("url", sa.Text(), nullable=False),
        _said("events", sa.Text(), "JSON: what it is told of"),
        _said("moves", sa.Text(), "JSON: which changes of segment"),
        _said("at_risk_from", CHANCE, "risk from which it is told"),
        _said("again_below", CHANCE, "risk below which it is over"),
        _said("people", sa.Integer(), "1 where bodies hold e-mails and names"),
        _said("secret", sa.Text(), "encrypted"),
        _said("previous_secret", sa.Text(), "encrypted", null=True),
        _said("previous_until", INSTANT, "until when it signs too", null=True),
        _said("is_seeded", sa.Integer(), "1 once it has alarms of before"),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("disabled_at", INSTANT),
        _said("disabled_because", sa.String(16), "asked, undeliverable or gone", null=True),
        sa.Column("lease_token", sa.String(64)),
        sa.Column("lease_until", INSTANT),
        if_not_exists=True,
    )
    op.create_table(
        DELIVERIES,
        sa.Column("id", NUMBERED, primary_key=True),
        _said("message_id", sa.String(40), "the same in every attempt"),
        sa.Column("webhook_id", sa.String(32), nullable=False),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("run_id", sa.String(32)),
        sa.Column("happened_at", INSTANT, nullable=False),
        _said("facts", LONG, "JSON: what it says; null where it is about customers", null=True),
        _said("first_id", sa.BigInteger(), "of the rows it is about", null=True),
        _said("last_id", sa.BigInteger(), "of the rows it is about", null=True),
        _said("people", sa.Integer(), "how many there were"),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("batches", sa.Integer(), nullable=False),
        _said("state", sa.String(16), "waiting, delivered, dead or dropped"),
        _said("due_at", INSTANT, "not before"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("first_tried_at", INSTANT),
        _said("tried_at", INSTANT, "the last time", null=True),
        _said("status_code", sa.Integer(), "what was answered the last time", null=True),
        _said("problem", sa.String(32), "why the last attempt failed", null=True),
        if_not_exists=True,
    )
    op.create_table(
        ALARMS,
        sa.Column("id", NUMBERED, primary_key=True),
        _said("webhook_id", sa.String(32), "whom it is told"),
        sa.Column("customer_id", SORTED, nullable=False),
        _said("raised_at", INSTANT, "when the risk was published"),
        _said("is_raised", sa.Integer(), "1 until it has fallen again"),
        sa.Column("run_id", sa.String(32)),
        _said("churn_risk", CHANCE, "as published then"),
        _said("churn_risk_before", CHANCE, "as published before", null=True),
        _said("value_at_risk", MONEY, "as published then", null=True),
        if_not_exists=True,
    )
    _index()


def downgrade() -> None:
    for table in (ALARMS, DELIVERIES, WEBHOOKS):
        op.drop_table(table, if_exists=True)


def _index() -> None:
    inspector = sa.inspect(op.get_bind())
    for table, wanted in INDEXES.items():
        there = {index["name"] for index in inspector.get_indexes(table)}
        for name in sorted(wanted.keys() - there):
            op.create_index(name, table, wanted[name])


def _said(name: str, kind: TypeEngine[Any], comment: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=null, comment=comment)
