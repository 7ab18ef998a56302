"""Alembic's entry: it sees our tables only, never the shop's."""

import asyncio
from typing import Any

from alembic import context
from sqlalchemy import Connection

from backend.core.settings import Settings
from backend.database.engine import create_engine
from backend.store.migrate import VERSION_TABLE
from backend.store.tables import intelligence


def is_ours(name: str | None, kind: str, _parents: Any) -> bool:
    """Without this, autogenerate would propose to drop the shop's own tables."""
    return name in intelligence.tables if kind == "table" else True


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=intelligence,
        version_table=VERSION_TABLE,
        include_name=is_ours,
    )
    with context.begin_transaction():
        context.run_migrations()


async def connect_and_run() -> None:
    engine = create_engine(Settings.load().intelligence_url)
    async with engine.begin() as connection:
        await connection.run_sync(run)
    await engine.dispose()


if (given := context.config.attributes.get("connection")) is not None:
    run(given)
else:
    asyncio.run(connect_and_run())
