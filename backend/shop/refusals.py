"""What a database has against a mapping, in its own words but without the values it quotes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import DBAPIError

from backend.core.errors import InvalidMapping
from backend.database.causes import raised_by_driver, refusal
from backend.database.driver_words import in_words
from backend.database.postgresql_errors import is_of_postgresql

# Cardinality, data, and names, rights or syntax: https://www.postgresql.org/docs/current/errcodes-appendix.html
REFUSING_CLASSES = {"21", "22", "42"}
# https://mariadb.com/kb/en/mariadb-error-codes/: an illegal mix of collations.
MIXED_COLLATIONS = (1267, 1270, 1271)
IN_ONE = "{words} Written as {{table}} AS t, all tables of a query are read in one collation."


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
    except Exception as error:
        if (words := _words_against_it(error)) is None:
            raise
        raise InvalidMapping(field, f"{what} {words}") from None


def _words_against_it(error: Exception) -> str | None:
    """Return what the database says of the statement; None if that is not at fault."""
    if not isinstance(error, DBAPIError) and not is_of_postgresql(error):
        return None
    if refusal(error, "shop") is not None:
        return None
    cause: Any = raised_by_driver(error)
    if is_of_postgresql(cause) and (cause.sqlstate or "")[:2] not in REFUSING_CLASSES:
        return None
    is_mixed = cause.args[:1] and cause.args[0] in MIXED_COLLATIONS
    return IN_ONE.format(words=in_words(cause)) if is_mixed else in_words(cause)
