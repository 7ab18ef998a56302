"""A mapping as one database has it: where its tables are, which variant fits, what is not there."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, select, text

from backend.core.errors import InvalidMapping
from backend.database.engine import AsyncConnection
from backend.database.expressions import MYSQL
from backend.shop.mapping.about_presets import refuse_other_servers
from backend.shop.mapping.found import FoundTables
from backend.shop.mapping.mapping import LOGICAL_NAMES, ShopMapping, Variant
from backend.shop.mapping.safety import named_tables
from backend.shop.refusals import refusals_named
from backend.shop.search_path import found_where_they_are
from backend.shop.table_clauses import query_clause

ON_POSTGRESQL = """
    SELECT c.relname, a.attname, false
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relname IN :tables AND a.attnum > 0 AND NOT a.attisdropped
    AND CASE WHEN CAST(:schema AS text) IS NULL THEN pg_table_is_visible(c.oid)
        ELSE n.nspname = :schema END
    ORDER BY c.oid, a.attnum
"""
ON_MYSQL = """
    SELECT table_name, column_name, character_set_name IS NOT NULL
    FROM information_schema.columns
    WHERE table_schema = COALESCE(:schema, DATABASE()) AND table_name IN :tables
    ORDER BY table_name, ordinal_position
"""
ON_DUCKDB = """
    SELECT table_name, column_name, false
    FROM information_schema.columns
    WHERE table_catalog = current_database()
    AND table_schema = COALESCE(:schema, current_schema()) AND table_name IN :tables
    ORDER BY table_name, ordinal_position
"""
QUESTIONS = {**dict.fromkeys(MYSQL, ON_MYSQL), "duckdb": ON_DUCKDB}
# A list as JSON, as PHP writes one, or one status alone.
STATUS = re.compile(r'"([^"]+)"|^([^"]+)$')
Columns = Mapping[str, Mapping[str, bool]]


async def settled(connection: AsyncConnection, mapping: ShopMapping) -> ShopMapping:
    """Return the mapping as the database has it.

    Parameters
    ----------
    connection
        To the shop's database.
    mapping
        As configured.

    Raises
    ------
    InvalidMapping
        When the preset reads other servers, or none of its variants fits what is there.
    """
    mapping = await found_where_they_are(connection, mapping)
    names = _names(mapping)
    if connection.dialect.name == "sqlite" or not names:
        return mapping
    refuse_other_servers(mapping, connection.dialect.name)
    columns, on_network = await _look(connection, mapping, names)
    variant = _fitting(mapping, columns)
    chosen = variant.mapping if variant else mapping
    found = FoundTables(
        columns,
        on_network,
        variant.name if variant else None,
        tuple(_lacking(chosen, columns)),
        tuple(chosen.statuses_stored),
    )
    return await _with_stored_statuses(connection, chosen.model_copy(update={"found": found}))


def _names(mapping: ShopMapping) -> list[str]:
    """Return the tables that queries name, and those that variants are told by."""
    told_by = [one.partition(".")[0] for variant in mapping.variants for one in variant.needs]
    mappings = [mapping, *(variant.mapping for variant in mapping.variants)]
    named = [table for one in mappings for query in _queries(one) for table in named_tables(query)]
    return list(dict.fromkeys([*named, *told_by]))


def _queries(mapping: ShopMapping) -> Iterator[str]:
    for name in LOGICAL_NAMES:
        if (mapped := mapping.table(name)) is not None and mapped.query is not None:
            yield mapped.query
    yield from mapping.statuses_stored.values()


async def _look(
    connection: AsyncConnection, mapping: ShopMapping, names: Sequence[str]
) -> tuple[Columns, frozenset[str]]:
    """Return the columns of the tables that are there, and which of those are a network's."""
    own = {name: mapping.place(name) for name in names}
    network = {name: mapping.place_on_network(name) for name in names}
    wanted = [table for _, table in (*own.values(), *network.values())]
    there = await _columns(connection, own[names[0]][0], wanted)
    on_network = frozenset(
        name
        for name in mapping.network_tables
        if name in own and own[name][1] not in there and network[name][1] in there
    )
    places = {name: network[name] if name in on_network else own[name] for name in names}
    return {name: there[table] for name, (_, table) in places.items() if table in there}, on_network


async def _columns(
    connection: AsyncConnection, schema: str | None, tables: Sequence[str]
) -> dict[str, dict[str, bool]]:
    question = QUESTIONS.get(connection.dialect.name, ON_POSTGRESQL)
    statement = text(question).bindparams(bindparam("tables", expanding=True))
    rows = await connection.execute(statement, {"schema": schema, "tables": list(tables)})
    # A server that does not tell capitals apart may tell tables in small letters.
    spelt = {table.lower(): table for table in tables} | {table: table for table in tables}
    found: dict[str, dict[str, bool]] = {}
    for table, column, is_text in rows:
        found.setdefault(spelt.get(table, table), {})[str(column)] = bool(is_text)
    return found


def _fitting(mapping: ShopMapping, columns: Columns) -> Variant | None:
    """Return the first variant whose tables and columns are all there."""
    for variant in mapping.variants:
        if all(_is_there(one, columns) for one in variant.needs):
            return variant
    if not mapping.variants:
        return None
    ways = "; ".join(f"{one.name}: {', '.join(one.needs)}" for one in mapping.variants)
    raise InvalidMapping(
        "preset", f"'{mapping.preset}' fits nothing that is there; needed is {ways}"
    )


def _is_there(place: str, columns: Columns) -> bool:
    table, _, column = place.partition(".")
    return table in columns and (not column or column in columns[table])


def _lacking(mapping: ShopMapping, columns: Columns) -> Iterator[str]:
    """Name what the mapping can do without, and does."""
    named = [table for query in _queries(mapping) for table in named_tables(query)]
    for table in dict.fromkeys(named):
        there = {one.lower() for one in columns.get(table, ())}
        if there:
            missing = (one for one in mapping.stand_ins(table) if one not in there)
            yield from (f"{table}.{column}" for column in missing)
        elif table in mapping.absent:
            yield table


async def _with_stored_statuses(connection: AsyncConnection, mapping: ShopMapping) -> ShopMapping:
    """Read the status lists that the shop keeps in settings of its own."""
    lists: dict[str, Any] = {}
    for name, query in mapping.statuses_stored.items():
        place = f"statuses_stored.{name}"
        clause = query_clause(mapping, place, query, connection.dialect)
        with refusals_named(place):
            async with connection.begin_nested():
                values = (await connection.execute(select(text("*")).select_from(clause))).scalars()
        lists[name] = tuple(dict.fromkeys(one for value in values for one in _statuses(value)))
    if not any(lists.values()):
        return mapping
    statuses = mapping.statuses.model_copy(update={k: v for k, v in lists.items() if v})
    return mapping.model_copy(update={"statuses": statuses})


def _statuses(value: object) -> list[str]:
    """Return the statuses of one setting, in lower case."""
    written = str(value or "").strip()
    try:
        parsed = json.loads(written)
    except ValueError:
        parsed = [one or other for one, other in STATUS.findall(written)]
    found = parsed if isinstance(parsed, list) else [parsed]
    return [str(one).strip().lower() for one in found if str(one).strip()]
