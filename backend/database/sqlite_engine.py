"""SQLite: a thread for each connection; the file is read while a run publishes."""

from functools import partial
from typing import Any

from sqlalchemy import URL, event

from backend.core.clock import monotonic_seconds
from backend.database.async_engines import AsyncEngine
from backend.database.expressions import READABLE
from backend.database.pools import PoolPlan, pooled
from backend.database.sqlite_files import Opening, sqlite_file

LOCK_SECONDS_OF_PATIENT = 30.0
# Nobody queues behind who waits for a lock here, so the wait may be nearly as long as the
# transaction: nearly, so that it is the lock that is told, and not the time.
LOCK_SHARE = 0.8
# SQLite keeps whatever bytes it is given for a text; an odd letter is no reason to read nothing.
AS_TEXT = partial(str, encoding="utf-8", errors="replace")
STEPS_BETWEEN_LOOKS = 10_000  # of SQLite's machine: about a tenth of a millisecond


def sqlite_engine(url: URL, plan: PoolPlan) -> AsyncEngine:
    """Make an engine on a file."""
    file, seconds = sqlite_file(url), plan.bounds.transaction_seconds
    arguments = {"timeout": LOCK_SHARE * seconds or LOCK_SECONDS_OF_PATIENT, "uri": True}
    bare = url.set(query={}, database=str(file.path))
    engine = pooled(bare, plan, connect_args=arguments)

    def open_file(_dialect: object, _record: object, told: list[str], _named: object) -> None:
        told[:] = [file.address(plan.opening)]  # looked at anew: the file may be another one now

    event.listen(engine.sync_engine, "do_connect", open_file)
    event.listen(engine.sync_engine, "connect", _prepare)
    is_read = plan.reads_only or plan.opening is Opening.READ
    event.listen(engine.sync_engine, "checkout", _may_only_read if is_read else _may_write)
    if seconds:
        _bound(engine, seconds)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    connection.driver_connection.text_factory = AS_TEXT
    connection.create_function(READABLE, 1, AS_TEXT, deterministic=True)
    cursor = connection.cursor()
    # In WAL mode a commit that a power cut takes back harms nothing but itself.
    cursor.execute("PRAGMA journal_mode")
    if cursor.fetchone()[0] == "wal":
        cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _may_only_read(connection: Any, *_: object) -> None:
    _execute(connection, "PRAGMA query_only = ON")


def _may_write(connection: Any, *_: object) -> None:
    # Whoever had the connection before may have only read, or have been cancelled doing so.
    _execute(connection, "PRAGMA query_only = OFF")


def _execute(connection: Any, statement: str) -> None:
    cursor = connection.cursor()
    cursor.execute(statement)
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
