"""What is counted while requests are served, for Prometheus; no label holds what somebody sent.

Where several processes serve, PROMETHEUS_MULTIPROC_DIR names a folder in which each keeps its
counts, and every one of them tells the sum.
"""

from collections.abc import Mapping

from prometheus_client import Counter, Gauge

from backend.database.engine import AsyncEngine
from backend.database.pools import on_use

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


def watch_pools(engines: Mapping[str, tuple[AsyncEngine, int]]) -> None:
    """Count the connections in use, and those that there may be, of each database's pool."""
    for database, (engine, size) in engines.items():
        in_use = CONNECTIONS.labels(database)
        on_use(engine, taken=in_use.inc, given_back=in_use.dec)
        POOL_SIZE.labels(database).set(size)
