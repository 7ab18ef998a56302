"""What every command begins with: the settings, read once and refused in words."""

from datetime import datetime

from backend.assembly.start_checks import refuse_unusable_addresses
from backend.core.errors import InvalidMapping
from backend.core.instants import in_utc
from backend.core.logging import set_up_logging
from backend.core.misspelt import name_misspelt
from backend.core.settings import Settings
from backend.database.engine import AsyncEngine, transaction
from backend.shop.mapping.layers import load_mapping
from backend.shop.search_path import found_where_they_are
from backend.store.migrate import migrate


def checked_settings() -> Settings:
    settings = Settings.load()
    set_up_logging(settings.log_level)
    name_misspelt(Settings.misspelt())
    refuse_unusable_addresses(settings)
    load_mapping(settings.shop_variables(), settings.shop_database)
    return settings


def instant_described(settings: Settings, asked: datetime | None = None) -> datetime | None:
    """Return what a run describes: what is asked for, else RUN_AS_OF; None: when it starts."""
    written = asked or settings.run_as_of
    return written and in_utc(written, load_mapping(settings.shop_variables()).zone)


async def shop_table_names(settings: Settings, engine: AsyncEngine) -> dict[str, str]:
    mapping = load_mapping(settings.shop_variables(), settings.shop_database)
    async with transaction(engine, "shop") as connection:
        mapping = await found_where_they_are(connection, mapping)
    names: dict[str, str] = {}
    for logical in ("customers", "orders", "line_items"):
        table = mapping.table(logical)
        if table is None or table.table is None:
            raise InvalidMapping(logical, "is a query; only named tables can be made")
        names[logical] = ".".join(filter(None, mapping.place(table.table)))
    return names


async def migrate_if_wanted(settings: Settings, engine: AsyncEngine) -> None:
    if settings.auto_migrate:
        await migrate(engine)
