"""What is sent of the SQL that a mapping holds: what the guard has written, or a preset's own text.

The guard's parser costs a process an eighth of a second of its start and 18 MiB, so it is imported
by what has SQL of its own. Presets are text of ours: that they pass the guard, and give the same
rows when they are written by it, is tested instead of asked at each start.
"""

from collections.abc import Iterator
from typing import Any

from backend.core.errors import InvalidMapping
from backend.core.late import late
from backend.shop.mapping.mapping import LOGICAL_NAMES, ShopMapping
from backend.shop.mapping.safety import MARK, marked

DATABASES = ("postgresql", "mysql", "sqlite", "duckdb")


def query_to_send(mapping: ShopMapping, place: str, query: str, database: str) -> str:
    """Return a query with its tables marked.

    Parameters
    ----------
    mapping
        Whose query it is.
    place
        Where it stands in the mapping.
    query
        As it stands there.
    database
        The kind of database that will run it.

    Raises
    ------
    InvalidMapping
        When it does anything but read, or is not understood beyond doubt; names the place.
    """
    _refuse_marks(place, query)
    text = marked(query, "`" if database in {"mysql", "mariadb"} else '"')
    if query in mapping.preset_queries:
        return text
    return _written(mapping, place, text, database)


def filter_to_send(mapping: ShopMapping, place: str, condition: str, database: str) -> str:
    """Return a condition.

    Raises
    ------
    InvalidMapping
        As `query_to_send`.
    """
    _refuse_marks(place, condition)
    return _written(mapping, place, condition, database, condition=True)


def refuse_unsafe(mapping: ShopMapping, database: str | None) -> None:
    """Look at all SQL of a mapping before any of it is sent.

    Parameters
    ----------
    mapping
        Whose.
    database
        The kind of database; not known: what one kind would take is left to be looked at later.

    Raises
    ------
    InvalidMapping
        When a query or a filter would not be sent; names the first such place.
    """
    if not any(_own_sql(mapping)):
        return
    problems = [_problem(mapping, kind) for kind in ([database] if database else DATABASES)]
    if all(problems):
        raise problems[0] or InvalidMapping("", "")


def _own_sql(mapping: ShopMapping) -> Iterator[tuple[str, str]]:
    """Yield what was not written by us, with its place."""
    for name in LOGICAL_NAMES:
        table = mapping.table(name)
        if table and table.query and table.query not in mapping.preset_queries:
            yield f"{name}.query", table.query
        if table and table.filter:
            yield f"{name}.filter", table.filter


def _problem(mapping: ShopMapping, database: str) -> InvalidMapping | None:
    guard, unknown, where = _guard(), frozenset[str](), ""
    for place, sql in _own_sql(mapping):
        send = filter_to_send if place.endswith("filter") else query_to_send
        try:
            send(mapping, place, sql, database)
        except InvalidMapping as problem:
            names: frozenset[str] = getattr(problem.__cause__, "names", frozenset())
            if not names:
                return problem
            unknown, where = unknown | names, where or place
    return InvalidMapping(where, guard.advice(unknown, mapping.functions)) if unknown else None


def _written(
    mapping: ShopMapping, place: str, sql: str, database: str, *, condition: bool = False
) -> str:
    guard = _guard()
    try:
        text: str = guard.written_anew(
            sql, database, frozenset(mapping.functions), condition=condition
        )
    except guard.UnknownCalls as problem:
        raise InvalidMapping(place, guard.advice(problem.names, mapping.functions)) from problem
    except guard.RefusedSql as problem:
        raise InvalidMapping(place, str(problem)) from None
    return text


def _refuse_marks(place: str, sql: str) -> None:
    if MARK in sql:
        raise InvalidMapping(place, "holds a sign that cannot be seen")


def _guard() -> Any:
    return late("backend.shop.mapping.guard")
