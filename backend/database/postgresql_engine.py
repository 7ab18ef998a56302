"""PostgreSQL: the URL is handed to the driver whole, so that libpq's options work as in `psql`."""

from math import ceil

import asyncpg
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncEngine

from backend.database.bounds import Bounds
from backend.database.pools import PoolPlan, pooled
from backend.database.urls import libpq_uri

HANG_UP_SECONDS = 0.5


class BriefConnection(asyncpg.Connection):  # type: ignore[misc]
    """A connection that is closed soon, whether or not the server still answers."""

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Say goodbye, and ask the server to end what it still does, for a moment at most."""
        await super().close(timeout=min(timeout or HANG_UP_SECONDS, HANG_UP_SECONDS))


def postgresql_engine(url: URL, plan: PoolPlan) -> AsyncEngine:
    """Make an engine on PostgreSQL."""
    dsn = libpq_uri(url)
    settings = {"timezone": "UTC", **timeouts_of(plan.bounds)}

    async def connect() -> BriefConnection:
        made: BriefConnection = await asyncpg.connect(
            dsn,
            timeout=plan.connect_seconds,
            server_settings=settings,
            connection_class=BriefConnection,
        )
        return made

    return pooled(url.set(query={}), plan, async_creator=connect)


def timeouts_of(bounds: Bounds) -> dict[str, str]:
    """Return what the server is told at the start of a session."""
    told = {"statement_timeout": bounds.statement_seconds, "lock_timeout": bounds.lock_seconds}
    return {name: f"{ceil(seconds * 1000)}ms" for name, seconds in told.items() if seconds}
