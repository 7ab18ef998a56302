"""How far each run looked, beside what it expected: for ever, as its segments are.

Filled from the reports that are still stored; a run whose report is gone, or cannot be read, has
looked nobody knows how far. On MySQL and MariaDB each statement commits by itself: what was done
already is passed over.
"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TABLE = "intelligence_segment_history"
SAID = {
    "prediction_days": "Days that expected_revenue is about",
    "churn_days": "Days that churn_risk_avg is about",
}
HISTORY = sa.table(TABLE, *(sa.column(name) for name in ("run_id", *SAID)))
RUNS = sa.table("intelligence_runs", sa.column("id"), sa.column("report"))


def upgrade() -> None:
    for name, comment in SAID.items():
        _add_column(TABLE, sa.Column(name, sa.Integer(), nullable=True, comment=comment))
    _fill()


def downgrade() -> None:
    for name in SAID:
        _drop_column(TABLE, name)


def _fill() -> None:
    """Take one report at a time: each may be large."""
    connection = op.get_bind()
    unknown = sa.select(HISTORY.c.run_id).where(HISTORY.c.prediction_days.is_(None)).distinct()
    for run_id in connection.scalars(unknown).all():
        report = connection.scalar(sa.select(RUNS.c.report).where(RUNS.c.id == run_id))
        if horizons := _horizons(report):
            its_rows = sa.update(HISTORY).where(HISTORY.c.run_id == run_id)
            connection.execute(its_rows.values(**horizons))


def _horizons(report: str | None) -> dict[str, int]:
    try:
        told = json.loads(report or "{}")["horizons"]
        return {name: int(told[name]) for name in SAID}
    except (ValueError, KeyError, TypeError):
        return {}


def _columns(table: str) -> set[str]:
    return {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}


def _add_column(table: str, column: sa.Column[Any]) -> None:
    if column.name not in _columns(table):
        op.add_column(table, column)


def _drop_column(table: str, name: str) -> None:
    if name in _columns(table):
        op.drop_column(table, name)
