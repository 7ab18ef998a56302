"""The check: gather, then judge; what cannot be looked at is said and stops nothing."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import DBAPIError, NoSuchTableError

from backend.core.errors import InvalidMapping
from backend.database.engine import AsyncConnection, AsyncEngine, snapshot
from backend.readiness import judging
from backend.readiness.finding import Finding, Readiness
from backend.shop import inspection, rights, structure
from backend.shop.basket_lines import read_baskets
from backend.shop.mapping.mapping import LogicalName
from backend.shop.orders import ShopColumns, read_shop
from backend.shop.shop import Shop
from backend.store.rights_of_ours import can_write_ours


@dataclass(frozen=True, slots=True)
class Horizons:
    """How far the predictions look, days."""

    value_days: int
    churn_days: int


async def check_shop(
    shop_engine: AsyncEngine,
    our_engine: AsyncEngine,
    shop: Shop,
    as_of: datetime,
    *,
    value_days: int,
    churn_days: int,
) -> Readiness:
    """Read the shop as a run would, and say what would spoil its results.

    Parameters
    ----------
    shop_engine, our_engine
        The shop's database and ours.
    shop
        Where its tables are.
    as_of
        The instant that a run would describe.
    value_days, churn_days
        The horizons of the predictions.

    Raises
    ------
    DatabaseUnavailable
        When one of the databases does not answer.
    """
    missing = await _missing(shop_engine, shop)
    ours = judging.judge_ours(await can_write_ours(our_engine))
    if any(finding.code != "missing_line_items" for finding in missing):
        return Readiness([*missing, ours])
    try:
        columns = await read_shop(shop_engine, shop, as_of, now=as_of)
        if not missing:
            await read_baskets(shop_engine, shop, as_of, columns.customer_ids)
    except InvalidMapping as problem:
        return Readiness([*missing, Finding("unreadable", "error", str(problem)), ours])
    horizons = Horizons(value_days, churn_days)
    found = await examine(shop_engine, our_engine, shop, columns, as_of, horizons)
    return Readiness([*missing, *found.findings])


async def examine(
    shop_engine: AsyncEngine,
    our_engine: AsyncEngine,
    shop: Shop,
    columns: ShopColumns,
    as_of: datetime,
    horizons: Horizons,
) -> Readiness:
    """Judge a shop whose orders have been read."""
    looked_up = await _Looks(shop, columns).all(shop_engine)
    found = [
        judging.judge_mapping(shop.mapping),
        *judging.judge_missing_ids(columns),
        *judging.judge_orders(columns),
        judging.judge_night(columns.created_at, shop.mapping),
        *judging.judge_history(
            columns, as_of, value_days=horizons.value_days, churn_days=horizons.churn_days
        ),
        *looked_up,
        judging.judge_ours(await can_write_ours(our_engine)),
    ]
    return Readiness(found)


async def _missing(engine: AsyncEngine, shop: Shop) -> list[Finding]:
    """Name the tables and columns that the mapping names and the database lacks."""
    found = []
    sources: dict[LogicalName, Callable[[AsyncConnection], Awaitable[object]]] = {
        "customers": shop.customers,
        "orders": shop.orders,
        "line_items": shop.line_items,
    }
    for name, source in sources.items():
        async with snapshot(engine) as connection:
            try:
                await source(connection)
            except InvalidMapping as problem:
                near = await structure.nearest_tables(connection, shop.mapping, name)
                found.append(judging.missing(name, problem, near))
    return found


class _Looks:
    """What is asked of the shop's database beyond the orders themselves."""

    def __init__(self, shop: Shop, columns: ShopColumns) -> None:
        self._shop = shop
        self._columns = columns

    async def types(self, connection: AsyncConnection) -> Iterable[Finding]:
        return judging.judge_kinds(await inspection.kinds_of(connection, self._shop))

    async def statuses(self, connection: AsyncConnection) -> Iterable[Finding]:
        counts = await inspection.count_values(connection, self._shop, "financial_status")
        return [judging.judge_statuses(counts, self._shop.mapping)]

    async def currencies(self, connection: AsyncConnection) -> Iterable[Finding]:
        counts = await inspection.count_values(connection, self._shop, "currency")
        return [judging.judge_currencies(counts, self._shop.mapping)]

    async def totals(self, connection: AsyncConnection) -> Iterable[Finding]:
        compared = await inspection.count_disagreeing(connection, self._shop, self._columns)
        return [judging.judge_totals(*compared)]

    async def customers(self, connection: AsyncConnection) -> Iterable[Finding]:
        return [judging.judge_ids(*await inspection.count_repeated_ids(connection, self._shop))]

    async def guests(self, connection: AsyncConnection) -> Iterable[Finding]:
        counted = await inspection.count_repeated_emails(connection, self._shop)
        return [judging.judge_guests(*counted, self._shop.mapping)]

    async def indexes(self, connection: AsyncConnection) -> Iterable[Finding]:
        missing = await structure.missing_indexes(connection, self._shop.mapping)
        return [judging.judge_indexes(missing)]

    async def shop_user(self, connection: AsyncConnection) -> Iterable[Finding]:
        places = structure.all_places(self._shop.mapping, connection.dialect.name)
        return [judging.judge_shop_user(await rights.writable_tables(connection, places))]

    async def all(self, engine: AsyncEngine) -> list[Finding]:
        """Look at everything; what the database refuses is a finding of its own."""
        looks = (
            self.types,
            self.statuses,
            self.currencies,
            self.totals,
            self.customers,
            self.guests,
            self.indexes,
            self.shop_user,
        )
        found: list[Finding] = []
        for look in looks:
            try:
                async with snapshot(engine) as connection:
                    found.extend(await look(connection))
            except (DBAPIError, InvalidMapping, NoSuchTableError) as error:
                found.append(judging.unseen(look.__name__, error))
        return found
