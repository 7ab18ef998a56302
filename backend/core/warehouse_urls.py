"""URLs of shops that no server keeps: files that are only read, so that ours live beside them."""

from backend.core.errors import InvalidConfiguration

EXPECTED = "PostgreSQL, MySQL, MariaDB or SQLite, where tables are to be made or loaded"
WAREHOUSES = ("duckdb", "files")
SUFFIXES = (".duckdb", ".db", ".ddb")


def scheme_of(url: str) -> str:
    """Return what a URL of a database begins with, without a driver."""
    return url.strip().split("://")[0].split("+")[0].lower()


def is_warehouse(url: str) -> bool:
    """Whether what a URL names is only ever read."""
    return scheme_of(url) in WAREHOUSES


def refuse_loading(url: str) -> None:
    """Refuse to load anything into a shop that is only read.

    Raises
    ------
    InvalidConfiguration
        When it is one.
    """
    if is_warehouse(url):
        raise InvalidConfiguration("DATABASE_URL", "names what is only read", EXPECTED)


def ours_beside(url: str) -> str:
    """Return where our tables live beside a warehouse, unless somebody says otherwise.

    Never in a folder of the shop's, which is all tables: beside that.
    """
    path = url.strip().split("://", 1)[1].partition("?")[0]
    if scheme_of(url) == "files":
        path = f"//{path.strip('/')}"  # of a URL's three slashes the last is the path's
    for suffix in SUFFIXES:
        path = path.removesuffix(suffix)
    return f"sqlite://{path}.intelligence.db"
