"""Make the guide's shop tables where they are asked for."""

from collections.abc import Mapping

from sqlalchemy import inspect
from sqlalchemy.schema import CreateSchema

from backend.database.engine import AsyncConnection, AsyncEngine, transaction
from backend.files.guide_tables import shop_tables, shop_tables_with_text_ids, split_name


async def create_shop_tables(
    engine: AsyncEngine, names: Mapping[str, str], *, text_ids: bool = False
) -> None:
    """Make the guide's three shop tables with its indexes, those that do not exist.

    Parameters
    ----------
    engine
        The shop's database.
    names
        ``customers``, ``orders`` and ``line_items``, each ``table`` or ``schema.table``. SQLite
        has no schemas, so the part before the dot falls away there.
    text_ids
        Whether customers' ids are text, in tables that are made.
    """
    if engine.dialect.name == "sqlite":
        names = {key: split_name(name)[1] for key, name in names.items()}
    build = shop_tables_with_text_ids if text_ids else shop_tables
    metadata = build(names["customers"], names["orders"], names["line_items"])
    schemas = {schema for name in names.values() if (schema := split_name(name)[0])}
    async with transaction(engine, "shop") as connection:
        for schema in sorted(schemas):
            await _create_schema(connection, schema)
        await connection.run_sync(metadata.create_all)


async def _create_schema(connection: AsyncConnection, schema: str) -> None:
    # Asking first: IF NOT EXISTS needs the right to create even where nothing is to be created.
    names = await connection.run_sync(lambda sync: inspect(sync).get_schema_names())
    if schema not in names:
        await connection.execute(CreateSchema(schema))
