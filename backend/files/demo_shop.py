"""A real shop to try the service on, see demo_data/README.md for source and licence."""

import random
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Column, MetaData, String, Table, delete, insert

from backend.database.engine import AsyncConnection, AsyncEngine, transaction
from backend.files.guide_tables import KEPT, shop_tables

FOLDER = Path(__file__).parent / "demo_data"
NAMES = {"customers": "customers", "orders": "orders", "line_items": "order_line_items"}
ROWS_PER_BATCH = 20_000
AS_OF = datetime(2011, 12, 10, tzinfo=UTC)
CURRENCY = "GBP"  # of all its amounts, as the source says

FIRST_NAMES = [
    "Ada",
    "Ben",
    "Cara",
    "Dan",
    "Ella",
    "Finn",
    "Gwen",
    "Hugo",
    "Iris",
    "Jack",
    "Kira",
    "Liam",
    "Mona",
    "Noel",
    "Olga",
    "Paul",
    "Quinn",
    "Rosa",
    "Sam",
    "Tara",
    "Udo",
    "Vera",
    "Will",
    "Xena",
    "Yara",
    "Zoe",
    "Anna",
    "John",
    "Mary",
    "Theo",
]
LAST_NAMES = [
    "Alder",
    "Birch",
    "Cedar",
    "Dale",
    "Elder",
    "Field",
    "Grove",
    "Heath",
    "Ivy",
    "Juniper",
    "Knoll",
    "Larch",
    "Moss",
    "North",
    "Oak",
    "Pine",
    "Quarry",
    "Reed",
    "Stone",
    "Thorn",
    "Underhill",
    "Vale",
    "Wood",
    "Yarrow",
    "Ashby",
    "Brook",
    "Cliff",
    "Dune",
    "Ferris",
    "Glen",
]

Row = dict[str, Any]


async def load_demo_shop(engine: AsyncEngine, progress: Callable[[float], None]) -> datetime:
    """Fill the guide's three shop tables with the demo shop, replacing what they held.

    Parameters
    ----------
    engine
        An SQLite database of its own.
    progress
        Called with the share done, in [0, 1].

    Returns
    -------
    The end of the data, to be given to a run as `as_of`.
    """
    shop = _shop()
    tables = shop.tables
    orders = pq.read_table(FOLDER / "orders.parquet")
    lines = pq.read_table(FOLDER / "order_line_items.parquet")
    async with transaction(engine, "shop") as connection:
        await connection.run_sync(shop.create_all)
        for table in tables.values():
            await connection.execute(delete(table))
        await _insert(connection, tables["customers"], iter(_customers(orders)))
        await _insert(connection, tables["orders"], _orders(orders))
        await _insert_lines(connection, tables["order_line_items"], lines, progress)
    return AS_OF


def _shop() -> MetaData:
    """Build the guide's tables, and what orders have besides in which the amounts are."""
    metadata = shop_tables(**NAMES)
    metadata.tables["orders"].append_column(Column("currency", String(KEPT["currency"])))
    return metadata


async def _insert(connection: AsyncConnection, table: Table, rows: Iterator[Row]) -> None:
    while batch := list(islice(rows, ROWS_PER_BATCH)):
        await connection.execute(insert(table), batch)


async def _insert_lines(
    connection: AsyncConnection, table: Table, lines: pa.Table, progress: Callable[[float], None]
) -> None:
    titles = _titles()
    first = 1
    for batch in lines.to_batches(max_chunksize=ROWS_PER_BATCH):
        await connection.execute(insert(table), _lines(batch, first, titles))
        first += batch.num_rows
        progress((first - 1) / lines.num_rows)


def _titles() -> Mapping[int, str | None]:
    products = pq.read_table(FOLDER / "products.parquet")
    return {row["id"]: row["title"] for row in products.to_pylist()}


def _lines(batch: pa.RecordBatch, first: int, titles: Mapping[int, str | None]) -> list[Row]:
    return [
        {
            "id": first + place,
            "order_id": row["order_id"],
            "product_id": row["product_id"],
            "product_title": titles.get(row["product_id"]),
            "quantity": row["quantity"],
            "price": _money(row["price_cents"]),
        }
        for place, row in enumerate(batch.to_pylist())
    ]


def _orders(orders: pa.Table) -> Iterator[Row]:
    for row in orders.to_pylist():
        yield {
            "id": row["id"],
            "customer_id": row["customer_id"],
            "order_number": str(row["id"]),
            "total_price": _money(row["total_cents"]),
            "created_at": row["created_at"],
            "financial_status": row["financial_status"],
            "currency": CURRENCY,
            "fulfillment_status": "fulfilled" if row["financial_status"] == "paid" else None,
        }


def _customers(orders: pa.Table) -> list[Row]:
    """Invent a person for every customer; what they bought is real."""
    seen: dict[int, tuple[datetime, datetime]] = {}  # first and last invoice
    bought: dict[int, list[int]] = {}
    for row in orders.to_pylist():  # ordered by time
        if (identity := row["customer_id"]) is None:
            continue
        first, _ = seen.get(identity, (row["created_at"],) * 2)
        seen[identity] = first, row["created_at"]
        if row["financial_status"] == "paid" and row["total_cents"] > 0:
            bought.setdefault(identity, []).append(row["total_cents"])
    chooser = random.Random(2011)  # noqa: S311, invented names need no secrecy
    return [
        _customer(identity, *seen[identity], bought.get(identity, []), chooser)
        for identity in sorted(seen)
    ]


def _customer(
    identity: int,
    first_seen: datetime,
    last_seen: datetime,
    cents: list[int],
    chooser: random.Random,
) -> Row:
    first, last = chooser.choice(FIRST_NAMES), chooser.choice(LAST_NAMES)
    return {
        "id": identity,
        "email": f"{first}.{last}.{identity}@example.com".lower(),
        "first_name": first,
        "last_name": last,
        "total_spent": _money(sum(cents)),
        "orders_count": len(cents),
        "created_at": first_seen,
        "updated_at": last_seen,
    }


def _money(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)
