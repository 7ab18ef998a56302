"""Runs leave what scores customers until the next one.

Of runs before it there is none: the next one leaves the first. On MySQL and MariaDB each statement
commits by itself: what is there already is passed over.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TABLE, ADDED = "intelligence_runs", "scoring"


def upgrade() -> None:
    if ADDED not in _columns():
        kind = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
        says = "JSON: what scores customers between runs"
        op.add_column(TABLE, sa.Column(ADDED, kind, nullable=True, comment=says))


def downgrade() -> None:
    if ADDED in _columns():
        op.drop_column(TABLE, ADDED)


def _columns() -> set[str]:
    return {column["name"] for column in sa.inspect(op.get_bind()).get_columns(TABLE)}
