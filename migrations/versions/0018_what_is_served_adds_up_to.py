"""What the customers who are served add up to, kept with the run; one of before is counted."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TABLE, SUMS = "intelligence_runs", "sums"
SAYS = "JSON: what the customers add up to while it is served"


def upgrade() -> None:
    if SUMS not in _columns():
        kind = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
        op.add_column(TABLE, sa.Column(SUMS, kind, nullable=True, comment=SAYS))


def downgrade() -> None:
    if SUMS in _columns():
        op.drop_column(TABLE, SUMS)


def _columns() -> set[str]:
    return {column["name"] for column in sa.inspect(op.get_bind()).get_columns(TABLE)}
