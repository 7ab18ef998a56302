"""How often something was asked for within a minute: counted here, or for all replicas in Redis."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

from limits import RateLimitItem

from backend.core.late import late

MOST_NAMES = 10_000
# Whom a full memory has no place for: they are counted as one.
OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Usage:
    """How often it was asked for in the current window, this time included."""

    quota: int
    asked: int
    window_seconds: int
    reset_seconds: int

    @property
    def is_within(self) -> bool:
        """Whether it may be had."""
        return self.asked <= self.quota

    @property
    def remaining(self) -> int:
        """How often it may still be had in this window."""
        return max(0, self.quota - self.asked)


class RequestCounts(Protocol):
    """Counts by name, each forgotten when its window ends."""

    async def hit(self, limit: RateLimitItem, name: str) -> Usage:
        """Count once more."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


@dataclass(slots=True)
class Window:
    """What was counted since somebody's first time, until it ends."""

    ends: float
    asked: int = 0


class CountsHere:
    """Counts in this process's memory, of a bounded number of names.

    The library's own memory walks through all it knows at every count: thousands of strangers
    would slow down everybody's keys.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._windows: dict[tuple[RateLimitItem, str], Window] = {}  # the oldest first

    async def hit(self, limit: RateLimitItem, name: str) -> Usage:
        """Count once more."""
        now, length = self._clock(), limit.get_expiry()
        window = self._windows.get((limit, name))
        if window is None or window.ends <= now:
            self._forget_ended(now)
            window = self._begin(limit, name, now + length)
        window.asked += 1
        return Usage(limit.amount, window.asked, length, max(1, round(window.ends - now)))

    async def close(self) -> None:
        """Have nothing to let go of."""

    def _forget_ended(self, now: float) -> None:
        while self._windows and self._windows[oldest := next(iter(self._windows))].ends <= now:
            del self._windows[oldest]

    def _begin(self, limit: RateLimitItem, name: str, ends: float) -> Window:
        key = limit, name if len(self._windows) < MOST_NAMES else OTHERS
        return self._windows.setdefault(key, Window(ends))


def create_counts(redis_url: str | None) -> RequestCounts:
    """Return what counts in Redis where there is one, else here."""
    if redis_url is None:
        return CountsHere()
    counts: RequestCounts = late("backend.clients.shared_counts").SharedCounts(redis_url)
    return counts
