"""Alembic's part of migrating. Imported when there is something to do: it weighs 11 MiB."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

MIGRATIONS = Path(__file__).parents[2] / "migrations"


def upgrade(connection: Connection) -> None:
    """Bring our tables to the newest version, within the caller's transaction."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
