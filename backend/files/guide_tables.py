"""The three tables that the guide prints, for shops that copy its schema.

They are built under configured names and never migrated: a shop's tables are its own.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
)
from sqlalchemy.dialects.mysql import VARCHAR
from sqlalchemy.types import TypeEngine

# An id is its text: a and A are two, also where a collation of MySQL's has them for one.
TEXT_ID = String(255).with_variant(VARCHAR(255, collation="utf8mb4_bin"), "mysql", "mariadb")


def shop_tables(customers: str, orders: str, line_items: str) -> MetaData:
    """Build the guide's three shop tables with its indexes, under these names.

    Parameters
    ----------
    customers, orders, line_items
        ``table`` or ``schema.table``.
    """
    return _tables(customers, orders, line_items, BigInteger())


def shop_tables_with_text_ids(customers: str, orders: str, line_items: str) -> MetaData:
    """Build the same, for customers whose ids are text where the guide has numbers."""
    return _tables(customers, orders, line_items, TEXT_ID)


def _tables(customers: str, orders: str, line_items: str, customer_id: TypeEngine[Any]) -> MetaData:
    metadata = MetaData()
    _customers(metadata, customers, customer_id)
    _orders(metadata, orders, customer_id)
    _line_items(metadata, line_items)
    return metadata


# The columns that orders from files have besides the guide's, with the length of their texts.
KEPT: Mapping[str, int] = {"currency": 3, "utc_from_zone": 50, "refund_of": 255}


def kept_columns() -> Sequence[Column[str]]:
    """Build the columns that orders from files have besides the guide's.

    `refund_of` is the id of the order that a refund gives back of; its own total is below zero.
    `utc_from_zone` is the zone in which a time came; where it is there, `created_at` is in UTC and
    no setting of the shop's zone moves it.
    """
    return [Column(name, String(length)) for name, length in KEPT.items()]


def split_name(name: str) -> tuple[str | None, str]:
    """Split ``schema.table`` into its two parts; the first is None where there is no dot."""
    schema, _, table = name.rpartition(".")
    return schema or None, table


def _shop_table(metadata: MetaData, name: str, *columns: Any) -> Table:
    schema, table = split_name(name)
    return Table(table, metadata, *columns, schema=schema)


def _id(kind: TypeEngine[Any] | None = None) -> Column[Any]:
    # INTEGER PRIMARY KEY is SQLite's own row id; BIGINT would make a second, slower one.
    number = BigInteger().with_variant(Integer, "sqlite")
    kind = kind if kind is TEXT_ID else number
    return Column("id", kind, primary_key=True, autoincrement=False)


def _customers(metadata: MetaData, name: str, id_type: TypeEngine[Any]) -> None:
    _shop_table(
        metadata,
        name,
        _id(id_type),
        Column("email", String(255), index=False),
        Column("first_name", String(100)),
        Column("last_name", String(100)),
        Column("total_spent", Numeric(10, 2)),
        Column("orders_count", Integer),
        Column("created_at", DateTime),
        Column("updated_at", DateTime),
        Index("idx_customer_email", "email"),
        Index("idx_customer_created", "created_at"),
    )


def _orders(metadata: MetaData, name: str, id_type: TypeEngine[Any]) -> None:
    _shop_table(
        metadata,
        name,
        _id(),
        Column("customer_id", id_type),
        Column("order_number", String(50)),
        Column("total_price", Numeric(10, 2)),
        Column("created_at", DateTime),
        Column("financial_status", String(50)),
        Column("fulfillment_status", String(50)),
        Index("idx_orders_customer", "customer_id"),
        Index("idx_orders_created", "created_at"),
    )


def _line_items(metadata: MetaData, name: str) -> None:
    _shop_table(
        metadata,
        name,
        _id(),
        Column("order_id", BigInteger),
        Column("product_id", BigInteger),
        Column("product_title", String(255)),
        Column("quantity", Integer),
        Column("price", Numeric(10, 2)),
        Column("vendor", String(100)),
        Index("idx_line_items_order", "order_id"),
    )
