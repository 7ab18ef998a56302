"""Rows inserted, or changed where their key is there already."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import mysql, postgresql, sqlite

from backend.database.expressions import MYSQL


def upsert(table: Table, dialect: str, changes: Mapping[str, Any]) -> Any:
    """Return an INSERT that changes those rows whose primary key is there.

    Parameters
    ----------
    table
        Where.
    dialect
        The database's name.
    changes
        What becomes of a row that is there, by column.
    """
    if dialect in MYSQL:
        return mysql.insert(table).on_duplicate_key_update(dict(changes))
    insert: Any = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    return insert.on_conflict_do_update(index_elements=[*table.primary_key], set_=dict(changes))
