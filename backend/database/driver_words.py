"""What a database or its driver says of a cause, on one line, without addresses or values."""

import os
import re
import socket
import ssl
from typing import Any

from sqlalchemy import exc

from backend.database.duckdb_errors import UnreadableWarehouse, is_of_duckdb, words_of_duckdb
from backend.database.postgresql_errors import is_of_postgresql

# Errors of data and of constraints quote what a table holds; elsewhere quotes hold names.
# invalid input syntax for type integer: "ada@example.com"
DATA_ON_POSTGRESQL = ("22", "23")
QUOTED_ON_POSTGRESQL = re.compile(r":? ?(\"[\s\S]*\"|0x[0-9a-f ]+)")
# Truncated incorrect DOUBLE value: 'ada@example.com'
DATA_ON_MYSQL = {1062, 1264, 1265, 1292, 1300, 1366, 1367, 1406, 1411, 1525, 1690, 3140, 3141}
QUOTED_ON_MYSQL = re.compile(r":? ?'[\s\S]*'")
# Access denied for user 'shop'@'10.0.0.3': whence is ours, and known.
WHENCE = re.compile(r"(?<=')@'[^']*'")
# asyncio and MySQL's driver put the system's number between addresses.
NUMBERED = re.compile(r"\[Errno (?P<number>-?\d+)\]")
# asyncpg: … server at "db.internal:5432" rejected SSL upgrade; PostgreSQL: … for host "10.0.0.3"
ADDRESS = re.compile(r" (?:at|for host) \"[^\"]*\"")


def in_words(cause: BaseException) -> str:
    """Return what the driver says; empty where that is nothing.

    Parameters
    ----------
    cause
        What the driver itself raised.
    """
    if isinstance(cause, ssl.SSLCertVerificationError):
        return cause.verify_message
    if isinstance(cause, TimeoutError | exc.TimeoutError):
        return ""
    if isinstance(cause, UnreadableWarehouse):
        return cause.words
    if is_of_duckdb(cause):
        return _clean(words_of_duckdb(cause))
    if isinstance(cause, OSError) and not isinstance(cause, ssl.SSLError | socket.gaierror):
        said = str(cause) if cause.errno is None else os.strerror(cause.errno)
    else:
        said = _without_values(cause, str(cause.args[-1] if cause.args else cause))
    return _clean(_system_words(said) or said)


def _without_values(cause: Any, said: str) -> str:
    if is_of_postgresql(cause):
        of_data = str(cause.sqlstate).startswith(DATA_ON_POSTGRESQL)
        return QUOTED_ON_POSTGRESQL.sub("", said) if of_data else said
    of_data = bool(cause.args) and cause.args[0] in DATA_ON_MYSQL
    return QUOTED_ON_MYSQL.sub("", said) if of_data else said


def _clean(said: str) -> str:
    first = said.strip().partition("\n")[0]
    short = ADDRESS.sub("", WHENCE.sub("", first))
    return " ".join(short.split()).rstrip(".")


def _system_words(said: str) -> str | None:
    """Return the system's words for a number that it has given, which stands among addresses."""
    if (found := NUMBERED.search(said)) is None:
        return None
    number = int(found["number"])
    if number > 0:
        return os.strerror(number)
    return _resolver_words(number)


def _resolver_words(number: int) -> str:
    unknown = {socket.EAI_NONAME, socket.EAI_NODATA} if hasattr(socket, "EAI_NODATA") else set()
    return "its name is unknown" if number in unknown else "its name cannot be looked up now"
