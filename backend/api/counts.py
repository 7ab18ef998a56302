"""What is counted while requests are served, for Prometheus; no label holds what somebody sent.

Where several processes serve, PROMETHEUS_MULTIPROC_DIR names a folder in which each keeps its
counts, and every one of them tells the sum.
"""

from collections.abc import Callable, Mapping
from typing import Final

from prometheus_client import Counter, Gauge, Histogram
from starlette.types import Scope

from backend.database.engine import AsyncEngine
from backend.database.pools import on_use

Increase = Callable[[], None]
Observe = Callable[[float], None]

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

REQUESTS = Counter(
    "intelligence_requests",
    "Requests that were answered.",
    ("method", "route", "status"),
)
DURATIONS = Histogram(
    "intelligence_request_seconds",
    "How long answering took.",
    ("route",),
    buckets=SECONDS,
)
FAILURES = Counter(
    "intelligence_failures",
    "Answers of 500 and above by cause; for a database's the kind of its refusal.",
    ("kind",),
)
CACHE_READS = Counter(
    "intelligence_cache_reads",
    "Reads of the cache that is shared: hit or miss; without Redis all of them miss.",
    ("result",),
)
CONNECTIONS = Gauge(
    "intelligence_pool_connections",
    "Connections of the pool that are in use, over all processes.",
    ("database",),
    multiprocess_mode="livesum",
)
POOL_SIZE = Gauge(
    "intelligence_pool_size",
    "Connections that the pool may have, over all processes.",
    ("database",),
    multiprocess_mode="livesum",
)


class Requests:
    """Counts requests; what belongs to a route is looked up once, not each time."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, int], tuple[Increase, Observe]] = {}

    def count(self, scope: Scope, route: str, status: int, seconds: float) -> None:
        """Count an answer.

        Parameters
        ----------
        scope
            The request's.
        route
            The pattern of its path; a path that no route has is "unknown".
        status, seconds
            Of the answer.
        """
        method = scope["method"]
        key = (method if method in METHODS else OTHER, route, status)
        known = self._known.get(key)
        if known is None:
            known = REQUESTS.labels(*key).inc, DURATIONS.labels(route).observe
            self._known[key] = known
        increase, observe = known
        increase()
        observe(seconds)


def watch_pools(engines: Mapping[str, tuple[AsyncEngine, int]]) -> None:
    """Count the connections in use, and those that there may be, of each database's pool."""
    for database, (engine, size) in engines.items():
        in_use = CONNECTIONS.labels(database)
        on_use(engine, taken=in_use.inc, given_back=in_use.dec)
        POOL_SIZE.labels(database).set(size)
