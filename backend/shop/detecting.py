"""Which platform's database this is: every preset is tried on what is there.

A preset fits where the database takes its queries. Several may fit one shop (WooCommerce keeps its
orders in up to three places): `[detection]` of a preset names those that it gives way to.
"""

from collections.abc import Iterator, Sequence

from sqlalchemy import func, select

from backend.core.errors import DatabaseRefuses, InvalidMapping
from backend.database.engine import AsyncConnection, AsyncEngine, snapshot
from backend.database.kinds import Kind
from backend.results.detection import Detection, FittingPreset
from backend.shop import inspection, structure
from backend.shop.mapping.about_presets import about_preset
from backend.shop.mapping.layers import load_mapping, preset_names
from backend.shop.mapping.mapping import LOGICAL_NAMES, ShopMapping
from backend.shop.mapping.safety import named_tables
from backend.shop.shop import Shop
from backend.shop.structure import Place


async def detect(engine: AsyncEngine) -> Detection:
    """Try every preset, under each prefix; in other schemas only where none fits the own one.

    Raises
    ------
    DatabaseUnavailable
        When the shop's database is away.
    """
    async with snapshot(engine) as connection:
        there = await structure.tables_there(connection)
        own = [place for place in there if place.schema is None]
        others = [place for place in there if place.schema is not None]
        # On MySQL these are other databases of the server, and may be anybody's.
        found = await _all_tried(connection, own) or await _all_tried(connection, others)
    return Detection(tuple(one for one in found if not _gives_way(one, found)))


async def _all_tried(connection: AsyncConnection, there: Sequence[Place]) -> list[FittingPreset]:
    found: list[FittingPreset] = []
    for name in preset_names():
        if about_preset(name).runs_on(connection.dialect.name):
            for place in _places(name, there):
                found += await _tried(connection, name, place)
    return found


def _places(name: str, there: Sequence[Place]) -> Iterator[Place]:
    """Yield schema and prefix of each set of the preset's tables."""
    mapping = load_mapping({"SHOP_PRESET": name})
    ways = [variant.mapping for variant in mapping.variants] or [mapping]
    known: set[Place] = set()
    for needed in map(_needed, ways):
        sign = max(needed, key=len)
        for table in there:
            place = Place(table.schema, table.table.removesuffix(sign))
            whole = {Place(place.schema, place.table + one) for one in needed}
            if table.table.endswith(sign) and whole <= set(there) and place not in known:
                known.add(place)
                yield place


def _needed(mapping: ShopMapping) -> set[str]:
    """Return the tables that a preset cannot do without; its variant's, where all may be absent."""
    queries = (table.query for name in LOGICAL_NAMES if (table := mapping.table(name)))
    named = {table for query in queries for table in named_tables(query or "")}
    return named - set(mapping.network_tables) - set(mapping.absent) or named


async def _tried(connection: AsyncConnection, name: str, place: Place) -> list[FittingPreset]:
    """Return what the preset finds at a place; nothing where the database refuses it."""
    settings = _settings(name, place)
    shop = Shop(load_mapping(settings))
    try:
        async with connection.begin_nested():
            return [await _fitting(connection, shop, name, settings)]
    except (DatabaseRefuses, InvalidMapping):
        return []


def _settings(name: str, place: Place) -> dict[str, str]:
    usual = load_mapping({"SHOP_PRESET": name}).prefix
    settings = {"SHOP_PRESET": name}
    if place.table != usual:
        settings["TABLE_PREFIX"] = place.table
    if place.schema is not None:
        settings["TABLE_SCHEMA"] = place.schema
    return settings


async def _fitting(
    connection: AsyncConnection, shop: Shop, name: str, settings: dict[str, str]
) -> FittingPreset:
    counts: dict[str, int] = {}
    for logical in LOGICAL_NAMES:
        source = await shop.logical(connection, logical)
        if source is None:
            raise InvalidMapping(logical, "is missing")
        counted = select(func.count()).select_from(source.clause)
        counts[logical] = await connection.scalar(counted) or 0
    orders = await shop.orders(connection)
    currencies = await inspection.count_values(connection, shop, "currency")
    several = {"CURRENCY": next(iter(currencies)).upper()} if len(currencies) > 1 else {}
    return FittingPreset(
        preset=name,
        platform=about_preset(name).platform,
        variant=shop.mapping.variant,
        settings={**settings, **several},
        tables=tuple(map(str, structure.all_places(shop.mapping, connection.dialect.name))),
        customers=counts["customers"],
        orders=counts["orders"],
        currencies={code.upper(): count for code, count in currencies.items()},
        zone_is_asked=orders.kinds["created_at"] is Kind.DATETIME and not about_preset(name).in_utc,
    )


def _gives_way(one: FittingPreset, found: Sequence[FittingPreset]) -> bool:
    """Whether a preset that knows the same shop better has orders there, or more than none."""
    better = about_preset(one.preset).gives_way_to
    same_shop = [other for other in found if _shop_of(other) == _shop_of(one)]
    return any(other.preset in better and other.orders > 0 for other in same_shop) or (
        not one.orders and any(other.orders for other in same_shop)
    )


def _shop_of(one: FittingPreset) -> tuple[str | None, str | None]:
    return one.settings.get("TABLE_SCHEMA"), one.settings.get("TABLE_PREFIX")
