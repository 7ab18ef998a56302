"""The only clock; everything below `main` and `cli` is handed the time."""

import time
from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the current instant, aware and in UTC."""
    return datetime.now(UTC)


def monotonic_seconds() -> float:
    """Return seconds since some moment; never goes back."""
    return time.monotonic()
