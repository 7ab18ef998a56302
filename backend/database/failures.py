"""What drivers raise, told apart: a refusal, a text that cannot be written, a table not there."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import exc
from sqlalchemy.exc import DBAPIError

from backend.core.errors import TablesTooOld, TextNotWritable
from backend.database.causes import raised_by_driver, refusal
from backend.database.duckdb_errors import UnreadableWarehouse, is_of_duckdb
from backend.database.postgresql_errors import is_of_its_driver, is_of_postgresql

OURS = "intelligence"
OF_ANY_DRIVER = (OSError, exc.TimeoutError, sqlite3.Error, DBAPIError, UnreadableWarehouse)
UNWRITABLE_ON_POSTGRESQL = {"22021", "22P05"}  # a NUL, or a letter that LATIN1 has not
UNWRITABLE_ON_MYSQL = 1267  # a letter that the column's character set has not
# No such table, or no such column of it.
NOT_THERE_ON_POSTGRESQL = {"42P01", "42703"}
NOT_THERE_ON_MYSQL = {1146, 1054}
NOT_THERE_ON_SQLITE = ("no such table", "no such column", "has no column")


@contextmanager
def problems_named(
    database: str, user: str | None = None, *, connecting: bool = False
) -> Iterator[None]:
    """Turn what drivers raise into errors with names, where callers can do something about it.

    Parameters
    ----------
    database
        What the database is called in the error: "shop" or "intelligence".
    user
        Who asks, as the database knows them.
    connecting
        Whether the body only connects: then nothing that is raised is a statement's fault.

    Raises
    ------
    DatabaseUnavailable, DatabaseRefuses
        When the database does not do what the body asks, for now or until something is changed.
    TextNotWritable
        When the body asks for a text that the database could not hold.
    TablesTooOld
        When it asks for a table or a column of ours that is not there.
    """
    try:
        yield
    except Exception as error:
        if not _is_of_a_driver(error):
            raise
        if (refused := refusal(error, database, user=user, connecting=connecting)) is not None:
            raise refused from error
        if isinstance(error, DBAPIError):
            _name_statements_fault(error, database)
        raise


def _is_of_a_driver(error: Exception) -> bool:
    known = isinstance(error, OF_ANY_DRIVER)
    return known or is_of_its_driver(error) or is_of_postgresql(error) or is_of_duckdb(error)


def _name_statements_fault(error: DBAPIError, database: str) -> None:
    if _is_unwritable(error):
        raise TextNotWritable(database) from None
    if database == OURS and _is_not_there(error):
        raise TablesTooOld from raised_by_driver(error)


def _is_unwritable(error: DBAPIError) -> bool:
    cause: Any = raised_by_driver(error)
    if is_of_postgresql(cause):
        return cause.sqlstate in UNWRITABLE_ON_POSTGRESQL
    return bool(cause.args) and cause.args[0] == UNWRITABLE_ON_MYSQL


def _is_not_there(error: DBAPIError) -> bool:
    cause: Any = raised_by_driver(error)
    if is_of_postgresql(cause):
        return cause.sqlstate in NOT_THERE_ON_POSTGRESQL
    if isinstance(cause, sqlite3.Error):
        return any(words in str(cause) for words in NOT_THERE_ON_SQLITE)
    return bool(cause.args) and cause.args[0] in NOT_THERE_ON_MYSQL
