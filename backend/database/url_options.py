"""Sorting the options of a URL, whatever the database: known, let go of, or refused."""

import logging
from collections.abc import Set as AbstractSet
from functools import cache

from backend.database.urls import InvalidDatabaseUrl

log = logging.getLogger(__name__)


def words(text: str) -> frozenset[str]:
    """Return the names in a text, for tables too long to be written as lists."""
    return frozenset(text.split())


def refuse_unknown(names: AbstractSet[str]) -> None:
    """Refuse options that nobody sorted.

    Raises
    ------
    InvalidDatabaseUrl
        Names the first of them.
    """
    if names:
        # What does not look like a name may be the rest of a password.
        named = [name for name in sorted(names) if name.replace("-", "_").isidentifier()]
        raise InvalidDatabaseUrl(f"has the option {[*named, '…'][0]}, which is not known")


@cache
def say_dropped(names: frozenset[str]) -> None:
    """Say once in a process which options do nothing here."""
    if names:
        told = {"options": sorted(names)}
        log.info("options of the database URL have no meaning here", extra=told)
