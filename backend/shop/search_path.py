"""Tables that nobody named: those in the guide's schema, else the same names on the search path."""

import logging

from sqlalchemy import text

from backend.database.engine import AsyncConnection
from backend.database.expressions import MYSQL
from backend.shop.mapping.mapping import LogicalName, ShopMapping

ON_POSTGRESQL = """
    SELECT EXISTS (
        SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relname = :table AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
        AND CASE WHEN CAST(:schema AS text) IS NULL THEN pg_table_is_visible(c.oid)
            ELSE n.nspname = :schema END)
"""
ON_MYSQL = """
    SELECT EXISTS (
        SELECT 1 FROM information_schema.tables
        WHERE table_name = :table AND table_schema = COALESCE(:schema, DATABASE()))
"""

ON_DUCKDB = """
    SELECT EXISTS (
        SELECT 1 FROM information_schema.tables
        WHERE table_catalog = current_database() AND lower(table_name) = lower(:table)
        AND table_schema = COALESCE(:schema, current_schema()))
"""

QUESTIONS = {**dict.fromkeys(MYSQL, ON_MYSQL), "duckdb": ON_DUCKDB}

log = logging.getLogger(__name__)


async def found_where_they_are(connection: AsyncConnection, mapping: ShopMapping) -> ShopMapping:
    """Return the mapping with the tables that nobody named called as they are found.

    Those in the guide's schema come first, and are not mixed with others: where it has one of
    them, all stay there. A SQLite file has no schemas, so nothing is to be found out.
    """
    if connection.dialect.name == "sqlite" or not mapping.unnamed:
        return mapping
    plain = mapping.without_schema()
    if await _any_there(connection, mapping) or not await _any_there(connection, plain):
        return mapping
    log.info("tables on the search path", extra={"tables": plain.unnamed_tables})
    return plain


async def _any_there(connection: AsyncConnection, mapping: ShopMapping) -> bool:
    return any([await _is_there(connection, mapping, name) for name in mapping.unnamed])


async def _is_there(connection: AsyncConnection, mapping: ShopMapping, name: LogicalName) -> bool:
    mapped = mapping.table(name)
    schema, table = mapping.place(str(mapped and mapped.table))
    question = QUESTIONS.get(connection.dialect.name, ON_POSTGRESQL)
    return bool(await connection.scalar(text(question), {"schema": schema, "table": table}))
