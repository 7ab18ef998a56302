"""What a database has against a mapping, in its own words but without the values it quotes."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from sqlalchemy.exc import DBAPIError

from backend.core.errors import InvalidMapping
from backend.database.causes import raised_by_driver, refusal
from backend.database.driver_words import in_words

# Cardinality, data, and names, rights or syntax: https://www.postgresql.org/docs/current/errcodes-appendix.html
REFUSING_CLASSES = {"21", "22", "42"}


@contextmanager
def refusals_named(field: str, what: str = "cannot be read:") -> Iterator[None]:
    """Turn what a database has against a table, query or filter into `InvalidMapping`.

    Raises
    ------
    InvalidMapping
        When the database refuses it; an outage and a missing right pass through as they are.
    """
    try:
        yield
    except (DBAPIError, asyncpg.PostgresError) as error:
        if refusal(error, "shop") is not None or (words := _words(error)) is None:
            raise
        raise InvalidMapping(field, f"{what} {words}") from None


def _words(error: DBAPIError | asyncpg.PostgresError) -> str | None:
    """Return what the database says of the statement; None if that is not at fault."""
    if isinstance(error, asyncpg.PostgresError):
        return _postgresql_words(error)
    if isinstance(raised_by_driver(error), asyncpg.PostgresError):
        return _words(raised_by_driver(error))
    return in_words(raised_by_driver(error))


def _postgresql_words(error: asyncpg.PostgresError) -> str | None:
    refuses = (error.sqlstate or "")[:2] in REFUSING_CLASSES
    return in_words(error) if refuses else None
