"""Rows inserted, or changed where their key is there already."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Table

from backend.core.late import late
from backend.database.expressions import MYSQL

# What becomes of a row that is there, by column, given the columns of the one that was to be.
Changes = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def upsert(table: Table, dialect: str, changes: Changes) -> Any:
    """Return an INSERT that changes those rows whose primary key is there.

    Parameters
    ----------
    table
        Where.
    dialect
        The database's name.
    changes
        Says what becomes of a row that is there.
    """
    # What only other databases know stays unimported.
    insert = late(f"sqlalchemy.dialects.{'mysql' if dialect in MYSQL else dialect}").insert(table)
    if dialect in MYSQL:
        return insert.on_duplicate_key_update(dict(changes(insert.inserted)))
    changed = dict(changes(insert.excluded))
    return insert.on_conflict_do_update(index_elements=[*table.primary_key], set_=changed)
