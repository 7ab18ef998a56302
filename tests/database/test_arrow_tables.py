"""A warehouse more is one class: here one whose tables come as Arrow, as from many warehouses."""

from collections.abc import Hashable, Sequence
from typing import Any

import pyarrow as pa
from duckdb import DuckDBPyConnection

from backend.database.duckdb_engine import warehouse_engine
from backend.database.engine import snapshot
from backend.database.pools import PoolPlan
from backend.database.urls import parse_url
from backend.database.warehouses.confined import NOTHING
from backend.database.warehouses.warehouse import AttachedTables
from backend.shop.mapping.layers import load_mapping
from backend.shop.search import search_customers
from backend.shop.seen import see
from backend.shop.shop import Shop
from tests.shops import AS_OF, VARIABLES, invented
from tests.warehouses import Tables, tables_of


class ArrowTables:
    """Tables in memory."""

    may_open = NOTHING

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def state(self) -> Hashable:
        return None

    def attach(self, database: DuckDBPyConnection, name: str) -> AttachedTables:
        database.execute(f"ATTACH ':memory:' AS {name}")
        return ArrowReaders(self._tables)


class ArrowReaders:
    """A reader for each table that a statement names: a warehouse's own, which is read once."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def supply(self, cursor: DuckDBPyConnection, statement: str, values: Sequence[Any]) -> None:
        for name, table in self._tables.items():
            if name in statement:
                reader = pa.RecordBatchReader.from_batches(table.schema, table.to_batches())
                cursor.register(name, reader)

    def see_unchanged(self) -> None:
        return None


async def test_a_shop_whose_tables_come_as_arrow_is_read_by_one_class() -> None:
    rows = invented(60)
    warehouse = ArrowTables(tables_of(rows))
    engine = warehouse_engine(parse_url("duckdb:///arrow"), PoolPlan(), lambda: warehouse)
    shop = Shop(load_mapping(VARIABLES))
    seen = await see(engine, shop, AS_OF, now=AS_OF)
    paid = [one["total_price"] for one in rows.orders if one["financial_status"] == "paid"]
    assert len(seen.columns.customer_ids) == 60
    assert int(seen.columns.amount_micros.sum()) == sum(paid) * 1_000_000
    assert seen.baskets is not None
    async with snapshot(engine) as connection:
        (found,) = await search_customers(connection, shop, "person17@", 5)
    assert found.id.text == "17"
    await engine.dispose()
