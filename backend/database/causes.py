"""Why a database refuses, told from what drivers raise: by code where there is one.

Each cause has a word that stays the same, whether it passes by itself, and what to do about it.
"""

import errno
import re
import socket
import sqlite3
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exc
from sqlalchemy.exc import DBAPIError

from backend.core.errors import DatabaseRefuses, DatabaseUnavailable
from backend.database.driver_words import in_words
from backend.database.duckdb_errors import UnreadableWarehouse, is_of_duckdb, kind_on_duckdb
from backend.database.grants import missing_grant
from backend.database.postgresql_errors import (
    is_of_an_altered_table,
    is_of_its_driver,
    is_of_its_options,
    is_of_postgresql,
)

URL_OF = {"shop": "DATABASE_URL", "intelligence": "INTELLIGENCE_DATABASE_URL or else DATABASE_URL"}


NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a database does, and what to do about it; `{url}` is the variable that names it."""

    says: str
    do: str = "try again shortly"
    passes: bool = True


CAUSES: Mapping[str, Refusal] = {
    "unreachable": Refusal("does not answer"),
    "unknown_host": Refusal(
        "is not found", "check the host in {url} where this stays so, else try again shortly"
    ),
    "starting": Refusal("is starting or stopping"),
    "too_many_connections": Refusal(
        "takes no more connections",
        "try again shortly; where this stays so, lower DATABASE_POOL_SIZE or the number of "
        "processes, or raise the server's limit",
    ),
    "busy": Refusal("is asked for more at once than DATABASE_POOL_SIZE allows"),
    "locked": Refusal("is kept locked by somebody else"),
    "timed_out": Refusal("does not answer in time"),
    "disk_full": Refusal("has no space left", "free space where it keeps its files"),
    "out_of_memory": Refusal("has no memory left", "give it more, or try again shortly"),
    "password": Refusal(
        "refuses the user or the password",
        # MySQL refuses a user who must encrypt in the words for a wrong password.
        "correct them in {url}, and add ssl-mode=REQUIRED where a user of MySQL must encrypt",
        passes=False,
    ),
    "no_database": Refusal("is not there", "create it, or correct its name in {url}", passes=False),
    "option": Refusal("does not take an option of its URL", "correct {url}", passes=False),
    "certificate": Refusal(
        "shows a certificate that is not trusted",
        "name its authority in {url}, or have the certificate issued anew",
        passes=False,
    ),
    "encryption": Refusal(
        "does not agree with us on encryption",
        "set sslmode (PostgreSQL) or ssl-mode (MySQL) in {url} as the server wants it",
        passes=False,
    ),
    "right": Refusal("refuses a right", "the log has the GRANT that gives it", passes=False),
    "read_only": Refusal(
        "can only be read",
        "name the primary in {url}, or let the server, or the file and its folder, be written",
        passes=False,
    ),
    "damaged": Refusal(
        "is damaged, or no database", "restore it from a backup, or correct {url}", passes=False
    ),
    "no_file": Refusal(
        "cannot be opened",
        "check the path in {url}, and that the service's user may read and write there",
        passes=False,
    ),
    "bad_file": Refusal(
        "has a file that cannot be read as a table",
        "mend what is said of it; whoever writes files writes them under another name first",
        passes=False,
    ),
    "changed": Refusal(
        "was written while it was read",
        "try again shortly; where this stays so, write files under another name first, and then "
        "rename them",
    ),
    "too_new": Refusal(
        "was written by a newer version of DuckDB",
        "write it with STORAGE_VERSION of an older one, or wait for a newer version of the service",
        passes=False,
    ),
}

# A state, or the class that it begins with: the longer one decides.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
ON_POSTGRESQL = {
    "08": "unreachable",
    "25006": "read_only",
    "25P03": "timed_out",
    "25P04": "timed_out",
    "28": "password",
    "3D000": "no_database",
    "40": "locked",  # a deadlock, or two who wrote the same
    "42501": "right",
    "53": "out_of_memory",
    "53100": "disk_full",
    "53300": "too_many_connections",
    "53400": "disk_full",  # of what it may use for temporary files
    "55P03": "locked",
    "57": "starting",
    "57014": "timed_out",
    "58": "unreachable",
    "XX001": "damaged",
    "XX002": "damaged",
}
# An option that the server does not know, or a value that it does not take.
OPTIONS_ON_POSTGRESQL = ("0A", "22", "42")
# https://mariadb.com/kb/en/mariadb-error-codes/; 3024, 3159, 3572 and 4031 are MySQL's own.
ON_MYSQL = {
    **dict.fromkeys((1045, 1130, 1251, 1524, 1698, 1820, 1862, 3118, 3955), "password"),
    1049: "no_database",
    **dict.fromkeys((1044, 1142, 1143, 1227, 1370), "right"),
    **dict.fromkeys((1290, 1792, 1836), "read_only"),
    **dict.fromkeys((1040, 1203, 1226), "too_many_connections"),
    **dict.fromkeys((1021, 1114, 1878), "disk_full"),
    **dict.fromkeys((1037, 1038, 1041), "out_of_memory"),
    **dict.fromkeys((1205, 1213, 3572), "locked"),
    **dict.fromkeys((1317, 1969, 3024), "timed_out"),
    **dict.fromkeys((1053, 1077), "starting"),
    **dict.fromkeys((1927, 2002, 2003, 2006, 2013, 2055, 4031), "unreachable"),
    2005: "unknown_host",
    **dict.fromkeys((2026, 3159), "encryption"),
    **dict.fromkeys((1034, 1035, 1194, 1195), "damaged"),
    **dict.fromkeys((1115, 1193, 1231, 2019), "option"),
}
# https://www.sqlite.org/rescode.html: the primary codes.
ON_SQLITE = {
    sqlite3.SQLITE_PERM: "no_file",
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
    sqlite3.SQLITE_NOMEM: "out_of_memory",
    sqlite3.SQLITE_READONLY: "read_only",
    sqlite3.SQLITE_INTERRUPT: "timed_out",
    sqlite3.SQLITE_IOERR: "unreachable",
    sqlite3.SQLITE_CORRUPT: "damaged",
    sqlite3.SQLITE_FULL: "disk_full",
    sqlite3.SQLITE_CANTOPEN: "no_file",
    sqlite3.SQLITE_NOTADB: "damaged",
    sqlite3.SQLITE_PROTOCOL: "locked",  # many began to write in WAL mode at once
}
PRIMARY = 0xFF
# Writing failed, for the reason that the system's number in the words tells: 28, no space.
WRITING_FAILED_ON_MYSQL = {3, 1026, 1030, 1180}
NO_SPACE = re.compile(r"(?:errno|Errcode|error):? \"?28\b", re.IGNORECASE)


def refusal(
    error: BaseException, database: str, *, user: str | None = None, connecting: bool = False
) -> DatabaseUnavailable | None:
    """Return what a driver's error means; None where the statement itself is at fault.

    Parameters
    ----------
    error
        What was raised.
    database
        "shop" or "intelligence".
    user
        Who asked, for the GRANT that is missing.
    connecting
        Whether nothing had been asked yet: then whatever it is keeps us from the database.
    """
    kind = _kind(error, connecting=connecting)
    if kind is None:
        return None
    return refusal_of(kind, database, in_words(raised_by_driver(error)), user)


def refusal_of(
    kind: str, database: str, words: str = "", user: str | None = None
) -> DatabaseUnavailable:
    """Return the error that tells of one of the causes."""
    cause = CAUSES[kind]
    plain = cause.do.format(url=URL_OF[database])
    do = missing_grant(words, database, user) if kind == "right" else plain
    name = DatabaseUnavailable if cause.passes else DatabaseRefuses
    return name(database, kind, cause.says, do, words, plain)


def _kind(error: BaseException, *, connecting: bool) -> str | None:
    if isinstance(error, exc.TimeoutError):
        return "busy"
    # Others answered meanwhile: a table was altered since a statement was prepared.
    if is_of_an_altered_table(raised_by_driver(error)):
        return "locked"
    kind = _kind_of_driver(raised_by_driver(error), connecting=connecting)
    if kind is None and isinstance(error, DBAPIError) and error.connection_invalidated:
        return "unreachable"
    return kind or ("unreachable" if connecting else None)


def raised_by_driver(error: BaseException) -> BaseException:
    """Return what the driver raised."""
    if not isinstance(error, DBAPIError):
        return error
    try:
        return error.driver_exception
    except ValueError:  # of a statement whose table was altered, it hides what asyncpg raised
        return (error.orig and error.orig.__context__) or error


def _kind_of_driver(cause: BaseException, *, connecting: bool) -> str | None:
    if is_of_postgresql(cause):
        return _on_postgresql(cause, connecting=connecting)
    if isinstance(cause, UnreadableWarehouse):
        return cause.kind
    if is_of_duckdb(cause):
        return kind_on_duckdb(cause)
    if isinstance(cause, sqlite3.Error):
        return ON_SQLITE.get((getattr(cause, "sqlite_errorcode", None) or 0) & PRIMARY)
    if is_of_its_options(cause):
        return "option"
    if is_of_its_driver(cause):
        return "unreachable"
    if isinstance(cause, OSError):
        return _on_the_way(cause)
    return _on_mysql(cause.args)


def _on_postgresql(error: Any, *, connecting: bool) -> str | None:
    state = str(error.sqlstate)
    if "no encryption" in str(error) or "SSL off" in str(error):  # pg_hba wants it: 28000 too
        return "encryption"
    for length in (len(state), 2):
        if (kind := ON_POSTGRESQL.get(state[:length])) is not None:
            return kind
    return "option" if connecting and state.startswith(OPTIONS_ON_POSTGRESQL) else None


def _on_the_way(error: OSError) -> str:
    if error.errno in NO_ROOM:
        return "disk_full"
    if isinstance(error, ssl.SSLCertVerificationError):
        return "certificate"
    if isinstance(error, socket.gaierror):
        return "unknown_host"
    if isinstance(error, ssl.SSLError) or "rejected SSL upgrade" in str(error):
        return "encryption"
    return "timed_out" if isinstance(error, TimeoutError) else "unreachable"


def _on_mysql(facts: tuple[Any, ...]) -> str | None:
    kind = ON_MYSQL.get(facts[0]) if facts and isinstance(facts[0], int) else None
    said = str(facts[-1]) if facts else ""
    if kind == "unreachable" and "CERTIFICATE_VERIFY_FAILED" in said:
        return "certificate"
    if kind == "unreachable" and ("[SSL" in said or "SSL is required" in said):
        return "encryption"
    if kind == "unreachable" and "[Errno -" in said:  # the resolver's numbers are negative
        return "unknown_host"
    if facts and facts[0] in WRITING_FAILED_ON_MYSQL and NO_SPACE.search(said):
        return "disk_full"
    return kind
