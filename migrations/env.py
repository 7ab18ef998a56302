"""Alembic's entry: it sees our tables only, never the shop's."""

import asyncio
import sys
from collections.abc import Iterable
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.migration import MigrationContext
from alembic.operations import MigrationScript
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from backend.core.errors import BackendError
from backend.core.settings import Settings
from backend.database.column_types import UtcDateTime, UtcTimestamp
from backend.database.engine import opened, transaction
from backend.store.all_tables import intelligence
from backend.store.charset import name_charset
from backend.store.migrate import VERSION_TABLE, exclusively

CHANGING = {"upgrade", "downgrade", "stamp"}
# A migration keeps its own copy of a type: what the code means by one may change.
COPIES = {
    UtcDateTime: 'sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")',
    UtcTimestamp: 'sa.DateTime().with_variant(mysql.TIMESTAMP(), "mysql", "mariadb")',
}


def is_ours(name: str | None, kind: str, _parents: Any) -> bool:
    """Without this, autogenerate would propose to drop the shop's own tables."""
    return name in intelligence.tables if kind == "table" else True


def copied(kind: str, found: Any, into: AutogenContext) -> str | Literal[False]:
    """Write a type of ours as the plain ones it stands for; False leaves it to Alembic."""
    if kind != "type" or type(found) not in COPIES:
        return False
    into.imports.add("from sqlalchemy.dialects import mysql")
    return COPIES[type(found)]


def number(
    _context: MigrationContext,
    _revision: str | Iterable[str | None],
    scripts: list[MigrationScript],
) -> None:
    """Give a new migration the next number; write none where our tables lack nothing."""
    if not getattr(context.config.cmd_opts, "autogenerate", False):
        return  # alembic check only looks
    (script,) = scripts
    if script.upgrade_ops is None or script.upgrade_ops.is_empty():
        sys.stderr.write(
            "Our tables lack nothing that the code expects: no migration is written.\n"
        )
        scripts.clear()
        return
    head = ScriptDirectory.from_config(context.config).get_current_head()
    script.rev_id = f"{int(head or 0) + 1:04}"


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=intelligence,
        version_table=VERSION_TABLE,
        include_name=is_ours,
        render_item=copied,
        process_revision_directives=number,
    )
    with context.begin_transaction():
        context.run_migrations()
        name_charset(connection)


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
