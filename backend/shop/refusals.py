"""What a database has against a mapping, in its own words but without the values it quotes."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from sqlalchemy.exc import DBAPIError

from backend.core.errors import InvalidMapping

# Cardinality, data, and names, rights or syntax: https://www.postgresql.org/docs/current/errcodes-appendix.html
REFUSING_CLASSES = {"21", "22", "42"}
# invalid input syntax for type integer: "ada@example.com"
VALUE = re.compile(r": \"[^\"]*\"$")


@contextmanager
def refusals_named(field: str, what: str = "cannot be read:") -> Iterator[None]:
    """Turn what a database has against a table, query or filter into `InvalidMapping`.

    Raises
    ------
    InvalidMapping
        When the database refuses it; an outage passes through as it is.
    """
    try:
        yield
    except (DBAPIError, asyncpg.PostgresError) as error:
        if (words := _words(error)) is None:
            raise
        raise InvalidMapping(field, f"{what} {words}") from None


def _words(error: DBAPIError | asyncpg.PostgresError) -> str | None:
    """Return what the database says; None if it refuses nothing but is away or busy."""
    if isinstance(error, asyncpg.PostgresError):
        return _postgresql_words(error)
    if error.connection_invalidated or "database is locked" in str(error.orig):
        return None
    if isinstance(error.driver_exception, asyncpg.PostgresError):
        return _words(error.driver_exception)
    said = str(error.driver_exception.args[-1])  # MySQL's words come after a number
    return " ".join(said.split())


def _postgresql_words(error: asyncpg.PostgresError) -> str | None:
    refuses = (error.sqlstate or "")[:2] in REFUSING_CLASSES
    return VALUE.sub("", str(error)) if refuses else None
