"""What drivers raise, told apart: an outage, a text that cannot be written, a table not there."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
from sqlalchemy import exc
from sqlalchemy.exc import DBAPIError

from backend.core.errors import DatabaseUnavailable, TablesTooOld, TextNotWritable

OURS = "intelligence"
# Not the statement's fault: a later one, or the same, may work. PostgreSQL says so by the class
# of a state: connections, transactions undone, resources, an operator, the system.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
OUTAGES_ON_POSTGRESQL = ("08", "40", "53", "55P03", "57", "58")
# https://mariadb.com/kb/en/mariadb-error-codes/, 3024 and 4031 are MySQL's own.
OUTAGES_ON_MYSQL = {
    *(1040, 1203, 1226),  # too many connections
    *(1053, 1077, 1927, 2002, 2003, 2006, 2013, 2055, 4031),  # the server or the line goes
    *(1205, 1213),  # a lock not had, a deadlock
    *(1317, 1969, 3024),  # a statement ended from outside, or for its time
}
OUTAGES_ON_SQLITE = ("is locked", "interrupted", "unable to open database file", "disk I/O error")
UNWRITABLE_ON_POSTGRESQL = {"22021", "22P05"}  # a NUL, or a letter that LATIN1 has not
UNWRITABLE_ON_MYSQL = 1267  # a letter that the column's character set has not
# No such table, or no such column of it.
NOT_THERE_ON_POSTGRESQL = {"42P01", "42703"}
NOT_THERE_ON_MYSQL = {1146, 1054}
NOT_THERE_ON_SQLITE = ("no such table", "no such column", "has no column")


@contextmanager
def problems_named(database: str) -> Iterator[None]:
    """Turn what drivers raise into errors with names, where callers can do something about it.

    Raises
    ------
    DatabaseUnavailable
        When the body met an outage.
    TextNotWritable
        When it asks for a text that the database could not hold.
    TablesTooOld
        When it asks for a table or a column of ours that is not there.
    """
    try:
        yield
    except (OSError, TimeoutError, exc.TimeoutError, asyncpg.InterfaceError) as error:
        raise DatabaseUnavailable(database) from error
    except asyncpg.PostgresError as error:  # of a COPY, or while connecting
        if _is_outage(error):
            raise DatabaseUnavailable(database) from error
        raise
    except DBAPIError as error:
        if _passes(error):
            raise DatabaseUnavailable(database) from error
        if _is_unwritable(error):
            raise TextNotWritable(database) from None
        if database == OURS and _is_not_there(error):
            raise TablesTooOld from error.driver_exception
        raise


def _passes(error: DBAPIError) -> bool:
    """Whether the same statement may work in a moment."""
    # A table was altered since a statement was prepared: all prepared ones are forgotten now.
    altered = isinstance(error.driver_exception, asyncpg.InvalidCachedStatementError)
    return altered or error.connection_invalidated or _is_outage(error.driver_exception)


def _is_outage(cause: Any) -> bool:
    if isinstance(cause, asyncpg.PostgresError):
        return str(cause.sqlstate).startswith(OUTAGES_ON_POSTGRESQL)
    if isinstance(cause, sqlite3.Error):
        return any(words in str(cause) for words in OUTAGES_ON_SQLITE)
    return bool(cause.args) and cause.args[0] in OUTAGES_ON_MYSQL


def _is_unwritable(error: DBAPIError) -> bool:
    cause: Any = error.driver_exception
    if isinstance(cause, asyncpg.PostgresError):
        return cause.sqlstate in UNWRITABLE_ON_POSTGRESQL
    return bool(cause.args) and cause.args[0] == UNWRITABLE_ON_MYSQL


def _is_not_there(error: DBAPIError) -> bool:
    cause: Any = error.driver_exception
    if isinstance(cause, asyncpg.PostgresError):
        return cause.sqlstate in NOT_THERE_ON_POSTGRESQL
    if isinstance(cause, sqlite3.Error):
        return any(words in str(cause) for words in NOT_THERE_ON_SQLITE)
    return bool(cause.args) and cause.args[0] in NOT_THERE_ON_MYSQL
