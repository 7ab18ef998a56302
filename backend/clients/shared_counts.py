"""Counts in Redis, the same for all replicas; while it is away each process counts by itself."""

from time import time

from limits import RateLimitItem
from limits.aio.storage import RedisStorage
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from backend.clients.redis_cache import PREFIX, TIMEOUT_SECONDS, Circuit
from backend.clients.redis_url import usable_redis_url
from backend.clients.request_counts import CountsHere, Usage


class SharedCounts:
    """Counts in Redis, or here while it does not answer."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(
            usable_redis_url(url),
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), retries=1),  # a connection that Redis closed meanwhile
        )
        self._storage = RedisStorage(
            "async+redis://",  # where it is, the pool knows
            implementation="redispy",
            key_prefix=f"{PREFIX}:limits",
            connection_pool=self._redis.connection_pool,  # type: ignore[arg-type]
        )
        self._here = CountsHere()
        self._circuit = Circuit("counting")

    async def hit(self, limit: RateLimitItem, name: str) -> Usage:
        """Count once more."""
        if self._circuit.rests:
            return await self._here.hit(limit, name)
        try:
            count = await self._count(limit, name)
        except (RedisError, OSError) as error:
            self._circuit.failed(error)
            return await self._here.hit(limit, name)
        self._circuit.worked()
        return count

    async def _count(self, limit: RateLimitItem, name: str) -> Usage:
        """Count in a window that begins with the first."""
        key, length = limit.key_for(name), limit.get_expiry()
        asked = await self._storage.incr(key, length)
        ends = await self._storage.get_expiry(key)
        return Usage(limit.amount, asked, length, max(1, round(ends - time())))

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()
