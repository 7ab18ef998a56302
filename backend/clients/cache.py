"""Answers kept for a while, or not at all. Callers expect a miss."""

from typing import Protocol

from backend.core.late import late


class Cache(Protocol):
    """Bytes by key, forgotten after a while, or at any moment.

    Attributes
    ----------
    keeps
        Whether there is one: what is kept nowhere need not be written.
    """

    keeps: bool

    async def get(self, key: str) -> bytes | None:
        """Return what was kept, or None."""
        ...

    async def set(self, key: str, value: bytes) -> None:
        """Keep `value` for the configured time."""
        ...

    async def delete(self, key: str) -> None:
        """Forget what was kept, as far as that can be done now; its time ends it anyway."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class NullCache:
    """No cache: every look is a miss."""

    keeps = False

    async def get(self, key: str) -> bytes | None:
        """Return None."""
        return None

    async def set(self, key: str, value: bytes) -> None:
        """Keep nothing."""

    async def delete(self, key: str) -> None:
        """Have nothing to forget."""

    async def close(self) -> None:
        """Have nothing to let go of."""


def create_cache(url: str | None, *, ttl_seconds: int) -> Cache:
    """Return the cache that `REDIS_URL` asks for."""
    if url is None:
        return NullCache()
    cache: Cache = late("backend.clients.redis_cache").RedisCache(url, ttl_seconds=ttl_seconds)
    return cache
