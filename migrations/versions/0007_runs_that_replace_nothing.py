"""Runs may be cancelled, and may succeed without replacing what is served.

On MySQL and MariaDB each statement commits by itself: what is there already is passed over, and the
states are written anew however often.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLE = "intelligence_runs"
ADDED = "not_published"
CHECK = "ck_intelligence_runs_state"
BEFORE = "state IN ('queued', 'running', 'succeeded', 'failed')"
AFTER = "state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')"
QUEUED_AT = "idx_intelligence_runs_queued_at"


def upgrade() -> None:
    if ADDED not in _columns():
        kind, says = sa.String(20), "Why a run that succeeded was not published unasked"
        op.add_column(TABLE, sa.Column(ADDED, kind, nullable=True, comment=says))
    _allow(BEFORE, AFTER)


def downgrade() -> None:
    op.execute(
        f"UPDATE {TABLE} SET state = 'failed', error = 'The run was cancelled.' "
        "WHERE state = 'cancelled'"
    )
    _allow(AFTER, BEFORE)
    if ADDED in _columns():
        op.drop_column(TABLE, ADDED)


def _columns() -> set[str]:
    return {column["name"] for column in sa.inspect(op.get_bind()).get_columns(TABLE)}


def _allow(before: str, after: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        _allow_on_sqlite(before, after)
        return
    op.execute(
        f"ALTER TABLE {TABLE} DROP CONSTRAINT {CHECK}, ADD CONSTRAINT {CHECK} CHECK ({after})"
    )


def _allow_on_sqlite(before: str, after: str) -> None:
    """Make the table again: SQLite changes no constraint."""
    stored = sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :table")
    made = str(op.get_bind().scalar(stored, {"table": TABLE}))
    made = made.replace(TABLE, f"{TABLE}_anew", 1).replace(before, after)
    op.execute(sa.text(made.replace(":", "\\:")))
    op.execute(f"INSERT INTO {TABLE}_anew SELECT * FROM {TABLE}")
    op.execute(f"DROP TABLE {TABLE}")
    # Else SQLite refuses to rename while a user's view still speaks of the table that is gone.
    op.execute("PRAGMA legacy_alter_table = ON")
    op.rename_table(f"{TABLE}_anew", TABLE)
    op.execute("PRAGMA legacy_alter_table = OFF")
    op.create_index(QUEUED_AT, TABLE, ["queued_at"])
