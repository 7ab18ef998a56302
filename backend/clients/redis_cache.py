"""Answers kept in Redis for a while. The cache may vanish at any time: then it costs a log line.

A failure opens a circuit for a moment, so that a dead or slow Redis does not slow every request,
and is logged once until Redis works again.
"""

import logging

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from backend.clients.redis_url import usable_redis_url
from backend.core.clock import monotonic_seconds

TIMEOUT_SECONDS = 0.25
RETRY_AFTER_SECONDS = 2.0
PREFIX = "intelligence"
OF_ANOTHER_KIND = "WRONGTYPE"  # under our key is a list or the like: as good as nothing

log = logging.getLogger(__name__)


class Circuit:
    """Remembers that one kind of call fails, so that it rests a moment and is logged once.

    Attributes
    ----------
    failures
        Calls that failed since the start.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._rests_until = 0.0
        self._is_open = False
        self.failures = 0

    @property
    def rests(self) -> bool:
        """Whether a call would most likely fail right now."""
        return monotonic_seconds() < self._rests_until

    def failed(self, error: Exception) -> None:
        """Record a failure."""
        self.failures += 1
        self._rests_until = monotonic_seconds() + RETRY_AFTER_SECONDS
        if not self._is_open:
            log.warning("cache %s fails", self._name, extra={"error": type(error).__name__})
        self._is_open = True

    def worked(self) -> None:
        """Record a success."""
        if self._is_open:
            log.info("cache %s works again", self._name, extra={"failures": self.failures})
        self._is_open = False


class RedisCache:
    """A cache in Redis. Reading and writing fail apart: a full Redis can still be read."""

    keeps = True

    def __init__(self, url: str, *, ttl_seconds: int) -> None:
        self._redis = Redis.from_url(
            usable_redis_url(url),
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), retries=1),  # a connection that Redis closed meanwhile
        )
        self._ttl_seconds = ttl_seconds
        self.reading = Circuit("read")
        self.writing = Circuit("write")

    async def get(self, key: str) -> bytes | None:
        """Return what was kept; None when there is nothing or Redis does not answer."""
        if self.reading.rests:
            return None
        try:
            kept = await self._redis.get(f"{PREFIX}:{key}")
        except ResponseError as error:
            if not str(error).startswith(OF_ANOTHER_KIND):
                self.reading.failed(error)
            return None
        except (RedisError, OSError) as error:
            self.reading.failed(error)
            return None
        self.reading.worked()
        return kept.encode() if isinstance(kept, str) else kept

    async def set(self, key: str, value: bytes) -> None:
        """Keep `value`, if Redis answers."""
        if self.reading.rests or self.writing.rests:
            return
        try:
            await self._redis.set(f"{PREFIX}:{key}", value, ex=self._ttl_seconds)
        except (RedisError, OSError) as error:
            self.writing.failed(error)
        else:
            self.writing.worked()

    async def delete(self, key: str) -> None:
        """Forget what was kept, if Redis answers."""
        if self.writing.rests:
            return
        try:
            await self._redis.delete(f"{PREFIX}:{key}")
        except (RedisError, OSError) as error:
            self.writing.failed(error)
        else:
            self.writing.worked()

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()
