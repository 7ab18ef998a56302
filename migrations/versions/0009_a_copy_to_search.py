"""A copy of e-mails and names to search, empty unless SEARCH_INDEX=true.

On MySQL and MariaDB each statement commits by itself: what is there already is passed over.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeEngine

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TEXTS, GRAMS = "intelligence_search_texts", "intelligence_search_grams"
COPIES = "intelligence_search_copies"
FTS = "intelligence_search_fts"
NUMBERED: TypeEngine[Any] = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT: TypeEngine[Any] = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
SORTED: TypeEngine[Any] = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")
# Named here, since indexes over two texts need the bytes that a longer character set would not leave.
ON_MYSQL = {"mysql_default_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
INDEXES = {
    "idx_intelligence_search_texts_customer": ["customer_id"],
    "idx_intelligence_search_texts_order": ["customer_number", "customer_id", "folded"],
    "idx_intelligence_search_texts_folded": ["folded", "customer_number", "customer_id"],
}


def upgrade() -> None:
    op.create_table(
        TEXTS,
        sa.Column("id", NUMBERED, primary_key=True),
        sa.Column("customer_id", SORTED, nullable=False),
        _said(
            "customer_number",
            sa.BigInteger(),
            "the id where the shop's are integers, to sort by",
            null=True,
        ),
        _said("folded", SORTED, "e-mail or name as searched"),
        _said("is_part", sa.Integer(), "1 for a first or last name, 0 for a whole"),
        if_not_exists=True,
        **ON_MYSQL,
    )
    _index(TEXTS, INDEXES)
    op.create_table(
        GRAMS,
        sa.Column("gram", sa.String(3), primary_key=True),
        sa.Column(
            "text_id", NUMBERED, sa.ForeignKey(f"{TEXTS}.id", ondelete="CASCADE"), primary_key=True
        ),
        if_not_exists=True,
        **ON_MYSQL,
    )
    _index(GRAMS, {"idx_intelligence_search_grams_text_id": ["text_id"]})
    op.create_table(
        COPIES,
        sa.Column(
            "id",
            sa.Integer(),
            primary_key=True,
            autoincrement=False,
            comment="1: there is one copy",
        ),
        _said("index_kind", sa.String(16), "pieces, fts5 or grams"),
        sa.Column("refreshed_at", INSTANT, nullable=False),
        if_not_exists=True,
        **ON_MYSQL,
    )


def downgrade() -> None:
    for table in (COPIES, GRAMS, FTS, TEXTS):
        op.drop_table(table, if_exists=True)


def _said(name: str, kind: TypeEngine[Any], comment: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=null, comment=comment)


def _index(table: str, indexes: dict[str, list[str]]) -> None:
    there = {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(table)}
    for name in sorted(indexes.keys() - there):
        op.create_index(name, table, indexes[name])
