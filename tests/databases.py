"""Databases for tests, each its own; our tables are migrated once per server, then copied."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import text

from backend.database.engine import opened, parse_url
from backend.store.migrate import migrate

Result = TypeVar("Result")


class Makes(Protocol):
    """A place where databases can be made."""

    def empty(self) -> str:
        """Make an empty database, and return its URL."""

    def migrated(self) -> str:
        """Make a database with our tables, and return its URL."""

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected."""


class SqliteFolder:
    """Makes databases that are files in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def empty(self) -> str:
        """Name a file that does not exist yet."""
        return f"sqlite:///{self._folder}/{secrets.token_hex(4)}.db"

    def migrated(self) -> str:
        """Copy the file of a migrated database."""
        url = self.empty()
        shutil.copyfile(_file(self._template), _file(url))
        return url

    def drop(self, url: str) -> None:
        """Remove a file, and those that SQLite keeps beside it."""
        for file in self._folder.glob(f"{Path(_file(url)).name}*"):
            file.unlink()

    @cached_property
    def _template(self) -> str:
        return _migrated(self.empty())


class PostgresServer:
    """Makes databases on a PostgreSQL."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._template: str | None = None

    def empty(self) -> str:
        """Create a database."""
        return self._created("")

    def migrated(self) -> str:
        """Create a database after the model of a migrated one."""
        self._template = self._template or _migrated(self.empty())
        return self._created(f" TEMPLATE {parse_url(self._template).database}")

    def close(self) -> None:
        """Drop the model."""
        if self._template is not None:
            self.drop(self._template)

    def drop(self, url: str) -> None:
        """Drop a database and its reader."""
        name = parse_url(url).database
        wait_for(execute(self._url, f"DROP DATABASE {name} WITH (FORCE)"))
        wait_for(execute(self._url, f"DROP USER IF EXISTS {reader_of(name)}"))

    def _created(self, after: str) -> str:
        name = _new_name()
        wait_for(execute(self._url, f"CREATE DATABASE {name}{after}"))
        return _beside(self._url, name)


class MysqlServer:
    """Makes databases on a MariaDB or MySQL."""

    def __init__(self, url: str) -> None:
        self._url = url

    def empty(self) -> str:
        """Create a database."""
        name = _new_name()
        wait_for(execute(self._url, f"CREATE DATABASE {name}"))
        return _beside(self._url, name)

    def migrated(self) -> str:
        """Create a database and in it what a migrated one holds."""
        statements = self._template  # made before the database that is asked for
        url = self.empty()
        wait_for(execute(url, *statements))
        return url

    def drop(self, url: str) -> None:
        """Drop a database and its reader."""
        name = parse_url(url).database
        wait_for(execute(self._url, f"DROP DATABASE {name}"))
        wait_for(execute(self._url, f"DROP USER IF EXISTS {reader_of(name)}"))

    @cached_property
    def _template(self) -> list[str]:
        url = _migrated(self.empty())
        try:
            return wait_for(_written_out(url))
        finally:
            self.drop(url)


async def _written_out(url: str) -> list[str]:
    """Return the statements that make and fill a MySQL database's tables anew."""
    async with opened(url) as engine, engine.connect() as connection:
        tables = (await connection.scalars(text("SHOW TABLES"))).all()
        made = [
            (await connection.execute(text(f"SHOW CREATE TABLE `{table}`"))).one()[1]
            for table in tables
        ]
        filled = [
            f"INSERT INTO `{table}` VALUES ({', '.join(map(repr, row))})"
            for table in tables
            for row in await connection.execute(text(f"SELECT * FROM `{table}`"))
        ]
    return ["SET foreign_key_checks = 0", *made, *filled]


def _migrated(url: str) -> str:
    wait_for(_migrate(url))
    return url


async def _migrate(url: str) -> None:
    async with opened(url) as engine:
        await migrate(engine)


def _new_name() -> str:
    return f"t_{secrets.token_hex(6)}"


def _beside(server_url: str, name: str) -> str:
    kind = server_url.split(":")[0]
    url = parse_url(server_url).set(drivername=kind, database=name)
    return url.render_as_string(hide_password=False)


def _file(url: str) -> str:
    return parse_url(url).database or ""


def reader_of(database: str | None) -> str:
    """Return the name of the user that `read_only_url` makes."""
    return f"reader_{database}"


async def read_only_url(url: str) -> str:
    """Make a user that may only select from what the database holds now, and return its URL."""
    owner = parse_url(url)
    reader = owner.set(username=reader_of(owner.database), password=secrets.token_urlsafe(16))
    on = f"{owner.database}.*" if url.startswith("mysql") else "ALL TABLES IN SCHEMA public"
    await execute(
        url,
        f"CREATE USER {reader.username} {_with_password(url)} '{reader.password}'",
        f"GRANT SELECT ON {on} TO {reader.username}",
    )
    return reader.set(drivername=url.split(":")[0]).render_as_string(hide_password=False)


def _with_password(url: str) -> str:
    return "IDENTIFIED BY" if url.startswith("mysql") else "PASSWORD"


async def execute(url: str, *statements: str) -> None:
    """Run statements, each in its own transaction: some refuse to be in one."""
    async with opened(url) as engine, engine.connect() as pooled:
        connection = await pooled.execution_options(isolation_level="AUTOCOMMIT")
        for statement in statements:
            await connection.execute(text(statement))


def wait_for(work: Coroutine[Any, Any, Result]) -> Result:
    """Finish a coroutine from synchronous code, whether or not a loop runs in this thread."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
