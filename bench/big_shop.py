"""A shop of any size in a database: customers with names, with five orders each or none."""

import io
import random
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import asyncpg
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text

from backend.database.engine import create_engine, libpq_uri, parse_url, transaction

AS_OF = "2026-01-01"
START, DAYS = np.datetime64("2024-01-01", "s"), 730
SYLLABLES = (
    "an",
    "ar",
    "bel",
    "ber",
    "da",
    "do",
    "el",
    "er",
    "fa",
    "gi",
    "ha",
    "in",
    "jo",
    "ka",
    "li",
)
HOSTS = ("example.org", "example.com", "mail.example.net")
FIRST_NAMES, LAST_NAMES = 400, 8_000
Person = tuple[int, str, str, str]
TABLES = (
    "CREATE TABLE customers (id BIGINT PRIMARY KEY, email VARCHAR(255), first_name VARCHAR(100), "
    "last_name VARCHAR(100), total_spent DECIMAL(10,2), orders_count INTEGER, "
    "created_at TIMESTAMP, updated_at TIMESTAMP)",
    "CREATE TABLE orders (id BIGINT PRIMARY KEY, customer_id BIGINT, total_price DECIMAL(10,2), "
    "created_at TIMESTAMP, financial_status VARCHAR(50))",
)
INDEXES = (
    "CREATE INDEX idx_orders_customer ON orders (customer_id)",
    "CREATE INDEX idx_customers_email ON customers (email)",
)
CUSTOMER = ("id", "email", "first_name", "last_name")
ORDER = ("id", "customer_id", "total_price", "created_at", "financial_status")
LINE = ("id", "order_id", "product_id", "quantity", "price", "vendor")
OF_LINES = (
    "CREATE TABLE order_line_items (id BIGINT PRIMARY KEY, order_id BIGINT, product_id BIGINT, "
    "quantity INTEGER, price DECIMAL(10,2), vendor VARCHAR(100))",
    "CREATE INDEX idx_lines_order ON order_line_items (order_id)",
)
LINES_PER_ORDER, PRODUCTS, VENDORS = 2, 5_000, 40
CHUNK = 1 << 22
ROWS_AT_ONCE = 1 << 20
ROWS_PER_STATEMENT = 5_000


@dataclass(frozen=True, slots=True)
class BigShop:
    """Customers are 1 … `customers`; orders are in the order of time.

    Attributes
    ----------
    owner, at, price
        Shape (orders,): whose an order is, days after the start, currency units.
    """

    customers: int
    owner: NDArray[np.int64]
    at: NDArray[np.float64]
    price: NDArray[np.float64]

    def order_rows(self) -> Iterator[tuple[object, ...]]:
        """Give the orders."""
        for rows in _some(len(self.price)):
            when = (START + (self.at[rows] * 86_400).astype("timedelta64[s]")).astype(str)
            columns = (self.owner[rows].tolist(), self.price[rows].tolist(), when.tolist())
            for number, (owner, price, at) in enumerate(zip(*columns, strict=True), rows.start + 1):
                yield number, owner, f"{price:.2f}", at.replace("T", " "), "paid"

    def line_rows(self, seed: int = 0) -> Iterator[tuple[object, ...]]:
        """Give two lines to each order; few products are most of what is bought."""
        chance = np.random.default_rng(seed)
        products = chance.zipf(1.4, LINES_PER_ORDER * len(self.price)) % PRODUCTS
        for rows in _some(len(products)):
            for number, product in enumerate(products[rows].tolist(), rows.start):
                order = number // LINES_PER_ORDER
                price = f"{self.price[order] / LINES_PER_ORDER:.2f}"
                yield number + 1, order + 1, product, 1 + number % 3, price, f"v{product % VENDORS}"


def _some(rows: int) -> Iterator[slice]:
    """Cut so many rows, which as Python's objects take a hundred bytes each and more."""
    return (slice(start, min(start + ROWS_AT_ONCE, rows)) for start in range(0, rows, ROWS_AT_ONCE))


def people(count: int) -> Iterator[Person]:
    """Invent customers: first names of a few hundred, some a hundred times as common as others."""
    chance = random.Random(5)
    firsts = [_name(chance, 2) for _ in range(FIRST_NAMES)]
    lasts = [_name(chance, 3) for _ in range(LAST_NAMES)]
    for number in range(1, count + 1):
        first = firsts[int(chance.paretovariate(0.7)) % len(firsts)]
        last = lasts[chance.randrange(len(lasts))]
        yield number, f"{first}.{last}{number}@{chance.choice(HOSTS)}".lower(), first, last


def _name(chance: random.Random, syllables: int) -> str:
    return "".join(chance.choices(SYLLABLES, k=syllables)).capitalize()


def without_orders(customers: int) -> BigShop:
    """Invent customers alone."""
    none = np.zeros(0)
    return BigShop(customers, none.astype(np.int64), none, none)


def invented(customers: int, seed: int = 0) -> BigShop:
    """Invent one: rates and spend differ between customers, and most leave at some time."""
    chance = np.random.default_rng(seed)
    joined = chance.uniform(0, DAYS - 10, customers)
    stays = np.minimum(chance.exponential(400, customers), DAYS - 0.1 - joined)
    share = chance.gamma(0.7, 1, customers) * stays
    repeats = chance.poisson(4 * customers * share / share.sum())
    owner = np.concatenate([np.arange(customers), np.repeat(np.arange(customers), repeats)])
    at = joined[owner] + chance.uniform(0, 1, len(owner)) * stays[owner]
    at[:customers] = joined
    spend = chance.normal(3.5, 0.6, customers)[owner]
    price = np.exp(chance.normal(spend, 0.5)).clip(0.01, 9e6)
    order = np.argsort(at, kind="stable")
    return BigShop(customers, owner[order] + 1, at[order], price[order])


async def fill(url: str, shop: BigShop, *, lines: bool = False) -> None:
    """Make the shop's tables and fill them."""
    tables = [("customers", CUSTOMER, people(shop.customers)), ("orders", ORDER, shop.order_rows())]
    await _execute(url, TABLES)
    if lines:
        await _execute(url, OF_LINES)
        tables.append(("order_line_items", LINE, shop.line_rows()))
    for table, columns, rows in tables:
        if url.startswith("postgresql"):
            await _copy(url, table, columns, rows)
        else:
            await _insert(url, table, columns, rows)
    await _execute(url, INDEXES)
    if url.startswith("postgresql"):
        connection = await asyncpg.connect(libpq_uri(parse_url(url)))
        await connection.execute("VACUUM ANALYZE")
        await connection.close()


async def _execute(url: str, statements: Iterable[str]) -> None:
    engine = create_engine(url)
    async with transaction(engine) as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await engine.dispose()


async def _copy(
    url: str, table: str, columns: tuple[str, ...], rows: Iterator[tuple[object, ...]]
) -> None:
    connection = await asyncpg.connect(libpq_uri(parse_url(url)))
    await connection.copy_to_table(table, source=_lines(rows), columns=columns, format="csv")
    await connection.close()


async def _lines(rows: Iterator[tuple[object, ...]]) -> AsyncIterator[bytes]:
    written = io.StringIO()
    for row in rows:
        written.write(",".join(map(str, row)) + "\n")
        if written.tell() > CHUNK:
            yield written.getvalue().encode()
            written = io.StringIO()
    yield written.getvalue().encode()


async def _insert(
    url: str, table: str, columns: tuple[str, ...], rows: Iterator[tuple[object, ...]]
) -> None:
    beginning = f"INSERT INTO {table} ({', '.join(columns)}) VALUES "
    engine = create_engine(url)
    async with transaction(engine) as connection:
        while some := [*islice(rows, ROWS_PER_STATEMENT)]:
            statement = beginning + ",".join(map(_written_out, some))
            await connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
    await engine.dispose()


def _written_out(row: tuple[object, ...]) -> str:
    """Write a row as SQL has it: what is invented holds no quotes."""
    cells = (str(cell) if isinstance(cell, int) else f"'{cell}'" for cell in row)
    return f"({','.join(cells)})"
