"""Statements that are asked all the time: built and compiled once, run by the driver itself.

SQLAlchemy's Core takes five times what the driver does for one row. What is asked thousands of
times a second is therefore compiled once for each dialect; then the driver runs it on a connection
of the engine's own pool, within the same bounds, and what it raises is told by the same names.
See docs/decisions/0016-hot-reads-by-the-driver.md.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import BindParameter, Dialect, Float, Select, bindparam
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

from backend.database import changes
from backend.database.engine import AsyncEngine, saw_pooler
from backend.database.failures import OURS, problems_named
from backend.database.handed_on import HandedOn, Lent
from backend.database.postgresql_errors import is_of_its_driver, is_of_postgresql

Row = Sequence[Any]
Values = Mapping[str, Any]
Convert = Callable[[Any], Any]
# https://www.postgresql.org/docs/current/catalog-pg-type.html
FLOAT8, NUMERIC = 701, 1700


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement as one dialect's driver takes it.

    Attributes
    ----------
    sql
        With the driver's own places for parameters.
    parameters
        Of each place: the parameter's name, its value where the statement itself has it, and what
        makes the driver's value of it.
    columns
        What makes a value of the driver's, for those columns whose driver does not.
    """

    sql: str
    parameters: tuple[tuple[str, Any, Convert | None], ...]
    columns: tuple[tuple[int, Convert], ...]

    @classmethod
    def of(cls, statement: Select[Any], dialect: Dialect) -> "Compiled":
        """Compile a SELECT whose parameters all have names."""
        compiled = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        order: Sequence[str] = compiled.positiontup or []
        own, types = compiled.params, {name: one.type for name, one in compiled.binds.items()}
        named = ((name, own[name], _to_driver(types.get(name), dialect)) for name in order)
        made = enumerate(_of_driver(one.type, dialect) for one in statement.selected_columns)
        return cls(
            str(compiled),
            tuple(named),
            tuple((place, convert) for place, convert in made if convert is not None),
        )

    def arguments(self, values: Values) -> list[Any]:
        """Return the values in the order of their places."""
        given = ((values.get(name, own), convert) for name, own, convert in self.parameters)
        return [value if convert is None else convert(value) for value, convert in given]

    def row(self, found: Row) -> Row:
        """Return a row with the types that Core would give it."""
        if not self.columns:
            return found
        row = list(found)
        for place, convert in self.columns:
            row[place] = convert(row[place])
        return tuple(row)


def _to_driver(type_: TypeEngine[Any] | None, dialect: Dialect) -> Convert | None:
    if type_ is None:  # of one of several values that stand in the statement itself
        return None
    return type_.dialect_impl(dialect).bind_processor(dialect)


def _of_driver(type_: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    return type_.dialect_impl(dialect).result_processor(dialect, _number_of(type_))


def _number_of(type_: TypeEngine[Any]) -> int:
    """Return PostgreSQL's number of a numeric type; types of other kinds do not look at it."""
    return FLOAT8 if isinstance(type_, Float) else NUMERIC


def parameter(name: str, type_: TypeEngine[Any]) -> BindParameter[Any]:
    """Return the place of a value that comes with each question."""
    return bindparam(name, None, type_=type_)


class HotRead:
    """A SELECT that is asked all the time.

    Parameters
    ----------
    statement
        Its parameters are made by `parameter`; no list is among them, whose places would be known
        only with its values.
    """

    def __init__(self, statement: Select[Any]) -> None:
        self._statement = statement
        self._compiled: dict[Dialect, Compiled] = {}

    async def rows(self, engine: AsyncEngine, values: Values, database: str = OURS) -> list[Row]:
        """Ask once, in a transaction of its own; it sees one state of the database.

        Parameters
        ----------
        engine
            Where.
        values
            Of the parameters, by name.
        database
            What the database is called in the error: "shop" or "intelligence".

        Raises
        ------
        DatabaseUnavailable, DatabaseRefuses, TextNotWritable, TablesTooOld
            As `engine.transaction`.
        """
        # What takes care of errors is entered when there is one: each costs as much as a column.
        try:
            rows = await self._within_bounds(engine, values, database)
        except Exception:
            with changes.told(database), problems_named(database, engine.url.username):
                raise
        changes.answered(database)
        return rows

    async def _within_bounds(self, engine: AsyncEngine, values: Values, database: str) -> list[Row]:
        connections = _connections_of(engine)
        async with asyncio.timeout(connections.transaction_seconds):
            lent = await _taken(connections, engine, database)
            try:
                rows = await self._asked(engine, lent, values)
            except asyncio.CancelledError:
                await connections.drop(lent)
                raise
            except BaseException:
                await connections.give_back(lent)
                raise
            await connections.give(lent)
        return rows

    async def _asked(self, engine: AsyncEngine, lent: Lent, values: Values) -> list[Row]:
        # Once somebody has connected, the dialect knows which server it speaks to.
        dialect = engine.dialect
        compiled = self._compiled_for(dialect)
        ask = ASKS[dialect.name]
        try:
            found = await ask(engine, lent, compiled.sql, compiled.arguments(values))
        except Exception as error:
            if (as_by_core := _as_by_core(error, dialect)) is not error:
                raise as_by_core from error
            raise
        return [compiled.row(one) for one in found]

    def _compiled_for(self, dialect: Dialect) -> Compiled:
        if (known := self._compiled.get(dialect)) is None:
            known = self._compiled[dialect] = Compiled.of(self._statement, dialect)
        return known


_handed_on: WeakKeyDictionary[AsyncEngine, HandedOn] = WeakKeyDictionary()


def _connections_of(engine: AsyncEngine) -> HandedOn:
    if (connections := _handed_on.get(engine)) is None:
        connections = _handed_on[engine] = HandedOn(engine)
    return connections


async def _taken(connections: HandedOn, engine: AsyncEngine, database: str) -> Lent:
    try:
        return await connections.take()
    except Exception as error:
        with problems_named(database, engine.url.username, connecting=True):
            if (as_by_core := _as_by_core(error, engine.dialect)) is not error:
                raise as_by_core from error
            raise


def _as_by_core(error: Exception, dialect: Dialect) -> Exception:
    """Return what Core would have raised: that is where causes are told from."""
    of_driver = isinstance(error, dialect.loaded_dbapi.Error) or (
        dialect.name == "postgresql" and (is_of_postgresql(error) or is_of_its_driver(error))
    )
    return DBAPIError(None, None, error, hide_parameters=True) if of_driver else error


Ask = Callable[[AsyncEngine, Lent, str, list[Any]], Awaitable[Sequence[Row]]]


async def _on_postgresql(
    engine: AsyncEngine, lent: Lent, sql: str, arguments: list[Any]
) -> Sequence[Row]:
    driver: Any = lent.driver
    if not saw_pooler(engine):
        found: Sequence[Row] = await driver.fetch(sql, *arguments)
        return found
    # What is parsed in one transaction, a pooler's next one does not find.
    async with driver.transaction(readonly=True):
        return await driver.fetch(sql, *arguments)  # type: ignore[no-any-return]


async def _on_mysql(
    _engine: AsyncEngine, lent: Lent, sql: str, arguments: list[Any]
) -> Sequence[Row]:
    driver: Any = lent.driver
    async with driver.cursor() as cursor:
        await cursor.execute(sql, arguments)
        found: Sequence[Row] = await cursor.fetchall()
    return found


async def _on_sqlite(
    _engine: AsyncEngine, lent: Lent, sql: str, arguments: list[Any]
) -> Sequence[Row]:
    driver: Any = lent.driver
    found: Sequence[Row] = await driver.execute_fetchall(sql, arguments)
    return found


async def _on_duckdb(
    _engine: AsyncEngine, lent: Lent, sql: str, arguments: list[Any]
) -> Sequence[Row]:
    driver: Any = lent.driver
    found: Sequence[Row] = (await driver.found(sql, arguments)).rows
    return found


ASKS: Mapping[str, Ask] = {
    "postgresql": _on_postgresql,
    "mysql": _on_mysql,
    "mariadb": _on_mysql,
    "sqlite": _on_sqlite,
    "duckdb": _on_duckdb,
}
