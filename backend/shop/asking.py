"""Questions to a shop whose tables may change while a process remembers what they look like."""

import sqlite3
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError

from backend.core.errors import DatabaseUnavailable
from backend.database.causes import raised_by_driver
from backend.database.duckdb_errors import does_not_fit, is_of_duckdb
from backend.database.engine import AsyncConnection, AsyncEngine, snapshot
from backend.database.postgresql_errors import is_of_an_altered_table, is_of_postgresql
from backend.shop.shop import Shop, Source

Answer = TypeVar("Answer")
Question = Callable[[AsyncConnection], Awaitable[Answer]]

# A column that was added is told by no statement; looking again costs three empty SELECTs.
SHAPE_SECONDS = 60.0
# PostgreSQL refuses what was prepared before an ALTER once more, when it is looked at again.
LOOKS = 3
# No such column, no such table, a view of such.
CHANGED_ON_MYSQL = {1054, 1146, 1356}
CHANGED_ON_SQLITE = ("no such column", "no such table")
FORBIDDEN_ON_POSTGRESQL = "42501"


async def asked(engine: AsyncEngine, shop: Shop, question: Question[Answer]) -> Answer:
    """Ask the shop in one snapshot; where its tables are not what they were, look again.

    Parameters
    ----------
    engine
        The shop's database.
    shop
        What is remembered of it.
    question
        Asks by the connection that it is given.

    Raises
    ------
    InvalidMapping
        When a table or a column that the mapping names is not there any more.
    DatabaseUnavailable
        When the shop's database is away.
    """
    return await asked_again(shop, partial(_asked, engine, question), shop.forget)


async def asked_again(
    shop: Shop, ask: Callable[[], Awaitable[Answer]], forget: Callable[[], None]
) -> Answer:
    """Ask; where the database says that it is not as it was remembered, forget that and ask again.

    Raises
    ------
    InvalidMapping, DatabaseUnavailable
        As `asked`.
    """
    shop.forget_what_is_older(time.monotonic() - SHAPE_SECONDS)
    for _ in range(LOOKS - 1):
        try:
            return await ask()
        except (DBAPIError, DatabaseUnavailable) as error:
            if not _says_it_changed(error):
                raise
        forget()
    return await ask()


async def customers_as_remembered(engine: AsyncEngine, shop: Shop) -> Source:
    """Return what the shop's customers look like; where nobody remembers, one of all looks.

    Raises
    ------
    InvalidMapping, DatabaseUnavailable
        As `asked`.
    """
    if (known := shop.remembered_customers) is not None:
        return known
    return await shop.looking.done(partial(_asked, engine, shop.customers))


async def _asked(engine: AsyncEngine, question: Question[Answer]) -> Answer:
    async with snapshot(engine) as connection:
        return await question(connection)


def _says_it_changed(error: DBAPIError | DatabaseUnavailable) -> bool:
    refused = error.__cause__ if isinstance(error, DatabaseUnavailable) else error
    if not isinstance(refused, DBAPIError):
        return False
    cause: Any = raised_by_driver(refused)
    if is_of_postgresql(cause):
        return _says_so_on_postgresql(cause)
    if is_of_duckdb(cause):
        return does_not_fit(cause)
    if isinstance(cause, sqlite3.Error):
        return str(cause).startswith(CHANGED_ON_SQLITE)
    return bool(cause.args) and cause.args[0] in CHANGED_ON_MYSQL


def _says_so_on_postgresql(cause: Any) -> bool:
    """Whether it names what is not there, or of another type than it was."""
    if is_of_an_altered_table(cause):
        return True
    state = cause.sqlstate or ""
    return state.startswith("42") and state != FORBIDDEN_ON_POSTGRESQL
