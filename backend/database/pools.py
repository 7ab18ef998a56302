"""What the pools of all drivers have in common."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import URL, event

from backend.database.async_engines import AsyncEngine, create_async_engine
from backend.database.bounds import PATIENT, Bounds
from backend.database.sqlite_files import Opening

BOUNDS, SIZE, AT_POOL = "bounds", "size", "at_pool"  # the execution options that hold them
CONNECT_SECONDS = 5.0
RECYCLE_SECONDS = 1800


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolPlan:
    """How many connections an engine may have, and how long its callers wait.

    Attributes
    ----------
    size
        Connections at most; that many are kept open. One that was dropped meanwhile is replaced
        unnoticed.
    bounds
        How long callers wait.
    opening
        What a SQLite file is opened for.
    reads_only
        Whether the database is to refuse whatever would write. Behind a pooler, which keeps nothing
        of a session, each transaction says so itself.
    """

    size: int = 5
    bounds: Bounds = PATIENT
    opening: Opening = Opening.CREATE
    reads_only: bool = False

    @property
    def connect_seconds(self) -> float:
        """How long connecting may take, so that a caller in a hurry is not kept by it."""
        return min(CONNECT_SECONDS, self.bounds.transaction_seconds or CONNECT_SECONDS)


@dataclass(slots=True)
class AtPool:
    """How many ask a pool for a connection, and have none yet."""

    asking: int = 0

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """Count one while the body asks."""
        self.asking += 1
        try:
            yield
        finally:
            self.asking -= 1


def pooled(url: URL, plan: PoolPlan, **options: Any) -> AsyncEngine:
    """Make an engine whose connections keep to a plan."""
    # hide_parameters: a failing statement's values may be e-mails, and errors are logged.
    return create_async_engine(
        url,
        pool_size=plan.size,
        max_overflow=0,
        pool_timeout=plan.bounds.pool_seconds,
        # The one that was used last: it has been looked at lately, and its session has prepared
        # and planned what is asked again. In turn, a search at leisure would look at five.
        pool_use_lifo=True,
        pool_pre_ping=True,
        pool_recycle=RECYCLE_SECONDS,
        hide_parameters=True,
        execution_options={BOUNDS: plan.bounds, SIZE: plan.size, AT_POOL: AtPool()},
        **options,
    )


def bounds_of(engine: AsyncEngine) -> Bounds:
    """Return how long the callers of an engine wait."""
    bounds: Bounds = engine.sync_engine.get_execution_options()[BOUNDS]
    return bounds


def size_of(engine: AsyncEngine) -> int:
    """Return how many connections an engine may have."""
    size: int = engine.sync_engine.get_execution_options()[SIZE]
    return size


def at_pool(engine: AsyncEngine) -> AtPool:
    """Return who asks an engine's pool itself."""
    asking: AtPool = engine.sync_engine.get_execution_options()[AT_POOL]
    return asking


def on_use(
    engine: AsyncEngine, *, taken: Callable[[], None], given_back: Callable[[], None]
) -> None:
    """Call somebody whenever a connection of an engine's pool is taken and given back."""
    event.listen(engine.sync_engine, "checkout", lambda *_: taken())
    event.listen(engine.sync_engine, "checkin", lambda *_: given_back())
