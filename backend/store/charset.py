"""One character set for our tables on MySQL and MariaDB, whatever the server's default is.

In latin1 no segment could be called by an emoji, in utf8mb4_general_ci all emojis are one. Texts of
ours are compared character by character on every database. Whoever migrates comes by here, so that
a table of any migration, and one that an older version made, is as all.
"""

from sqlalchemy import Connection, bindparam, text

from backend.core.customer_id import LONGEST_ID
from backend.database.column_types import text_id
from backend.database.expressions import MYSQL
from backend.store.all_tables import intelligence
from backend.store.migrate import VERSION_TABLE

CHARSET, COLLATION = "utf8mb4", "utf8mb4_bin"
OTHERS = text(
    """
    SELECT table_name FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' AND table_name IN :ours
      AND table_collation <> :collation
    UNION
    SELECT table_name FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name IN :ours AND column_name <> 'customer_id'
      AND collation_name <> :collation
    """
).bindparams(bindparam("ours", expanding=True))
WITH_TEXT_IDS = text(
    """
    SELECT table_name FROM information_schema.columns
    WHERE table_schema = DATABASE() AND column_name = 'customer_id' AND collation_name IS NOT NULL
    """
)


def name_charset(connection: Connection) -> None:
    """Give our tables their character set; ids of customers keep the collation that they have."""
    if connection.dialect.name not in MYSQL:
        return
    asked = {"ours": [*intelligence.tables, VERSION_TABLE], "collation": COLLATION}
    others = connection.scalars(OTHERS, asked).all()
    with_text_ids = set(connection.scalars(WITH_TEXT_IDS))
    for table in others:
        changed = f"ALTER TABLE {connection.dialect.identifier_preparer.quote(table)}"
        every = f"{changed} CONVERT TO CHARACTER SET {CHARSET} COLLATE {COLLATION}"
        connection.exec_driver_sql(every)
        if table in with_text_ids:
            connection.exec_driver_sql(
                f"{changed} MODIFY customer_id {_text_id(connection)} NOT NULL"
            )


def _text_id(connection: Connection) -> str:
    return text_id(connection.dialect, LONGEST_ID).compile(connection.dialect)
