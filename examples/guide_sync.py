"""The integration guide's sync script, completed: one transaction, safe to repeat.

``DATABASE_URL=postgresql://… python -m examples.guide_sync``, beside a module
``your_ecommerce_api`` that yields customers and orders of the shapes below.
"""

import asyncio
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from typing import Protocol, TypeVar

import asyncpg
from your_ecommerce_api import get_customers, get_orders

BATCH_ROWS = 1_000
Item = TypeVar("Item")

UPSERT_CUSTOMER = """
    INSERT INTO ecommerce.customers
        (id, email, first_name, last_name, total_spent, orders_count, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (id) DO UPDATE SET
        email = EXCLUDED.email,
        first_name = EXCLUDED.first_name,
        last_name = EXCLUDED.last_name,
        total_spent = EXCLUDED.total_spent,
        orders_count = EXCLUDED.orders_count,
        updated_at = EXCLUDED.updated_at
"""
UPSERT_ORDER = """
    INSERT INTO ecommerce.orders
        (id, customer_id, order_number, total_price, created_at, financial_status,
         fulfillment_status)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (id) DO UPDATE SET
        customer_id = EXCLUDED.customer_id,
        total_price = EXCLUDED.total_price,
        financial_status = EXCLUDED.financial_status,
        fulfillment_status = EXCLUDED.fulfillment_status
"""
# An edited order may have lost lines: all of them are written anew.
DELETE_LINES = "DELETE FROM ecommerce.order_line_items WHERE order_id = ANY($1::bigint[])"
INSERT_LINE = """
    INSERT INTO ecommerce.order_line_items
        (id, order_id, product_id, product_title, quantity, price, vendor)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
"""


class Customer(Protocol):
    """A customer as the shop's API gives it; times are aware."""

    id: int
    email: str | None
    first_name: str | None
    last_name: str | None
    total_spent: Decimal | None
    orders_count: int | None
    created_at: datetime
    updated_at: datetime


class Line(Protocol):
    """A line of an order."""

    id: int
    product_id: int | None
    product_title: str
    quantity: int
    price: Decimal
    vendor: str | None


class Order(Protocol):
    """An order with its lines."""

    id: int
    customer_id: int | None
    order_number: str
    total_price: Decimal
    created_at: datetime
    financial_status: str
    fulfillment_status: str | None
    lines: list[Line]


async def sync_data(database_url: str) -> None:
    """Copy every customer and order; after an error the tables are as they were."""
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            for people in batches(get_customers()):
                await write_customers(connection, people)
            for orders in batches(get_orders()):
                await write_orders(connection, orders)
    finally:
        await connection.close()


async def write_customers(connection: asyncpg.Connection, people: list[Customer]) -> None:
    """Insert customers, or bring them up to date."""
    rows = [
        (
            person.id,
            person.email,
            person.first_name,
            person.last_name,
            person.total_spent,
            person.orders_count,
            utc(person.created_at),
            utc(person.updated_at),
        )
        for person in people
    ]
    await connection.executemany(UPSERT_CUSTOMER, rows)


async def write_orders(connection: asyncpg.Connection, orders: list[Order]) -> None:
    """Insert orders, or bring them up to date, with the lines they have now."""
    rows = [
        (
            order.id,
            order.customer_id,
            order.order_number,
            order.total_price,
            utc(order.created_at),
            order.financial_status,
            order.fulfillment_status,
        )
        for order in orders
    ]
    await connection.executemany(UPSERT_ORDER, rows)
    await connection.execute(DELETE_LINES, [order.id for order in orders])
    await connection.executemany(INSERT_LINE, line_rows(orders))


def line_rows(orders: Iterable[Order]) -> list[tuple[object, ...]]:
    """Return the rows of the orders' lines."""
    return [
        (
            line.id,
            order.id,
            line.product_id,
            line.product_title,
            line.quantity,
            line.price,
            line.vendor,
        )
        for order in orders
        for line in order.lines
    ]


def batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Cut a stream into lists, so that it is never held whole."""
    stream = iter(items)
    while batch := list(islice(stream, BATCH_ROWS)):
        yield batch


def utc(instant: datetime) -> datetime:
    """Return the naive UTC time that the guide's TIMESTAMP columns hold."""
    return instant.astimezone(UTC).replace(tzinfo=None)


if __name__ == "__main__":
    asyncio.run(sync_data(os.environ["DATABASE_URL"]))
