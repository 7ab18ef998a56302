"""Files with the guide's own columns."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from backend.files import values
from backend.files.records import Item, Line, Record, Rejected, ShopTerms, TableName
from backend.files.values import NotThat

REQUIRED: Mapping[TableName, tuple[str, ...]] = {
    "customers": ("id", "email"),
    "orders": ("id", "customer_id", "total_price", "created_at"),
    "line_items": ("id", "order_id"),
}
TEXT_LENGTHS = {
    "first_name": 100,
    "last_name": 100,
    "order_number": 50,
    "financial_status": 50,
    "fulfillment_status": 50,
    "product_title": 255,
    "vendor": 100,
}
IDS = ("id", "customer_id", "order_id", "product_id")
COUNTS = ("quantity", "orders_count")
AMOUNTS = ("total_price", "total_spent", "price")
INSTANTS = ("created_at", "updated_at")
COLUMNS: Mapping[TableName, tuple[str, ...]] = {
    "customers": (
        "id",
        "email",
        "first_name",
        "last_name",
        "total_spent",
        "orders_count",
        "created_at",
        "updated_at",
    ),
    "orders": (
        "id",
        "customer_id",
        "order_number",
        "total_price",
        "created_at",
        "financial_status",
        "fulfillment_status",
    ),
    "line_items": (
        "id",
        "order_id",
        "product_id",
        "product_title",
        "quantity",
        "price",
        "vendor",
    ),
}
NEVER_EMPTY = {
    "customers": ("id",),
    "orders": ("id", "created_at"),
    "line_items": REQUIRED["line_items"],
}


def read_plain(table: TableName, lines: Iterator[Line], shop: ShopTerms) -> Iterator[Item]:
    """Turn each line into a row of the table."""
    for line in lines:
        try:
            yield Record(table, _row(table, line, shop.zone))
        except NotThat as problem:
            yield Rejected(line.number, str(problem), line.fields)


def _row(table: TableName, line: Line, zone: ZoneInfo) -> dict[str, Any]:
    row = {column: _value(column, line.get(column), zone) for column in COLUMNS[table]}
    for column in NEVER_EMPTY[table]:
        if row[column] is None:
            raise NotThat(f"{column} is empty")
    return row


def _value(column: str, text: str, zone: ZoneInfo) -> Any:
    if text == "":
        return None
    if column in TEXT_LENGTHS:
        return text[: TEXT_LENGTHS[column]]
    readers: dict[str, Callable[[str, str], Any]] = {
        **dict.fromkeys(IDS, values.whole_number),
        **dict.fromkeys(COUNTS, values.count),
        **dict.fromkeys(AMOUNTS, values.amount),
        **dict.fromkeys(INSTANTS, partial(values.instant, zone=zone)),
        "email": values.email,
    }
    return readers[column](column, text)
