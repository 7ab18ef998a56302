"""What PostgreSQL's driver raises, told without loading it where no PostgreSQL is.

Nobody raises an error of a module that nobody has imported. With SQLAlchemy's dialect it would cost
the processes of other databases 5 MiB and a twentieth of their start.
"""

import sys


def is_of_postgresql(error: BaseException) -> bool:
    """Whether the server said so; then `sqlstate` tells what."""
    return _is("PostgresError", error)


def is_of_its_driver(error: BaseException) -> bool:
    """Whether the driver itself said so: the server could not be asked, or does not answer."""
    return _is("InterfaceError", error)


def is_of_its_options(error: BaseException) -> bool:
    """Whether the driver does not take what it was told to connect with."""
    return _is("ClientConfigurationError", error)


def is_of_an_altered_table(error: BaseException) -> bool:
    """Whether a table was altered since a statement about it was prepared."""
    return _is("InvalidCachedStatementError", error)


def _is(name: str, error: BaseException) -> bool:
    driver = sys.modules.get("asyncpg")
    return driver is not None and isinstance(error, getattr(driver, name))
