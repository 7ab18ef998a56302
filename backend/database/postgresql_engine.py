"""PostgreSQL, directly or through a pooler that gives each transaction another session.

Such a pooler (PgBouncer's transaction mode, and what Supabase and Neon run) keeps neither a
prepared statement nor what SET said, and refuses time-outs at the start of a session: there
nothing is prepared, nothing is set, and the driver ends what takes too long.
See docs/decisions/0012-poolers-are-seen.md.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from math import ceil
from typing import Any

import asyncpg
from sqlalchemy import URL, event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.util.concurrency import await_

from backend.core.clock import monotonic_seconds
from backend.database.async_engines import AsyncEngine
from backend.database.bounds import Bounds
from backend.database.pools import PoolPlan, pooled
from backend.database.postgresql_options import PostgresqlOptions, postgresql_options

HANG_UP_SECONDS = 0.5
FRESH_SECONDS = 1.0
STATEMENTS_KEPT = 100  # SQLAlchemy's default
# The driver prepares longer ones anew each time. A search in blocks has 40,000 signs, and takes ten
# times as long to plan as to answer.
LONGEST_KEPT = 1 << 18
TOLD_IN_JSON = ("collation", "identity_options")
SESSION = {"timezone": "UTC"}  # poolers keep it: it is one that PostgreSQL reports of itself


class BriefConnection(asyncpg.Connection):  # type: ignore[misc]
    """A connection that is closed soon, whether or not the server still answers.

    Attributes
    ----------
    answered_at
        When the server was last asked whether it is there, of the monotonic clock.
    """

    answered_at = 0.0

    async def executemany(
        self,
        command: str,
        args: Iterable[Sequence[Any]],
        *,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> None:
        """Send many rows; who is cancelled among them hangs up.

        The driver would wait without end: what it has not sent, the server does not answer.
        """
        sending = asyncio.ensure_future(super().executemany(command, args, timeout=timeout))
        try:
            await asyncio.shield(sending)
        except asyncio.CancelledError:
            with suppress(TimeoutError):
                await self.close()
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            raise

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Say goodbye, and ask the server to end what it still does, for a moment at most."""
        await super().close(timeout=min(timeout or HANG_UP_SECONDS, HANG_UP_SECONDS))


class PlainAsyncpg(PGDialect_asyncpg):
    """Asks nothing of a new connection: no column of ours is JSON, and it took two round trips.

    Attributes
    ----------
    is_pooled
        Whether a pooler is in front; None until somebody connects, where the URL does not say.
    """

    supports_statement_cache = True
    is_pooled: bool | None = None

    def do_ping(self, dbapi_connection: Any) -> bool:
        """Look whether a connection is still good: four round trips, at most once a second.

        The driver itself knows of a connection that was closed, whenever that was.
        """
        connection: BriefConnection = dbapi_connection.driver_connection
        if connection.is_closed():
            return False
        if monotonic_seconds() > connection.answered_at + FRESH_SECONDS:
            super().do_ping(dbapi_connection)  # type: ignore[no-untyped-call]
            connection.answered_at = monotonic_seconds()
        return True

    async def setup_asyncpg_json_codec(self, conn: Any) -> None:
        """Leave JSON the text that it is."""

    async def setup_asyncpg_jsonb_codec(self, conn: Any) -> None:
        """Leave JSON the text that it is."""

    def _get_columns_info(self, rows: Iterable[Mapping[str, Any]], *others: Any) -> Any:
        """Read the JSON in which reflection is told of collations and identities."""
        read = ({**row, **{name: _read(row[name]) for name in TOLD_IN_JSON}} for row in rows)
        return super()._get_columns_info(read, *others)  # type: ignore[no-untyped-call]


def _read(told: Any) -> Any:
    return json.loads(told) if isinstance(told, str) else told


registry.register("postgresql.plain_asyncpg", __name__, PlainAsyncpg.__name__)

Connect = Callable[..., Awaitable[BriefConnection]]


class Connector:
    """Makes the connections of one engine, once it is known what is at the other end."""

    def __init__(self, options: PostgresqlOptions, plan: PoolPlan) -> None:
        self._options = options
        self._plan = plan

    def __call__(self, dialect: PlainAsyncpg, *_: object) -> Any:
        """Connect, as SQLAlchemy's event `do_connect` asks; called in its greenlet."""
        if dialect.is_pooled is None:
            dialect.is_pooled = self._options.is_pooled or await_(self.looks_pooled())
        driver: Any = dialect.dbapi
        return driver.connect(
            async_creator_fn=self._through_pooler if dialect.is_pooled else self._directly,
            prepared_statement_cache_size=0 if dialect.is_pooled else STATEMENTS_KEPT,
        )

    async def looks_pooled(self) -> bool:
        """Tell whether the session is another's than the connection's.

        A pooler makes up the process id that it names at the start; the server knows its own.
        """
        connection = await self._through_pooler()
        try:
            async with connection.transaction():
                pid = await connection.fetchval("SELECT pg_catalog.pg_backend_pid()")
            return bool(pid != connection.get_server_pid())
        finally:
            await connection.close()

    async def _directly(self) -> BriefConnection:
        return await self._connect(
            server_settings={**self._options.server, **SESSION, **session_of(self._plan)},
            max_cacheable_statement_size=LONGEST_KEPT,
        )

    async def _through_pooler(self) -> BriefConnection:
        return await self._connect(
            server_settings={**self._options.server, **SESSION},
            statement_cache_size=0,
            command_timeout=self._plan.bounds.statement_seconds or None,
        )

    async def _connect(self, **differently: Any) -> BriefConnection:
        asked = self._options.connect_seconds or self._plan.connect_seconds
        made: BriefConnection = await asyncpg.connect(
            self._options.dsn,
            ssl=self._options.tls,
            timeout=min(asked, self._plan.connect_seconds),
            connection_class=BriefConnection,
            **differently,
        )
        return made


def postgresql_engine(url: URL, plan: PoolPlan) -> AsyncEngine:
    """Make an engine on PostgreSQL."""
    connector = Connector(postgresql_options(url), plan)
    engine = pooled(url.set(drivername="postgresql+plain_asyncpg", query={}), plan)
    event.listen(engine.sync_engine, "do_connect", connector)
    return engine


def session_of(plan: PoolPlan) -> dict[str, str]:
    """Return what the server is told at the start of a session."""
    fence = {"default_transaction_read_only": "on"} if plan.reads_only else {}
    return {**fence, **timeouts_of(plan.bounds)}


def timeouts_of(bounds: Bounds) -> dict[str, str]:
    """Return how long a session waits, as the server is told it."""
    told = {"statement_timeout": bounds.statement_seconds, "lock_timeout": bounds.lock_seconds}
    return {name: f"{ceil(seconds * 1000)}ms" for name, seconds in told.items() if seconds}
