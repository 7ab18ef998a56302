"""Answers kept under the state of what is served, so that a new run makes old ones unreachable.

Which run is served is asked of the database each time, one row by a unique index: a cached answer
is therefore never of an older run than an uncached one would be.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from backend import __version__
from backend.api.counts import CACHE_READS
from backend.clients.cache import Cache
from backend.store.served import Served

HITS, MISSES = CACHE_READS.labels("hit"), CACHE_READS.labels("miss")

Answer = TypeVar("Answer", bound=BaseModel)


async def cached(
    cache: Cache,
    served: Served,
    name: str,
    model: type[Answer],
    read: Callable[[], Awaitable[Answer]],
) -> Answer:
    """Return the answer kept under `name` for what is served, or read and keep it."""
    if (published := served.published) is None:
        return await read()
    erased = f"{served.erased}:{served.last_erased_at}"
    key = f"{__version__}:{published.run_id}:{published.revision}:{erased}:{name}"
    kept = await cache.get(key)
    (MISSES if kept is None else HITS).inc()
    if kept is not None and (known := _readable(model, kept)) is not None:
        return known
    answer = await read()
    await cache.set(key, answer.model_dump_json().encode())
    return answer


def _readable(model: type[Answer], kept: bytes) -> Answer | None:
    """Return what was kept; None where somebody or something spoilt it: a miss, mended at once."""
    try:
        return model.model_validate_json(kept)
    except ValidationError:
        return None
