"""The only clock; everything below `main` and `cli` is handed the time."""

import time
from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the current instant, aware and in UTC."""
    return datetime.now(UTC)


def monotonic_seconds() -> float:
    """Return seconds since some moment; never goes back."""
    return time.monotonic()


class Seldom:
    """What is due at once, and then again whenever so many seconds have gone by.

    Parameters
    ----------
    every_seconds
        From one time to the next.
    """

    def __init__(self, every_seconds: float) -> None:
        self._every_seconds = every_seconds
        self._last: float | None = None

    def is_due(self) -> bool:
        """Tell whether it is to be done now; who is told so is taken to do it."""
        now = monotonic_seconds()
        if self._last is not None and now - self._last <= self._every_seconds:
            return False
        self._last = now
        return True
