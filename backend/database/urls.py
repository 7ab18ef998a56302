"""A database URL in any form that people have at hand; the driver is always ours."""

import re

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from backend.core.errors import InvalidConfiguration

DRIVERS = {
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
    "mysql": "mysql+asyncmy",
    "mariadb": "mariadb+asyncmy",
    "sqlite": "sqlite+aiosqlite",
    "duckdb": "duckdb+file",
    "files": "duckdb+folder",
}
FOLDER_DRIVER = DRIVERS["files"]
# libpq takes several hosts, each with a port of its own, in the place of one.
SEVERAL_HOSTS = re.compile(
    r"(?P<kind>postgres\w*(?:\+\w+)?://)(?P<user>.*@)?(?P<hosts>[^@/?]*,[^@/?]*)(?P<rest>[/?].*)?",
    re.DOTALL,
)


class InvalidDatabaseUrl(InvalidConfiguration):
    """A database URL cannot be read. The text never repeats the URL, which holds a password."""

    def __init__(self, problem: str, variable: str = "The database URL") -> None:
        self.problem = problem
        super().__init__(variable, problem, "a URL as in docs/operations.md")


def parse_url(url: str) -> URL:
    """Read a database URL; whatever driver it names is replaced by ours.

    Raises
    ------
    InvalidDatabaseUrl
        When it is no URL, or of a kind of database that is not supported.
    """
    try:
        parsed = _of_several_hosts(several) if (several := _several(url)) else make_url(url)
    except (ArgumentError, ValueError):
        raise InvalidDatabaseUrl("cannot be read") from None
    kind = parsed.drivername.split("+")[0].lower()
    if kind not in DRIVERS:
        raise InvalidDatabaseUrl(f"is of the unknown kind {kind}")
    if DRIVERS[kind] == FOLDER_DRIVER:  # files:///data/shop is a whole path, as in file:///data
        parsed = parsed.set(database=f"/{(parsed.database or '').lstrip('/')}")
    return parsed.set(drivername=DRIVERS[kind])


def _several(url: str) -> re.Match[str] | None:
    return SEVERAL_HOSTS.fullmatch(url)


def _of_several_hosts(found: re.Match[str]) -> URL:
    """Read the URL without its hosts, and name them in options, as libpq does too."""
    one = make_url(f"{found['kind']}{found['user'] or ''}{found['rest'] or ''}")
    parts = [
        host.rpartition(":") if _has_port(host) else (host, "", "5432") for host in _split(found)
    ]
    hosts, ports = ",".join(part[0] for part in parts), ",".join(part[2] for part in parts)
    return one.update_query_dict({"host": hosts, "port": ports})


def _split(found: re.Match[str]) -> list[str]:
    return found["hosts"].split(",")


def _has_port(host: str) -> bool:
    return ":" in host.rpartition("]")[2]


def libpq_uri(url: URL) -> str:
    """Return the URL as libpq and everything built on it reads it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
