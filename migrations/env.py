"""Alembic's entry: it sees our tables only, never the shop's."""

import asyncio
import sys
from typing import Any

from alembic import context
from sqlalchemy import Connection

from backend.core.errors import BackendError
from backend.core.settings import Settings
from backend.database.engine import opened, transaction
from backend.store.migrate import VERSION_TABLE, exclusively
from backend.store.tables import intelligence

CHANGING = {"upgrade", "downgrade", "stamp"}


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


def is_changing() -> bool:
    """Whether the command typed in changes tables; the others need not wait for a run."""
    function, *_ = context.config.cmd_opts.cmd if context.config.cmd_opts else (None,)
    return getattr(function, "__name__", "") in CHANGING


async def connect_and_run() -> None:
    async with opened(Settings.load().intelligence_url) as engine:
        if is_changing():
            await exclusively(engine, run)
            return
        async with transaction(engine) as connection:
            await connection.run_sync(run)


def main() -> None:
    if (given := context.config.attributes.get("connection")) is not None:
        run(given)
        return
    try:
        asyncio.run(connect_and_run())
    except BackendError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)


main()
