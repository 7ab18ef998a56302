"""How often something was asked for within a minute: counted here, or for all replicas in Redis."""

from dataclasses import dataclass
from time import time
from typing import Protocol

from limits import RateLimitItem
from limits.aio.storage import MemoryStorage, Storage

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


class CountsHere:
    """Counts in this process's memory, of a bounded number of names."""

    def __init__(self) -> None:
        self._storage = MemoryStorage()

    async def hit(self, limit: RateLimitItem, name: str) -> Usage:
        """Count once more."""
        known = self._storage.storage
        if len(known) >= MOST_NAMES and limit.key_for(name) not in known:
            name = OTHERS
        return await counted(self._storage, limit, name)

    async def close(self) -> None:
        """Have nothing to let go of."""


async def counted(storage: Storage, limit: RateLimitItem, name: str) -> Usage:
    """Count in a storage of the library, in windows that begin with the first."""
    key, window = limit.key_for(name), limit.get_expiry()
    asked = await storage.incr(key, window)
    ends = await storage.get_expiry(key)
    return Usage(limit.amount, asked, window, max(1, round(ends - time())))


def create_counts(redis_url: str | None) -> RequestCounts:
    """Return what counts in Redis where there is one, else here."""
    if redis_url is None:
        return CountsHere()
    counts: RequestCounts = late("backend.clients.shared_counts").SharedCounts(redis_url)
    return counts
