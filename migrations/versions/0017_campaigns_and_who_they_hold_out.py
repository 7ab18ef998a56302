"""Campaigns: what was asked for, who was drawn, what was found; and who is held out.

On MySQL and MariaDB each statement commits by itself: what is there already is passed over.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeEngine

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

CAMPAIGNS, MEMBERS = "intelligence_campaigns", "intelligence_campaign_members"
ANSWERS, CUSTOMERS = "intelligence_campaign_answers", "customer_intelligence"
NUMBER = "held_out_until"
INSTANT: TypeEngine[Any] = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
LONG: TypeEngine[Any] = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
SORTED: TypeEngine[Any] = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")
CHANCE, MONEY = sa.Numeric(5, 4), sa.Numeric(18, 2)
AT_START = "at the start"
INDEXES = {
    CAMPAIGNS: {"idx_intelligence_campaigns_created_at": ["created_at"]},
    MEMBERS: {"idx_intelligence_campaign_members_customer": ["customer_id"]},
}


def upgrade() -> None:
    op.create_table(
        CAMPAIGNS,
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("name", sa.String(255), nullable=False),
        _said("state", sa.String(16), "draft, running, closed or abandoned"),
        _said("chosen", LONG, "JSON: conditions of the list"),
        _said("holdout_share", CHANCE, "of customers held out"),
        _said("window_days", sa.Integer(), "null: without an end", null=True),
        _said("goal", sa.String(16), "buyers or spend"),
        _said("cost", MONEY, "of the whole campaign", null=True),
        _said("promise", LONG, "JSON: what it can show"),
        _said("already_held_out", sa.Integer(), "left out for other campaigns"),
        _said("salt", sa.String(64), "of its draw alone"),
        sa.Column("created_at", INSTANT, nullable=False),
        _said("started_at", INSTANT, "when its window opened", null=True),
        _said("closes_at", INSTANT, "when its window closes; null: no end yet", null=True),
        _said("ended_at", INSTANT, "since when it holds nobody out", null=True),
        _said("run_id", sa.String(32), "whose numbers were kept of its customers", null=True),
        _said("treated", sa.Integer(), "customers drawn to be reached", null=True),
        _said("held_out", sa.Integer(), "customers drawn not to be", null=True),
        _said(
            "spend_limit", sa.Double(), "what one customer's spend counts for at most", null=True
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'running', 'closed', 'abandoned')",
            name="ck_intelligence_campaigns_state",
        ),
        if_not_exists=True,
    )
    op.create_table(
        MEMBERS,
        _said("campaign_id", sa.String(32), "which campaign", key=True),
        sa.Column("customer_id", SORTED, primary_key=True),
        _said("is_held_out", sa.Integer(), "1 who is not to be reached"),
        _said("stratum", sa.Integer(), "what the draw was balanced by"),
        _said("segment_id", sa.String(100), AT_START, null=True),
        _said("predicted_value", MONEY, AT_START, null=True),
        _said("historical_value", MONEY, AT_START, null=True),
        _said("churn_risk", CHANCE, AT_START, null=True),
        _said("frequency", sa.Integer(), AT_START, null=True),
        _said("recency_days", sa.Integer(), AT_START, null=True),
        if_not_exists=True,
    )
    op.create_table(
        ANSWERS,
        sa.Column("campaign_id", sa.String(32), primary_key=True),
        _said("kind", sa.String(16), "look, at_close or settled", key=True),
        _said("counted_at", INSTANT, "the instant orders are known to"),
        _said("run_id", sa.String(32), "that counted it; null: the command did", null=True),
        _said("answer", LONG, "JSON"),
        if_not_exists=True,
    )
    _index()
    if not _has_number():
        meaning = (
            "until when a campaign holds the customer out: they are not to be reached, so that it "
            "can be told what reaching the others brings; the last day of 9999 where it has no end"
        )
        op.add_column(CUSTOMERS, _said(NUMBER, INSTANT, meaning, null=True))


def downgrade() -> None:
    if _has_number():
        op.drop_column(CUSTOMERS, NUMBER)
    for table in (ANSWERS, MEMBERS, CAMPAIGNS):
        op.drop_table(table, if_exists=True)


def _has_number() -> bool:
    columns = sa.inspect(op.get_bind()).get_columns(CUSTOMERS)
    return NUMBER in {column["name"] for column in columns}


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
