"""What the judges ask of the database: counts, rights and indexes, in a few statements."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection, Float, cast, distinct, func, inspect, select, text
from sqlalchemy.exc import DBAPIError

from backend.data.engine import AsyncConnection, AsyncEngine, transaction
from backend.data.orders import ShopColumns
from backend.data.orders.bulk import read_batches
from backend.data.orders.reading import UNKNOWN, places_of
from backend.data.orders.statement import id_type, identifier
from backend.data.sources import Shop
from backend.data.sources.expressions import as_text
from backend.data.sources.mapping import LOGICAL_NAMES, LogicalName, ShopMapping
from backend.data.sources.safety import TABLE_PLACEHOLDER
from backend.data.tables import split_name

MOST_VALUES = 50
TOLERANCE = 0.01
INDEXED: Mapping[LogicalName, tuple[str, ...]] = {
    "customers": ("id", "email"),
    "orders": ("customer_id", "created_at"),
    "line_items": ("order_id",),
}
WRITING = ("INSERT", "UPDATE", "DELETE")
MYSQL = {"mysql", "mariadb"}


async def count_values(connection: AsyncConnection, shop: Shop, column: str) -> dict[str, int]:
    """Count orders by a column's text in lower case, the commonest first; "" for none."""
    orders = await shop.orders(connection)
    if not orders.has(column):
        return {}
    dialect = connection.dialect.name
    value = func.lower(func.trim(as_text(dialect, orders.clause.c[column], orders.kinds[column])))
    count = func.count()
    statement = select(value, count).group_by(value).order_by(count.desc()).limit(MOST_VALUES)
    found: dict[str, int] = {}
    for name, orders_with in await connection.execute(statement):
        found[name or ""] = found.get(name or "", 0) + orders_with
    return found


async def count_repeated_emails(connection: AsyncConnection, shop: Shop) -> tuple[int, int]:
    """Return how many customers there are, and how many repeat another's e-mail."""
    customers = await shop.accounts(connection)
    everybody = await connection.scalar(select(func.count()).select_from(customers.clause))
    if not customers.has("email"):
        return everybody or 0, 0
    email = func.nullif(func.lower(func.trim(customers.clause.c.email)), "")
    with_email = select(func.count(email), func.count(distinct(email)))
    known, different = (await connection.execute(with_email)).one()
    return everybody or 0, known - different


async def count_disagreeing(
    connection: AsyncConnection, shop: Shop, columns: ShopColumns
) -> tuple[int, int]:
    """Return how many customers state their orders or their sum, and how many state others."""
    customers = await shop.customers(connection)
    stated = [name for name in ("total_spent", "orders_count") if customers.has(name)]
    if not stated:
        return 0, 0
    clause, kind = customers.clause.c, customers.kinds["id"]
    dialect = connection.dialect.name
    statement = select(
        identifier(dialect, clause.id, kind),
        *(cast(clause[name], Float()) for name in stated),
    )
    size = len(columns.customer_ids)
    actual = {
        "total_spent": np.bincount(columns.customer_index, columns.amount_micros / 1e6, size),
        "orders_count": np.bincount(columns.customer_index, minlength=size).astype(float),
    }
    compared, disagreeing = 0, 0

    def compare(batch: pa.RecordBatch) -> None:
        nonlocal compared, disagreeing
        keys = np.array(batch.column("id").to_pylist(), dtype=columns.customer_ids.dtype)
        places = places_of(keys, columns.customer_ids)
        wrong = np.zeros(len(keys), dtype=bool)
        some = np.zeros(len(keys), dtype=bool)
        for name in stated:
            values = batch.column(name).to_numpy(zero_copy_only=False).astype(float)
            known = (places != UNKNOWN) & ~np.isnan(values)
            near = np.abs(values - actual[name][places]) <= np.maximum(
                TOLERANCE, TOLERANCE * np.abs(values)
            )
            some |= known
            wrong |= known & ~near
        compared += int(some.sum())
        disagreeing += int(wrong.sum())

    schema = pa.schema({"id": id_type(kind), **dict.fromkeys(stated, pa.float64())})
    await read_batches(connection, statement, schema, compare)
    return compared, disagreeing


async def kinds_of(connection: AsyncConnection, shop: Shop) -> dict[str, str]:
    """Return the kinds of the columns that must fit, by table and column."""
    customers, orders = await shop.customers(connection), await shop.orders(connection)
    lines = await shop.line_items(connection)
    kinds = {
        "customers.id": customers.kinds["id"],
        "orders.customer_id": orders.kinds["customer_id"],
        "orders.id": orders.kinds["id"],
        "orders.total_price": orders.kinds["total_price"],
        "orders.created_at": orders.kinds["created_at"],
    }
    if lines is not None:
        kinds["line_items.order_id"] = lines.kinds["order_id"]
    if connection.dialect.name == "sqlite":  # keeps dates as text; an empty column has no kind
        del kinds["orders.created_at"]
        kinds = {name: kind for name, kind in kinds.items() if kind.value != "text"}
    return {name: kind.value for name, kind in kinds.items()}


async def missing_indexes(connection: AsyncConnection, mapping: ShopMapping) -> list[str]:
    """Return CREATE INDEX statements for the named tables' columns that have none."""
    return await connection.run_sync(_missing_indexes, mapping)


def _missing_indexes(connection: Connection, mapping: ShopMapping) -> list[str]:
    inspector = inspect(connection)
    quote = connection.dialect.identifier_preparer.quote
    statements = []
    for logical, columns in INDEXED.items():
        if (named := _named_table(mapping, logical, connection.dialect.name)) is None:
            continue
        schema, table = named
        first = {index["column_names"][0] for index in inspector.get_indexes(table, schema)}
        first |= set(inspector.get_pk_constraint(table, schema)["constrained_columns"][:1])
        there = {
            column["name"].lower(): column["name"]
            for column in inspector.get_columns(table, schema)
        }
        mapped = mapping.table(logical)
        for ours in columns:
            theirs = (mapped.columns if mapped else {}).get(ours, ours)
            spelt = there.get(theirs.lower())
            if spelt is not None and spelt not in first:
                whole = f"{quote(schema)}.{quote(table)}" if schema else quote(table)
                name = quote(f"idx_{table}_{spelt}")
                statements.append(f"CREATE INDEX {name} ON {whole} ({quote(spelt)});")
    return statements


def _named_table(
    mapping: ShopMapping, logical: LogicalName, dialect: str
) -> tuple[str | None, str] | None:
    mapped = mapping.table(logical)
    if mapped is None or mapped.table is None:
        return None
    return _placed(mapping, mapped.table, dialect)


def _placed(mapping: ShopMapping, name: str, dialect: str) -> tuple[str | None, str]:
    schema, table = split_name(name)
    schema = schema or mapping.table_schema or None
    return (None if dialect == "sqlite" else schema), mapping.prefix + table


def _read_tables(mapping: ShopMapping, dialect: str) -> list[tuple[str | None, str]]:
    """Return the shop's tables that are read: by name, or as a query's placeholders."""
    found: list[tuple[str | None, str]] = []
    for logical in LOGICAL_NAMES:
        mapped = mapping.table(logical)
        if mapped is None:
            continue
        names = [mapped.table] if mapped.table else TABLE_PLACEHOLDER.findall(mapped.query or "")
        found += [_placed(mapping, name, dialect) for name in names]
    return list(dict.fromkeys(found))


async def known_tables(connection: AsyncConnection) -> list[str]:
    """Return the names of the tables that the user can see, to name the nearest."""
    return await connection.run_sync(lambda sync: inspect(sync).get_table_names())


async def can_write_ours(engine: AsyncEngine) -> bool:
    """Whether the user may make and fill tables in our database; nothing is left behind."""
    dialect = engine.dialect.name
    try:
        async with transaction(engine) as connection:
            if dialect == "postgresql":
                right = "SELECT has_schema_privilege(current_schema(), 'CREATE')"
                return bool(await connection.scalar(text(right)))
            if dialect in MYSQL:
                rights = await _mysql_rights(connection)
                return {"CREATE", *WRITING} <= rights
            await connection.execute(text("CREATE TABLE readiness_probe (id INTEGER)"))
            await connection.execute(text("DROP TABLE readiness_probe"))
    except DBAPIError:
        return False
    return True


async def writable_tables(connection: AsyncConnection, mapping: ShopMapping) -> list[str]:
    """Return the shop's tables that the user may change; a SQLite file has no users.

    Tables that only a query of the shop's own names are not known, and left out.
    """
    dialect = connection.dialect.name
    if dialect == "sqlite":
        return []
    read = _read_tables(mapping, dialect)
    if dialect in MYSQL:
        rights = await _mysql_rights(connection)
        return [table for _, table in read] if rights & set(WRITING) else []
    question = text(
        "SELECT to_regclass(:table) IS NOT NULL"
        " AND has_table_privilege(to_regclass(:table), 'INSERT, UPDATE, DELETE')"
    )
    quote = connection.dialect.identifier_preparer.quote
    writable = []
    for schema, table in read:
        whole = f"{quote(schema)}.{quote(table)}" if schema else quote(table)
        if await connection.scalar(question, {"table": whole}):
            writable.append(table)
    return writable


async def _mysql_rights(connection: AsyncConnection) -> set[str]:
    """Return the rights of the user on the whole server or on this database."""
    database = str(await connection.scalar(text("SELECT DATABASE()")))
    rights: set[str] = set()
    for (grant,) in await connection.execute(text("SHOW GRANTS FOR CURRENT_USER()")):
        words, _, rest = str(grant).removeprefix("GRANT ").partition(" ON ")
        place = rest.partition(" TO ")[0].replace("`", "").replace("\\", "")
        if place in {"*.*", f"{database}.*"}:
            rights |= {word.strip().upper() for word in words.split(",")}
    everything = {"CREATE", *WRITING}
    return rights | everything if "ALL PRIVILEGES" in rights else rights
