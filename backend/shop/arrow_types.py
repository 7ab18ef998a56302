"""What types columns of the shop have on their way into memory."""

import pyarrow as pa

from backend.database.kinds import Kind
from backend.shop.counted import knows_utc
from backend.shop.shop import Source


def order_schema(orders: Source, dialect: str) -> pa.Schema:
    """Return the Arrow types of `order_rows`."""
    kinds = orders.kinds
    return pa.schema(
        {
            "order_id": id_type(kinds["id"]),
            "customer_id": id_type(kinds["customer_id"]),
            "created_at": _time_type(kinds["created_at"], dialect),
            "amount_micros": pa.int64(),
            "reasons": pa.int16(),
            **({"in_utc": pa.int8()} if knows_utc(orders) else {}),
        }
    )


def id_type(kind: Kind) -> pa.DataType:
    """Return the Arrow type of an id of this kind."""
    return pa.int64() if kind is Kind.INTEGER else pa.string()


def _time_type(kind: Kind, dialect: str) -> pa.DataType:
    if kind in {Kind.DATETIME, Kind.INSTANT}:
        return pa.timestamp("us") if dialect == "postgresql" else pa.int64()
    return pa.int64() if kind is Kind.INTEGER else pa.string()
