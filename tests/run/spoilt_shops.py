"""A clean shop, and what can be the matter with one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.shops import AS_OF, Shop, invented

Change = Callable[[Shop], Shop]


def clean() -> Shop:
    """Invent a shop that orders by day and knows its own sums."""
    shop = invented(400)
    orders = [
        {**row, "created_at": row["created_at"].replace(hour=8 + row["id"] % 14)}
        for row in shop.orders
    ]
    brought: dict[int, list[Decimal]] = {row["id"]: [] for row in shop.customers}
    for row in orders:
        if row["financial_status"] == "paid":
            brought[row["customer_id"]].append(row["total_price"])
    people = [
        {
            **row,
            "total_spent": sum(brought[row["id"]], Decimal(0)),
            "orders_count": len(brought[row["id"]]),
        }
        for row in shop.customers
    ]
    return replace(shop, orders=orders, customers=people)


def orders_with(share: int, **changes: Any) -> Change:
    """Change every so manieth order."""

    def change(shop: Shop) -> Shop:
        rows = [{**row, **changes} if row["id"] % share == 0 else row for row in shop.orders]
        return replace(shop, orders=rows)

    return change


def moved(hours: int) -> Change:
    """Keep the shop's clock so many hours wrong."""

    def change(shop: Shop) -> Shop:
        rows = [
            {**row, "created_at": row["created_at"] - timedelta(hours=hours)} for row in shop.orders
        ]
        return replace(shop, orders=rows)

    return change


def only_recent(shop: Shop) -> Shop:
    start = (AS_OF - timedelta(days=100)).replace(tzinfo=None)
    return replace(shop, orders=[row for row in shop.orders if row["created_at"] > start], lines=[])


def only_few(shop: Shop) -> Shop:
    return replace(shop, orders=[row for row in shop.orders if row["customer_id"] < 16], lines=[])


def twins(shop: Shop) -> Shop:
    people = [{**row, "email": f"twin{row['id'] // 2}@example.com"} for row in shop.customers]
    return replace(shop, customers=people)


def misstated(shop: Shop) -> Shop:
    return replace(shop, customers=[{**row, "total_spent": 1} for row in shop.customers])


def cash_on_delivery(shop: Shop) -> Shop:
    """Wait for the money of every third order, all of which were sent."""
    return orders_with(3, financial_status="pending")(shop)


def unpaid_by_nobody(shop: Shop) -> Shop:
    """Let no order be paid, nor have a customer."""
    return orders_with(1, financial_status="pending", customer_id=None)(shop)


def with_one_order_of(total: int) -> Change:
    """Let one customer's only order cost far too much."""

    def change(shop: Shop) -> Shop:
        rows = [{**row, "financial_status": "paid"} for row in shop.orders[:1]]
        rows[0]["total_price"] = Decimal(total)
        return replace(shop, orders=[*rows, *shop.orders[1:]])

    return change


def through_one_till(shop: Shop) -> Shop:
    """Let every second order be of the till's account."""
    return orders_with(2, customer_id=400)(shop)


def with_a_tester(shop: Shop) -> Shop:
    first, *others = shop.customers
    return replace(shop, customers=[{**first, "email": "test@example.org"}, *others])


def with_last_names(share: int, odd: str) -> Change:
    """Give people a name beyond ASCII, and every so manieth of them another one."""

    def change(shop: Shop) -> Shop:
        people = [
            {**row, "last_name": odd if row["id"] % share == 0 else "Müller"}
            for row in shop.customers
        ]
        return replace(shop, customers=people)

    return change
