"""Our own tables, and the guide's shop tables for those who copy its schema.

Two metadatas: `intelligence` is migrated by us; `shop_tables` builds the shop's three tables as
the guide prints them, under configured names, and is never migrated.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Double,
    Float,
    Index,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    TypeDecorator,
    func,
)
from sqlalchemy.dialects.mysql import DATETIME, LONGTEXT, TIMESTAMP
from sqlalchemy.types import TypeEngine

CUSTOMER_ID_LENGTH = 255
SEGMENT_ID_LENGTH = 100


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant in Python, a naive UTC timestamp in the database."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Keep microseconds on MySQL, whose default drops them."""
        if dialect.name in {"mysql", "mariadb"}:
            return dialect.type_descriptor(DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime(timezone=False))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC and drop the zone."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Say that it is UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


class UtcTimestamp(UtcDateTime):
    """The guide prints TIMESTAMP, which on MySQL is a type of its own, in whole seconds."""

    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Use MySQL's TIMESTAMP there."""
        if dialect.name in {"mysql", "mariadb"}:
            return dialect.type_descriptor(TIMESTAMP())
        return super().load_dialect_impl(dialect)


def long_text() -> Text:
    """Return text without MySQL's bound of 64 KiB."""
    return Text().with_variant(LONGTEXT(), "mysql", "mariadb")


def text_id(length: int) -> String:
    """Return an id compared byte by byte: on MySQL the default collation ignores case."""
    return String(length).with_variant(String(length, collation="utf8mb4_bin"), "mysql", "mariadb")


intelligence = MetaData(
    naming_convention={
        "ix": "idx_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)

# The first eight columns are the guide's, as printed. customer_id is BIGINT where the shop's ids
# are integers, so that the shop's own SQL joins on it; `fit_customer_id_type` makes it text
# elsewhere.
customer_intelligence = Table(
    "customer_intelligence",
    intelligence,
    Column("customer_id", BigInteger, primary_key=True, autoincrement=False),
    Column("archetype_id", String(SEGMENT_ID_LENGTH), comment="Segment identifier"),
    Column("archetype_name", String(255), comment="Human-readable segment name"),
    Column("archetype_level", Integer, comment="Depth of the segment: 1 = top branch"),
    Column("ltv", Numeric(10, 2), comment="historical_value + predicted_value"),
    Column(
        "churn_risk",
        Numeric(5, 4),
        comment="Probability of no counted order within the churn horizon after as_of",
    ),
    Column(
        "cluster_confidence",
        Numeric(5, 4),
        comment="Share of refits in which the customer keeps this segment",
    ),
    Column("updated_at", UtcTimestamp, server_default=func.now()),
    Column("historical_value", Numeric(18, 2), comment="Sum of counted total_price"),
    Column("predicted_value", Numeric(18, 2), comment="Expected spend in the value horizon"),
    Column("predicted_value_low", Numeric(18, 2), comment="Lower end of the 80 % interval"),
    Column("predicted_value_high", Numeric(18, 2), comment="Upper end of the 80 % interval"),
    Column("predicted_orders", Numeric(12, 4), comment="Expected orders in the value horizon"),
    Column("predicted_orders_low", Numeric(12, 4), comment="Lower end of the 80 % interval"),
    Column("predicted_orders_high", Numeric(12, 4), comment="Upper end of the 80 % interval"),
    Column("next_order_p10", UtcDateTime, comment="10 % quantile of the next order's time"),
    Column("next_order_p50", UtcDateTime, comment="Median of the next order's time"),
    Column("next_order_p90", UtcDateTime, comment="90 % quantile of the next order's time"),
    Column("frequency", Integer, comment="Number of counted orders"),
    Column("recency_days", Integer, comment="Days from the last counted order to as_of"),
    Column("avg_order_value", Numeric(18, 2), comment="historical_value / frequency"),
    Column("status", String(32), nullable=False, comment="scored, or why numbers are null"),
    Column("run_id", String(32), nullable=False, comment="The run that said so"),
    Column("age_days", Integer, comment="Days from the first counted order to as_of"),
    Column("usual_gap_days", Float, comment="Mean days between days with orders"),
    Column("order_days", Integer, comment="Number of days with counted orders"),
    Column("typical_order_value", Double, comment="Geometric mean of counted total_price"),
    Index("idx_intelligence_archetype", "archetype_id"),
    Index("idx_intelligence_updated", "updated_at"),
)

segments = Table(
    "segments",
    intelligence,
    Column("id", String(SEGMENT_ID_LENGTH), primary_key=True),
    Column("position", Integer, nullable=False, comment="Order in which segments are shown"),
    Column("parent_id", String(SEGMENT_ID_LENGTH)),
    Column(
        "is_group",
        Integer,
        nullable=False,
        server_default="0",
        comment="1 where customers are in its parts",
    ),
    Column("level", Integer, nullable=False),
    Column("name", String(255), nullable=False),
    Column("description", Text),
    Column("customer_count", Integer, nullable=False),
    Column("avg_ltv", Numeric(18, 2)),
    Column("churn_risk_avg", Numeric(5, 4)),
    Column("profile", long_text(), nullable=False, comment="JSON: characteristics and more"),
    Column("run_id", String(32), nullable=False),
)

# Names outlive the segments of any one run: campaigns hang on them.
segment_names = Table(
    "segment_names",
    intelligence,
    Column("segment_id", String(SEGMENT_ID_LENGTH), primary_key=True),
    Column("name", String(255), nullable=False, unique=True),
    Column("description", Text),
    Column("given_by", String(16), nullable=False, comment="person, model or rule"),
    Column("updated_at", UtcDateTime, nullable=False),
)

segment_changes = Table(
    "segment_changes",
    intelligence,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("customer_id", BigInteger, nullable=False),
    Column("from_segment_id", String(SEGMENT_ID_LENGTH), comment="null: newly known"),
    Column("to_segment_id", String(SEGMENT_ID_LENGTH), comment="null: no longer known"),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("run_id", String(32), nullable=False),
    Column("cause", String(16), nullable=False, comment="behaviour or model"),
    Index("idx_segment_changes_customer", "customer_id"),
    Index("idx_segment_changes_run", "run_id"),
)

segment_lineage = Table(
    "segment_lineage",
    intelligence,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("segment_id", String(SEGMENT_ID_LENGTH), nullable=False),
    Column("event", String(16), nullable=False, comment="born, split, merged or died"),
    Column("relatives", long_text(), nullable=False, comment="JSON: share of customers by segment"),
    Column("happened_at", UtcDateTime, nullable=False),
    Column("run_id", String(32), nullable=False),
)

runs = Table(
    "runs",
    intelligence,
    Column("id", String(32), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("active", Integer, unique=True, comment="1 while queued or running, else null"),
    Column("published", Integer, unique=True, comment="1 for the run that is served, else null"),
    Column(
        "revision", Integer, nullable=False, comment="Counts corrections since it was published"
    ),
    Column("request", long_text(), nullable=False, comment="JSON"),
    Column("as_of", UtcDateTime, comment="The instant the run describes"),
    Column("customer_id_type", String(8), comment="integer or text, as the shop's ids are"),
    Column("lease_token", String(64)),
    Column("lease_until", UtcDateTime),
    Column("stage", String(16)),
    Column("share_done", Float, nullable=False),
    Column("counts", long_text(), nullable=False, comment="JSON"),
    Column("queued_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("error", Text),
    Column("report", long_text(), comment="JSON"),
    Column("explainer", long_text(), comment="JSON: what explains a customer's numbers"),
    Column("model", long_text(), comment="JSON: the standing segmentation"),
    CheckConstraint("state IN ('queued', 'running', 'succeeded', 'failed')", name="ck_runs_state"),
    Index("idx_runs_queued_at", "queued_at"),
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
