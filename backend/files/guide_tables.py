"""The three tables that the guide prints, for shops that copy its schema.

They are built under configured names and never migrated: a shop's tables are its own.
"""

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


def shop_tables(customers: str, orders: str, line_items: str) -> MetaData:
    """Build the guide's three shop tables with its indexes, under these names.

    Parameters
    ----------
    customers, orders, line_items
        ``table`` or ``schema.table``.
    """
    metadata = MetaData()
    _customers(metadata, customers)
    _orders(metadata, orders)
    _line_items(metadata, line_items)
    return metadata


def split_name(name: str) -> tuple[str | None, str]:
    """Split ``schema.table`` into its two parts; the first is None where there is no dot."""
    schema, _, table = name.rpartition(".")
    return schema or None, table


def _shop_table(metadata: MetaData, name: str, *columns: Any) -> Table:
    schema, table = split_name(name)
    return Table(table, metadata, *columns, schema=schema)


def _id() -> Column[int]:
    # INTEGER PRIMARY KEY is SQLite's own row id; BIGINT would make a second, slower one.
    kind = BigInteger().with_variant(Integer, "sqlite")
    return Column("id", kind, primary_key=True, autoincrement=False)


def _customers(metadata: MetaData, name: str) -> None:
    _shop_table(
        metadata,
        name,
        _id(),
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


def _orders(metadata: MetaData, name: str) -> None:
    _shop_table(
        metadata,
        name,
        _id(),
        Column("customer_id", BigInteger),
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
