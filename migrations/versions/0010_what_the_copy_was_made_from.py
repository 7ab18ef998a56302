"""A digest of each customer's e-mail and names as they were copied to search.

Of what is copied already none is known: 0, so that the next refresh compares all of it once. On
MySQL and MariaDB each statement commits by itself: what is there already is passed over.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

DIGESTS, UNKNOWN = "intelligence_search_digests", 0
SORTED: TypeEngine[Any] = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")
COPIED = sa.table(
    "intelligence_search_texts", sa.column("customer_id"), sa.column("customer_number")
)


def upgrade() -> None:
    op.create_table(
        DIGESTS,
        sa.Column("customer_id", SORTED, primary_key=True),
        sa.Column(
            "customer_number", sa.BigInteger(), comment="the id where the shop's are integers"
        ),
        sa.Column(
            "digest",
            sa.BigInteger(),
            nullable=False,
            comment="of e-mail and names as they were copied",
        ),
        if_not_exists=True,
        mysql_default_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    _fill()


def downgrade() -> None:
    op.drop_table(DIGESTS, if_exists=True)


def _fill() -> None:
    names = ["customer_id", "customer_number", "digest"]
    digests = sa.table(DIGESTS, *map(sa.column, names))
    op.execute(sa.delete(digests))
    copied = sa.select(*COPIED.c, sa.literal(UNKNOWN, sa.BigInteger())).distinct()
    op.execute(sa.insert(digests).from_select(names, copied))
