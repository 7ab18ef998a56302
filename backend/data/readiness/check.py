"""The check: gather, then judge; what cannot be looked at is said and stops nothing."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import DBAPIError

from backend.core.errors import InvalidMapping
from backend.data.engine import AsyncConnection, AsyncEngine, transaction
from backend.data.orders import ShopColumns, read_shop
from backend.data.readiness import gathering, judging
from backend.data.readiness.findings import Finding, Readiness
from backend.data.sources import Shop


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
    writing = await _judged_rights(shop_engine, our_engine, shop, look_at_shop=not missing)
    if missing:
        return Readiness([*missing, *writing])
    columns = await read_shop(shop_engine, shop, as_of, now=as_of)
    horizons = Horizons(value_days, churn_days)
    found = await examine(shop_engine, shop, columns, as_of, horizons)
    return Readiness([*found.findings, *writing])


async def examine(
    engine: AsyncEngine, shop: Shop, columns: ShopColumns, as_of: datetime, horizons: Horizons
) -> Readiness:
    """Judge a shop whose orders have been read; the rights of users are not looked at."""
    looked_up = await _Looks(shop, columns).all(engine)
    found = [
        *judging.judge_orders(columns),
        judging.judge_night(columns.created_at, shop.mapping),
        *judging.judge_history(
            columns, as_of, value_days=horizons.value_days, churn_days=horizons.churn_days
        ),
        *looked_up,
    ]
    return Readiness(found)


async def _missing(engine: AsyncEngine, shop: Shop) -> list[Finding]:
    """Name the tables and columns that the mapping names and the database lacks."""
    found = []
    for name, source in (
        ("customers", shop.customers),
        ("orders", shop.orders),
        ("line_items", shop.line_items),
    ):
        async with transaction(engine, "shop") as connection:
            try:
                await source(connection)
            except InvalidMapping as problem:
                tables = await gathering.known_tables(connection)
                found.append(_missing_finding(name, shop, problem, tables))
    return found


def _missing_finding(
    name: str, shop: Shop, problem: InvalidMapping, tables: Sequence[str]
) -> Finding:
    mapped = shop.mapping.table(name)  # type: ignore[arg-type]
    wanted = (mapped.table if mapped else None) or name
    bare = shop.mapping.prefix + wanted.rpartition(".")[2]
    near = difflib.get_close_matches(bare, tables, n=3, cutoff=0.4) if bare not in tables else []
    hint = f" Tables with a similar name: {', '.join(near)}." if near else ""
    return Finding(f"missing_{name}", "error", f"{problem}{hint}", {"nearest": near})


class _Looks:
    """What is asked of the shop's database beyond the orders themselves."""

    def __init__(self, shop: Shop, columns: ShopColumns) -> None:
        self._shop = shop
        self._columns = columns

    async def types(self, connection: AsyncConnection) -> Iterable[Finding]:
        return judging.judge_kinds(await gathering.kinds_of(connection, self._shop))

    async def statuses(self, connection: AsyncConnection) -> Iterable[Finding]:
        counts = await gathering.count_values(connection, self._shop, "financial_status")
        return [judging.judge_statuses(counts, self._shop.mapping)]

    async def currencies(self, connection: AsyncConnection) -> Iterable[Finding]:
        counts = await gathering.count_values(connection, self._shop, "currency")
        return [judging.judge_currencies(counts, self._shop.mapping)]

    async def totals(self, connection: AsyncConnection) -> Iterable[Finding]:
        compared = await gathering.count_disagreeing(connection, self._shop, self._columns)
        return [judging.judge_totals(*compared)]

    async def guests(self, connection: AsyncConnection) -> Iterable[Finding]:
        counted = await gathering.count_repeated_emails(connection, self._shop)
        return [judging.judge_guests(*counted, self._shop.mapping)]

    async def indexes(self, connection: AsyncConnection) -> Iterable[Finding]:
        missing = await gathering.missing_indexes(connection, self._shop.mapping)
        return [judging.judge_indexes(missing)]

    async def all(self, engine: AsyncEngine) -> list[Finding]:
        """Look at everything; what the database refuses is a finding of its own."""
        looks = (
            self.types,
            self.statuses,
            self.currencies,
            self.totals,
            self.guests,
            self.indexes,
        )
        found: list[Finding] = []
        for look in looks:
            try:
                async with transaction(engine, "shop") as connection:
                    found.extend(await look(connection))
            except DBAPIError as error:
                found.append(judging.unseen(look.__name__, error))
        return found


async def _judged_rights(
    shop_engine: AsyncEngine, our_engine: AsyncEngine, shop: Shop, *, look_at_shop: bool
) -> list[Finding]:
    ours = await gathering.can_write_ours(our_engine)
    writable: list[str] = []
    if look_at_shop:
        async with transaction(shop_engine, "shop") as connection:
            writable = await gathering.writable_tables(connection, shop.mapping)
    return list(judging.judge_writing(ours, writable))
