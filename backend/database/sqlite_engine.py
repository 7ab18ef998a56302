"""SQLite: a thread for each connection; the file is read while a run publishes."""

import sqlite3
from contextlib import suppress
from typing import Any

from sqlalchemy import URL, event
from sqlalchemy.ext.asyncio import AsyncEngine

from backend.core.clock import monotonic_seconds
from backend.database.pools import PoolPlan, pooled

LOCK_SECONDS_OF_PATIENT = 30.0
STEPS_BETWEEN_LOOKS = 10_000  # of SQLite's machine: about a tenth of a millisecond


def sqlite_engine(url: URL, plan: PoolPlan) -> AsyncEngine:
    """Make an engine on a file."""
    seconds = plan.bounds.transaction_seconds
    # Nobody queues behind who waits for a lock here, so the wait may be as long as a statement.
    engine = pooled(url, plan, connect_args={"timeout": seconds or LOCK_SECONDS_OF_PATIENT})
    event.listen(engine.sync_engine, "connect", _prepare)
    event.listen(engine.sync_engine, "checkout", _may_write)
    if seconds:
        _bound(engine, seconds)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    # WAL: readers keep their snapshot while a run publishes. SQLite does not wait for this
    # lock; who holds it is switching the file too, and the file stays switched.
    with suppress(sqlite3.OperationalError):
        cursor.execute("PRAGMA journal_mode = WAL")
    for pragma in ("synchronous = NORMAL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _may_write(connection: Any, *_: object) -> None:
    # Whoever had the connection before may have only read, or have been cancelled doing so.
    cursor = connection.cursor()
    cursor.execute("PRAGMA query_only = OFF")
    cursor.close()


def _bound(engine: AsyncEngine, seconds: float) -> None:
    """End statements of a caller whose time is over: nobody can take a thread's away."""

    @event.listens_for(engine.sync_engine, "checkout")
    def begin(connection: Any, *_: object) -> None:
        until = monotonic_seconds() + seconds
        connection.run_async(
            lambda raw: raw.set_progress_handler(
                lambda: monotonic_seconds() > until, STEPS_BETWEEN_LOOKS
            )
        )
