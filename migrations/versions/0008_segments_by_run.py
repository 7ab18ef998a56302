"""Segments as each run found them, kept for ever; begun with what stored reports say.

Reports of earlier versions hold sizes and churn, but no sums: those stay unknown. A report that
cannot be read leaves its run out. On MySQL and MariaDB each statement commits by itself: what is
there already is passed over, and so are runs whose segments are.
"""

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeEngine

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

HISTORY = "intelligence_segment_history"
AS_OF = "idx_intelligence_segment_history_as_of"
MONEY = sa.Numeric(18, 2)
INSTANT: TypeEngine[Any] = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
# Before 0007 whatever succeeded was published; since then only what is told the type of its ids.
RUNS = sa.table(
    "intelligence_runs",
    *(sa.column(name) for name in ("id", "state", "report", "customer_id_type")),
    sa.column("as_of", INSTANT),
    sa.column("finished_at", INSTANT),
)


def upgrade() -> None:
    op.create_table(
        HISTORY,
        sa.Column("run_id", sa.String(32), primary_key=True),
        sa.Column("segment_id", sa.String(100), primary_key=True),
        _said("position", sa.Integer(), "Order in which segments are shown"),
        _said("name", sa.String(255), "What it was called then"),
        _said("is_group", sa.Integer(), "1 where customers are in its parts"),
        sa.Column("customer_count", sa.Integer(), nullable=False),
        sa.Column("churn_risk_avg", sa.Numeric(5, 4)),
        _said("historical_revenue", MONEY, "Sum of historical_value", null=True),
        _said("expected_revenue", MONEY, "Sum of predicted_value", null=True),
        _said("revenue_at_risk", MONEY, "Sum of value_at_risk", null=True),
        sa.Column("currency", sa.Text()),
        _said("as_of", INSTANT, "The instant the run describes"),
        sa.Column("published_at", INSTANT, nullable=False),
        if_not_exists=True,
    )
    if AS_OF not in {one["name"] for one in sa.inspect(op.get_bind()).get_indexes(HISTORY)}:
        op.create_index(AS_OF, HISTORY, ["as_of"])
    _fill()


def downgrade() -> None:
    op.drop_table(HISTORY, if_exists=True)


def _fill() -> None:
    """Take one report at a time: each may be large."""
    connection = op.get_bind()
    history = sa.Table(HISTORY, sa.MetaData(), autoload_with=connection)
    published = (RUNS.c.state == "succeeded", RUNS.c.customer_id_type.is_not(None))
    there = sa.select(history.c.run_id)
    missing = sa.select(RUNS.c.id).where(*published, RUNS.c.id.not_in(there))
    for run_id in connection.scalars(missing).all():
        run = connection.execute(sa.select(RUNS).where(RUNS.c.id == run_id)).mappings().one()
        if rows := list(_rows(run)):
            connection.execute(history.insert(), rows)


def _rows(run: sa.RowMapping) -> Iterator[dict[str, Any]]:
    report = _read(run["report"])
    shown = [*report.get("groups", ()), *report.get("segments", ())]
    for position, one in enumerate(shown):
        yield {
            "run_id": run["id"],
            "segment_id": one["id"],
            "position": position,
            "name": one["name"],
            "is_group": int(one.get("is_group", False)),
            "customer_count": one["customer_count"],
            "churn_risk_avg": one["churn_risk_avg"],
            "currency": one.get("currency"),
            "as_of": run["as_of"],
            "published_at": run["finished_at"],
        }


def _read(report: str | None) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(report or "{}")
    except ValueError:
        return {}
    return told


def _said(name: str, kind: TypeEngine[Any], comment: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=null, comment=comment)
