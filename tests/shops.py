"""Small invented shops in the guide's tables, the same for the same seed."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from sqlalchemy import insert

from backend.database.engine import create_engine, transaction
from backend.files.create_tables import create_shop_tables
from backend.files.guide_tables import shop_tables
from backend.results.run_report import ReportHorizons

AS_OF = datetime(2024, 6, 1, tzinfo=UTC)
HORIZONS = ReportHorizons(prediction_days=365, churn_days=180)
NAMES = {"customers": "customers", "orders": "orders", "line_items": "order_line_items"}
VARIABLES = {
    "CUSTOMERS_TABLE": "customers",
    "ORDERS_TABLE": "orders",
    "LINE_ITEMS_TABLE": "order_line_items",
}
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shop:
    """Rows of the three tables."""

    customers: list[Row]
    orders: list[Row]
    lines: list[Row]

    def spent(self, customer_id: int) -> Decimal:
        """Sum what a customer's counted orders cost."""
        return sum((row["total_price"] for row in self.counted(customer_id)), Decimal(0))

    def counted(self, customer_id: int) -> list[Row]:
        """Return the orders of a customer that count."""
        return [
            row
            for row in self.orders
            if row["customer_id"] == customer_id and row["financial_status"] == "paid"
        ]


def invented(customers: int = 240, seed: int = 0, as_of: datetime = AS_OF) -> Shop:
    """Invent a shop with orders in the two years before `as_of`.

    Half buy once, the others up to a dozen times; a tenth of the customers never bought.
    """
    rng = np.random.default_rng(seed)
    people = [_customer(number) for number in range(1, customers + 1)]
    orders: list[Row] = []
    for person in people[: int(customers * 0.9)]:
        orders.extend(_orders_of(person["id"], rng, len(orders) + 1, as_of))
    lines = [_line(order) for order in orders]
    return Shop(people, orders, lines)


def _customer(number: int) -> Row:
    return {
        "id": number,
        "email": f"person{number}@example.com",
        "first_name": f"First{number}",
        "last_name": f"Last{number}",
        "created_at": datetime(2022, 1, 1),  # noqa: DTZ001, the guide's columns are naive
    }


def _orders_of(
    customer_id: int, rng: np.random.Generator, first_id: int, as_of: datetime
) -> list[Row]:
    count = 1 if rng.random() < 0.5 else int(rng.integers(2, 12))
    ages = np.sort(rng.uniform(1, 700, count))[::-1]
    return [
        {
            "id": first_id + place,
            "customer_id": customer_id,
            "order_number": f"#{first_id + place}",
            "total_price": Decimal(int(rng.integers(500, 20_000))).scaleb(-2),
            "created_at": (as_of - timedelta(days=float(age))).replace(tzinfo=None, microsecond=0),
            "financial_status": "paid" if rng.random() < 0.95 else "refunded",
            "fulfillment_status": "fulfilled",
        }
        for place, age in enumerate(ages)
    ]


def _line(order: Row) -> Row:
    product = order["id"] % 17
    return {
        "id": order["id"],
        "order_id": order["id"],
        "product_id": product,
        "product_title": f"Product {product}",
        "quantity": 1 + order["id"] % 3,
        "price": order["total_price"],
        "vendor": f"Vendor {product % 4}",
    }


async def fill(url: str, shop: Shop) -> None:
    """Make the guide's tables in a database and put a shop into them."""
    engine = create_engine(url)
    await create_shop_tables(engine, NAMES)
    tables = shop_tables(**NAMES).tables
    async with transaction(engine) as connection:
        for name, rows in (
            ("customers", shop.customers),
            ("orders", shop.orders),
            ("order_line_items", shop.lines),
        ):
            if rows:
                await connection.execute(insert(tables[name]), rows)
    await engine.dispose()
