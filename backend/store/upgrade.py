"""Alembic's part of migrating. Imported when there is something to do: it weighs 11 MiB."""

import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from backend.store.all_tables import intelligence
from backend.store.charset import name_charset
from backend.store.tables_found import missing_tables

MIGRATIONS = Path(__file__).parents[2] / "migrations"

log = logging.getLogger(__name__)


def upgrade(connection: Connection) -> None:
    """Bring our tables to the newest version, within the caller's transaction.

    What somebody dropped by hand, no migration makes anew: it is put back, empty.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    if missing := missing_tables(connection):
        intelligence.create_all(connection)
        name_charset(connection)
        log.warning("tables of ours were gone, and are made anew", extra={"tables": missing})
