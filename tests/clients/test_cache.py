"""The cache against a real Redis that goes away, hangs, fills up and comes back."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from pydantic import BaseModel
from redis import Redis

from backend import __version__
from backend.api.caching import cached
from backend.clients import redis_cache as module
from backend.clients.cache import NullCache, create_cache
from backend.clients.redis_cache import RedisCache
from backend.store.runs import Published
from backend.store.served import Served
from tests.services import Server, free_port
from tests.shops import AS_OF
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.external


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try a failed Redis again at once."""
    monkeypatch.setattr(module, "RETRY_AFTER_SECONDS", 0.0)


@pytest.fixture
async def cache(redis: Server) -> AsyncIterator[RedisCache]:
    made = RedisCache(redis.url, ttl_seconds=60)
    yield made
    await made.close()


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == module.__name__]


async def test_what_is_kept_is_found_until_it_expires(cache: RedisCache, redis: Server) -> None:
    assert await cache.get("a") is None
    await cache.set("a", b"1")
    assert await cache.get("a") == b"1"
    with Redis.from_url(redis.url) as direct:
        assert 0 < direct.ttl("intelligence:a") <= 60


async def test_redis_away_costs_a_line_and_a_counter(
    cache: RedisCache, redis: Server, caplog: pytest.LogCaptureFixture
) -> None:
    if not redis.is_ours:
        pytest.skip("the given Redis must not be stopped")
    caplog.set_level(logging.INFO)
    await cache.set("a", b"1")
    redis.stop()
    for _ in range(3):
        assert await cache.get("a") is None
    assert cache.reading.failures == 3
    redis.start()
    assert await cache.get("a") is None
    await cache.set("a", b"2")
    assert await cache.get("a") == b"2"
    assert said(caplog) == ["cache read fails", "cache read works again"]


async def test_a_hanging_redis_is_not_waited_for(cache: RedisCache, redis: Server) -> None:
    if not redis.is_ours:
        pytest.skip("the given Redis must not be paused")
    await cache.set("a", b"1")
    redis.pause()
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await cache.get("a") is None
    assert cache.reading.failures == 1
    assert module.TIMEOUT_SECONDS < 1
    redis.resume()
    assert await cache.get("a") == b"1"


async def test_a_full_redis_can_still_be_read(
    cache: RedisCache, redis: Server, caplog: pytest.LogCaptureFixture
) -> None:
    await cache.set("a", b"1")
    with Redis.from_url(redis.url) as direct:
        direct.config_set("maxmemory", "1")
        await cache.set("b", b"x" * 1000)
        await cache.set("b", b"x" * 1000)
        assert await cache.get("a") == b"1"
        direct.config_set("maxmemory", "0")
    assert (cache.writing.failures, cache.reading.failures) == (2, 0)
    await cache.set("b", b"2")
    assert await cache.get("b") == b"2"
    assert said(caplog)[0] == "cache write fails"


async def test_while_redis_rests_nothing_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "RETRY_AFTER_SECONDS", 60.0)
    cache = RedisCache(f"redis://127.0.0.1:{free_port()}/0", ttl_seconds=60)
    for _ in range(5):
        assert await cache.get("a") is None
        await cache.set("a", b"1")
    await cache.close()
    assert (cache.reading.failures, cache.writing.failures) == (1, 0)


async def test_without_a_url_nothing_is_kept() -> None:
    cache = create_cache(None, ttl_seconds=60)
    assert isinstance(cache, NullCache)
    await cache.set("a", b"1")
    assert await cache.get("a") is None
    await cache.close()


async def test_what_is_of_another_kind_under_a_live_key_is_a_miss(
    cache: RedisCache, redis: Server
) -> None:
    with Redis.from_url(redis.url) as direct:
        direct.delete("intelligence:a")
        direct.rpush("intelligence:a", "not", "text")
    assert await cache.get("a") is None
    assert cache.reading.failures == 0
    await cache.set("a", b"1")
    assert await cache.get("a") == b"1"


async def test_a_time_out_in_the_url_does_not_replace_ours(redis: Server) -> None:
    cache = RedisCache(f"{redis.url}?socket_timeout=600&timeout=600", ttl_seconds=60)
    await cache.set("a", b"1")
    assert await cache.get("a") == b"1"
    await cache.close()


@pytest.mark.parametrize("spoilt", [b"", b"{", b"[]", b"\xff", b'{"id": 1}'])
async def test_a_spoilt_value_is_a_miss_and_mended(cache: RedisCache, spoilt: bytes) -> None:
    served = Served(Published("run", AS_OF, "integer", 0), erased=0, last_erased_at=None)
    key = f"{__version__}:run:0:0:None:health"
    await cache.set(key, spoilt)

    async def read() -> Answered:
        return Answered(told="anew")

    for _ in range(2):
        assert await cached(cache, served, "health", Answered, read) == Answered(told="anew")
    assert await cache.get(key) == b'{"told":"anew"}'


class Answered(BaseModel):
    told: str
