"""Large campaigns that ended let go of who they held out some at a time; who did before, at once."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TABLE, SINCE = "intelligence_campaigns", "letting_go_since"
SAYS = "since when it lets go of who it held out, some at a time; null: of nobody"


def upgrade() -> None:
    if SINCE not in _columns():
        kind = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
        op.add_column(TABLE, sa.Column(SINCE, kind, nullable=True, comment=SAYS))


def downgrade() -> None:
    if SINCE in _columns():
        op.drop_column(TABLE, SINCE)


def _columns() -> set[str]:
    return {column["name"] for column in sa.inspect(op.get_bind()).get_columns(TABLE)}
