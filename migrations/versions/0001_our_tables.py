"""Our tables.

All but `customer_intelligence` have a prefix, so that a shop's own `runs` or `segments` are never
in the way. Version 10.0 made them without: `0003` renames what it left.

On MySQL and MariaDB each statement commits by itself, so a step that was done is passed over: who
was killed in between begins again.
"""

from typing import Any, Literal

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

CHANGES = "intelligence_segment_changes"


def upgrade() -> None:
    _create_table(
        "customer_intelligence",
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "archetype_id", sa.String(length=100), nullable=True, comment="Segment identifier"
        ),
        sa.Column(
            "archetype_name",
            sa.String(length=255),
            nullable=True,
            comment="Human-readable segment name",
        ),
        sa.Column(
            "archetype_level",
            sa.Integer(),
            nullable=True,
            comment="Depth of the segment: 1 = top branch",
        ),
        sa.Column(
            "ltv",
            sa.Numeric(precision=10, scale=2),
            nullable=True,
            comment="historical_value + predicted_value",
        ),
        sa.Column(
            "churn_risk",
            sa.Numeric(precision=5, scale=4),
            nullable=True,
            comment="Probability of no counted order within the churn horizon after as_of",
        ),
        sa.Column(
            "cluster_confidence",
            sa.Numeric(precision=5, scale=4),
            nullable=True,
            comment="Share of refits in which the customer keeps this segment",
        ),
        sa.Column("updated_at", _timestamp(), server_default=sa.func.now(), nullable=True),
        sa.Column(
            "historical_value",
            sa.Numeric(precision=18, scale=2),
            nullable=True,
            comment="Sum of counted total_price",
        ),
        sa.Column(
            "predicted_value",
            sa.Numeric(precision=18, scale=2),
            nullable=True,
            comment="Expected spend in the value horizon",
        ),
        sa.Column(
            "predicted_value_low",
            sa.Numeric(precision=18, scale=2),
            nullable=True,
            comment="Lower end of the 80 % interval",
        ),
        sa.Column(
            "predicted_value_high",
            sa.Numeric(precision=18, scale=2),
            nullable=True,
            comment="Upper end of the 80 % interval",
        ),
        sa.Column(
            "predicted_orders",
            sa.Numeric(precision=12, scale=4),
            nullable=True,
            comment="Expected orders in the value horizon",
        ),
        sa.Column(
            "predicted_orders_low",
            sa.Numeric(precision=12, scale=4),
            nullable=True,
            comment="Lower end of the 80 % interval",
        ),
        sa.Column(
            "predicted_orders_high",
            sa.Numeric(precision=12, scale=4),
            nullable=True,
            comment="Upper end of the 80 % interval",
        ),
        sa.Column(
            "next_order_p10",
            _instant(),
            nullable=True,
            comment="10 % quantile of the next order's time",
        ),
        sa.Column(
            "next_order_p50",
            _instant(),
            nullable=True,
            comment="Median of the next order's time",
        ),
        sa.Column(
            "next_order_p90",
            _instant(),
            nullable=True,
            comment="90 % quantile of the next order's time",
        ),
        sa.Column("frequency", sa.Integer(), nullable=True, comment="Number of counted orders"),
        sa.Column(
            "recency_days",
            sa.Integer(),
            nullable=True,
            comment="Days from the last counted order to as_of",
        ),
        sa.Column(
            "avg_order_value",
            sa.Numeric(precision=18, scale=2),
            nullable=True,
            comment="historical_value / frequency",
        ),
        sa.Column(
            "status",
            sa.String(length=32),
            nullable=False,
            comment="scored, or why numbers are null",
        ),
        sa.Column("run_id", sa.String(length=32), nullable=False, comment="The run that said so"),
        sa.Column(
            "age_days",
            sa.Integer(),
            nullable=True,
            comment="Days from the first counted order to as_of",
        ),
        sa.Column(
            "usual_gap_days",
            sa.Float(),
            nullable=True,
            comment="Mean days between days with orders",
        ),
        sa.PrimaryKeyConstraint("customer_id"),
    )
    _create_index("idx_intelligence_archetype", "customer_intelligence", "archetype_id")
    _create_index("idx_intelligence_updated", "customer_intelligence", "updated_at")
    _create_table(
        "intelligence_runs",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column(
            "active", sa.Integer(), nullable=True, comment="1 while queued or running, else null"
        ),
        sa.Column(
            "published",
            sa.Integer(),
            nullable=True,
            comment="1 for the run that is served, else null",
        ),
        sa.Column(
            "revision",
            sa.Integer(),
            nullable=False,
            comment="Counts corrections since it was published",
        ),
        sa.Column("request", _long_text(), nullable=False, comment="JSON"),
        sa.Column("as_of", _instant(), nullable=True, comment="The instant the run describes"),
        sa.Column(
            "customer_id_type",
            sa.String(length=8),
            nullable=True,
            comment="integer or text, as the shop's ids are",
        ),
        sa.Column("lease_token", sa.String(length=64), nullable=True),
        sa.Column("lease_until", _instant(), nullable=True),
        sa.Column("stage", sa.String(length=16), nullable=True),
        sa.Column("share_done", sa.Float(), nullable=False),
        sa.Column("counts", _long_text(), nullable=False, comment="JSON"),
        sa.Column("queued_at", _instant(), nullable=False),
        sa.Column("started_at", _instant(), nullable=True),
        sa.Column("finished_at", _instant(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("report", _long_text(), nullable=True, comment="JSON"),
        sa.Column(
            "explainer",
            _long_text(),
            nullable=True,
            comment="JSON: what explains a customer's numbers",
        ),
        sa.Column("model", _long_text(), nullable=True, comment="JSON: the standing segmentation"),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'succeeded', 'failed')",
            name="ck_intelligence_runs_state",
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("active", name=op.f("uq_intelligence_runs_active")),
        sa.UniqueConstraint("published", name=op.f("uq_intelligence_runs_published")),
    )
    _create_index("idx_intelligence_runs_queued_at", "intelligence_runs", "queued_at")
    _create_table(
        CHANGES,
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "from_segment_id", sa.String(length=100), nullable=True, comment="null: newly known"
        ),
        sa.Column(
            "to_segment_id", sa.String(length=100), nullable=True, comment="null: no longer known"
        ),
        sa.Column("changed_at", _instant(), nullable=False),
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("cause", sa.String(length=16), nullable=False, comment="behaviour or model"),
        sa.PrimaryKeyConstraint("id"),
    )
    _create_index("idx_intelligence_segment_changes_customer", CHANGES, "customer_id")
    _create_index("idx_intelligence_segment_changes_run", CHANGES, "run_id")
    _create_table(
        "intelligence_segment_names",
        sa.Column("segment_id", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column(
            "given_by", sa.String(length=16), nullable=False, comment="person, model or rule"
        ),
        sa.Column("updated_at", _instant(), nullable=False),
        sa.PrimaryKeyConstraint("segment_id"),
        sa.UniqueConstraint("name", name=op.f("uq_intelligence_segment_names_name")),
    )
    _create_table(
        "intelligence_segments",
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column(
            "position", sa.Integer(), nullable=False, comment="Order in which segments are shown"
        ),
        sa.Column("parent_id", sa.String(length=100), nullable=True),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("customer_count", sa.Integer(), nullable=False),
        sa.Column("avg_ltv", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("churn_risk_avg", sa.Numeric(precision=5, scale=4), nullable=True),
        sa.Column(
            "profile", _long_text(), nullable=False, comment="JSON: characteristics and more"
        ),
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    for name in ("segments", "segment_names", "segment_changes", "runs"):
        op.drop_table(_ours(name))
    op.drop_table("customer_intelligence")


def _ours(name: str) -> str:
    """Return the table's name with the prefix, or without as 10.0 made it."""
    there = sa.inspect(op.get_bind()).get_table_names()
    return f"intelligence_{name}" if f"intelligence_{name}" in there else name


def _create_table(name: str, *parts: Any) -> None:
    """Create a table; one that is there, such as the guide's printed copy, gets what it lacks."""
    inspector = sa.inspect(op.get_bind())
    if name not in inspector.get_table_names():
        op.create_table(name, *parts)
        return
    there = {column["name"] for column in inspector.get_columns(name)}
    lacking = [part for part in parts if isinstance(part, sa.Column) and part.name not in there]
    if lacking:
        # SQLite adds no column that must not be null, not even to an empty table.
        with op.batch_alter_table(name, recreate=_recreated()) as batch:
            for column in lacking:
                batch.add_column(column)


def _recreated() -> Literal["always", "never"]:
    return "always" if op.get_bind().dialect.name == "sqlite" else "never"


def _create_index(name: str, table: str, column: str) -> None:
    there = sa.inspect(op.get_bind()).get_indexes(table)
    if name not in {index["name"] for index in there}:
        op.create_index(name, table, [column], unique=False)


def _instant() -> sa.DateTime:
    return sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


def _timestamp() -> sa.DateTime:
    return sa.DateTime().with_variant(mysql.TIMESTAMP(), "mysql", "mariadb")


def _long_text() -> sa.Text:
    return sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
