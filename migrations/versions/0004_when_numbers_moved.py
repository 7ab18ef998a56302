"""What each row describes, what is at risk, and when a follower has to copy it.

The rows that are there get the instant of their run, and count as last moved when they were
published. Comments say of a column what the documentation says. On MySQL and MariaDB each
statement commits by itself: what is there already is passed over.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeEngine

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLE = "customer_intelligence"
Kind = TypeEngine[Any]
MONEY, CHANCE, COUNT = sa.Numeric(18, 2), sa.Numeric(5, 4), sa.Numeric(12, 4)
INSTANT: Kind = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
TIMESTAMP: Kind = sa.DateTime().with_variant(mysql.TIMESTAMP(), "mysql", "mariadb")

NEW: tuple[tuple[str, Kind, str], ...] = (
    (
        "no_order_chance",
        CHANCE,
        "probability in [0, 1] of no counted order in (as_of, as_of + PREDICTION_HORIZON_DAYS]",
    ),
    (
        "value_at_risk",
        MONEY,
        "what the customer would bring within the prediction horizon if they stay, times the "
        "chance that they do not: churn_risk times predicted_value / (1 - no_order_chance) "
        "where churn_risk is at most .8, 0 above",
    ),
    (
        "lost",
        sa.Boolean(),
        "whether churn_risk is above .8, so that no value is left to be at risk",
    ),
    ("as_of", INSTANT, "the instant the row describes; only orders created before it count"),
    (
        "changed_at",
        INSTANT,
        "when segment, status or a number last moved by more than its stated tolerance from "
        "what it was at the last move: what a follower has to copy",
    ),
    ("churn_risk_at_change", CHANCE, "churn_risk at changed_at: what the next is compared with"),
    (
        "predicted_value_at_change",
        MONEY,
        "predicted_value at changed_at: what the next is compared with",
    ),
    (
        "predicted_orders_at_change",
        COUNT,
        "predicted_orders at changed_at: what the next is compared with",
    ),
)
INDEXES = {
    "idx_intelligence_changed": ["changed_at"],
    "idx_intelligence_value_at_risk": ["value_at_risk", "customer_id"],
    "idx_intelligence_churn_risk": ["churn_risk", "customer_id"],
    "idx_intelligence_ltv": ["ltv", "customer_id"],
}
REQUIRED = {"status", "run_id"}
# Type, and what was and is said of it.
COMMENTS: dict[str, tuple[Kind, str | None, str]] = {
    "archetype_id": (
        sa.String(100),
        "Segment identifier",
        "segment the customer is in, by its permanent id",
    ),
    "archetype_name": (sa.String(255), "Human-readable segment name", "what the segment is called"),
    "archetype_level": (
        sa.Integer(),
        "Depth of the segment: 1 = top branch",
        "depth of the segment in the hierarchy: 1 = top branch, 2 = inside it",
    ),
    "churn_risk": (
        CHANCE,
        "Probability of no counted order within the churn horizon after as_of",
        "probability in [0, 1] of no counted order in (as_of, as_of + CHURN_HORIZON_DAYS]. "
        "Calibrated: of the customers scored 0.8, 80 % do not come back",
    ),
    "cluster_confidence": (
        CHANCE,
        "Share of refits in which the customer keeps this segment",
        "calibrated share of refits in which the customer keeps this segment",
    ),
    "updated_at": (TIMESTAMP, None, "when the row was published"),
    "historical_value": (
        MONEY,
        "Sum of counted total_price",
        "sum of counted total_price; a partial refund known to the source is subtracted",
    ),
    "predicted_value": (
        MONEY,
        "Expected spend in the value horizon",
        "expected sum of counted orders in (as_of, as_of + PREDICTION_HORIZON_DAYS]",
    ),
    "predicted_value_low": (
        MONEY,
        "Lower end of the 80 % interval",
        "lower end of the 80 % interval of predicted_value",
    ),
    "predicted_value_high": (
        MONEY,
        "Upper end of the 80 % interval",
        "upper end of the 80 % interval of predicted_value",
    ),
    "predicted_orders": (
        COUNT,
        "Expected orders in the value horizon",
        "expected number of counted orders in (as_of, as_of + PREDICTION_HORIZON_DAYS]",
    ),
    "predicted_orders_low": (
        COUNT,
        "Lower end of the 80 % interval",
        "lower end of the 80 % interval of predicted_orders",
    ),
    "predicted_orders_high": (
        COUNT,
        "Upper end of the 80 % interval",
        "upper end of the 80 % interval of predicted_orders",
    ),
    "next_order_p50": (
        INSTANT,
        "Median of the next order's time",
        "median of the next order's time",
    ),
    "frequency": (sa.Integer(), "Number of counted orders", "number of counted orders"),
    "recency_days": (
        sa.Integer(),
        "Days from the last counted order to as_of",
        "days from the last counted order to as_of",
    ),
    "avg_order_value": (
        MONEY,
        "historical_value / frequency",
        "historical_value / number of counted orders",
    ),
    "status": (
        sa.String(32),
        "scored, or why numbers are null",
        "scored, or why numbers are null: no_orders, not_scored_yet, insufficient_history "
        "(base rates only), value_out_of_range",
    ),
    "run_id": (sa.String(32), "The run that said so", "the run that said so"),
    "age_days": (
        sa.Integer(),
        "Days from the first counted order to as_of",
        "days from the first counted order to as_of",
    ),
    "usual_gap_days": (
        sa.Float(),
        "Mean days between days with orders",
        "arithmetic mean of the days between a customer's order days",
    ),
    "order_days": (
        sa.Integer(),
        "Number of days with counted orders",
        "number of days with counted orders",
    ),
    "typical_order_value": (
        sa.Double(),
        "Geometric mean of counted total_price",
        "geometric mean of counted total_price",
    ),
}


def upgrade() -> None:
    there = _columns()
    for name, kind, comment in NEW:
        if name not in there:
            op.add_column(TABLE, sa.Column(name, kind, nullable=True, comment=comment))
    _fill()
    for name in sorted(INDEXES.keys() - _indexes()):
        op.create_index(name, TABLE, INDEXES[name])
    for name, (_, before, after) in COMMENTS.items():
        _say(name, before, after)


def downgrade() -> None:
    for name, (_, before, after) in COMMENTS.items():
        _say(name, after, before)
    for name in sorted(INDEXES.keys() & _indexes()):
        op.drop_index(name, TABLE)
    for name in sorted({name for name, _, _ in NEW} & _columns()):
        op.drop_column(TABLE, name)


def _fill() -> None:
    ours = sa.table(TABLE, *(sa.column(name) for name in _columns()))
    runs = sa.table("intelligence_runs", sa.column("id"), sa.column("as_of"))
    of_its_run = sa.select(runs.c.as_of).where(runs.c.id == ours.c.run_id).scalar_subquery()
    op.execute(
        ours.update().values(
            as_of=of_its_run,
            changed_at=ours.c.updated_at,
            churn_risk_at_change=ours.c.churn_risk,
            predicted_value_at_change=ours.c.predicted_value,
            predicted_orders_at_change=ours.c.predicted_orders,
        )
    )


def _columns() -> set[str]:
    return {column["name"] for column in sa.inspect(op.get_bind()).get_columns(TABLE)}


def _indexes() -> set[str]:
    return {str(index["name"]) for index in sa.inspect(op.get_bind()).get_indexes(TABLE)}


def _say(name: str, before: str | None, after: str | None) -> None:
    """Change a column's comment; SQLite has none."""
    if not op.get_bind().dialect.supports_comments:
        return
    op.alter_column(
        TABLE,
        name,
        comment=after,
        existing_comment=before,
        existing_type=COMMENTS[name][0],
        existing_nullable=name not in REQUIRED,
        existing_server_default=sa.func.now() if name == "updated_at" else None,
    )
