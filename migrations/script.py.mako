<%!
def written(code):
    """Drop Alembic's remarks; have columns that are there already, or gone, passed over."""
    lines = [line for line in (code or "pass").splitlines() if "# ###" not in line]
    text = "\n".join(lines).strip()
    return text.replace("op.add_column(", "_add_column(").replace("op.drop_column(", "_drop_column(")
%>"""${message.rstrip(".")}.

On MySQL and MariaDB each statement commits by itself: what was done already is passed over.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${written(upgrades)}


def downgrade() -> None:
    ${written(downgrades)}


def _columns(table: str) -> set[str]:
    return {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}


def _add_column(table: str, column: sa.Column[Any]) -> None:
    if column.name not in _columns(table):
        op.add_column(table, column)


def _drop_column(table: str, name: str) -> None:
    if name in _columns(table):
        op.drop_column(table, name)
