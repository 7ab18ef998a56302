"""Column types that mean the same on every database we write to."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    DateTime,
    Dialect,
    LargeBinary,
    String,
    Text,
    TypeDecorator,
)
from sqlalchemy.dialects.mysql import DATETIME, LONGBLOB, LONGTEXT, TIMESTAMP
from sqlalchemy.types import TypeEngine


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


def long_bytes() -> LargeBinary:
    """Return bytes without MySQL's bound of 64 KiB."""
    return LargeBinary().with_variant(LONGBLOB(), "mysql", "mariadb")


def sorted_text(length: int) -> String:
    """Return text that sorts by code points; on MySQL all of ours does."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


def text_id(dialect: Dialect, length: int) -> String:
    """Return an id compared byte by byte: MySQL's usual collations ignore case and end blanks."""
    return String(length, collation=_exact_collation(dialect))


def _exact_collation(dialect: Dialect) -> str | None:
    if dialect.name not in {"mysql", "mariadb"}:
        return None
    if getattr(dialect, "is_mariadb", False):
        return "utf8mb4_nopad_bin"
    recent = (dialect.server_version_info or ()) >= (8, 0, 17)
    return "utf8mb4_0900_bin" if recent else "utf8mb4_bin"
