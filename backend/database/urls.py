"""A database URL in any form that people have at hand; the driver is always ours."""

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from backend.core.errors import BackendError

DRIVERS = {
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
    "mysql": "mysql+asyncmy",
    "mariadb": "mariadb+asyncmy",
    "sqlite": "sqlite+aiosqlite",
}


class InvalidDatabaseUrl(BackendError):
    """A database URL cannot be read. The text never repeats the URL, which holds a password."""

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(f"The database URL {problem}.")


def parse_url(url: str) -> URL:
    """Read a database URL; whatever driver it names is replaced by ours.

    Raises
    ------
    InvalidDatabaseUrl
        When it is no URL, or of a kind of database that is not supported.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise InvalidDatabaseUrl("cannot be read") from None
    kind = parsed.drivername.split("+")[0].lower()
    if kind not in DRIVERS:
        raise InvalidDatabaseUrl(f"is of the unknown kind {kind}")
    return parsed.set(drivername=DRIVERS[kind])


def libpq_uri(url: URL) -> str:
    """Return the URL as libpq and everything built on it reads it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
