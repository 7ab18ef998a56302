"""Databases for tests, each its own; what many begin with is made once per server, then copied.

Where the workers of a session share a server, they share what is copied too.
"""

from __future__ import annotations

import asyncio
import fcntl
import secrets
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import text

from backend.database.engine import AsyncEngine, create_engine, opened, parse_url
from backend.store.migrate import migrate

Result = TypeVar("Result")
CHOOSES_HOW_TO_COPY = 150_000

Prepare = Callable[[str], Coroutine[Any, Any, object]]


class Place(ABC):
    """A place where databases can be made: each new, or as some work has left another one.

    Parameters
    ----------
    notes
        The folder in which all workers note what they have made to be copied; None: it is this
        process's own.
    """

    def __init__(self, notes: Path | None) -> None:
        self._notes = notes
        self._models: dict[Prepare, str] = {}

    def prepared(self, prepare: Prepare) -> str:
        """Make a database in which `prepare` has been done, and return its URL.

        It is done once in a session, in a database that is copied then.
        """
        if prepare not in self._models:
            self._models[prepare] = self._model(prepare)
        return self._copied(self._models[prepare])

    def _model(self, prepare: Prepare) -> str:
        if self._notes is None:
            return self._made(prepare)
        name = f"{type(self).__name__}-{prepare.__module__}.{prepare.__name__}"
        noted = self._notes / f"{name}.url"
        with alone(self._notes / f"{name}.lock"):
            if not noted.exists():
                noted.write_text(self._made(prepare))
            return noted.read_text()

    def _made(self, prepare: Prepare) -> str:
        model = self.to_be_copied()
        wait_for(prepare(model))
        return model

    @abstractmethod
    def empty(self) -> str:
        """Make an empty database, and return its URL."""

    def to_be_copied(self) -> str:
        """Make an empty one that is there as long as anybody copies it."""
        return self.empty()

    @abstractmethod
    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected."""

    @abstractmethod
    def _copied(self, model: str) -> str:
        """Make a database like another one to which nobody is connected."""

    def close(self) -> None:
        """Drop the databases that others were copied from, where no other worker copies them."""
        if self._notes is None:
            for model in self._models.values():
                self.drop(model)


class SqliteFolder(Place):
    """Makes databases that are files in a folder."""

    def __init__(self, folder: Path, notes: Path | None = None) -> None:
        super().__init__(notes)
        self._folder = folder

    def empty(self) -> str:
        """Make a file that holds nothing, which is an empty database."""
        return self._new_in(self._folder)

    def to_be_copied(self) -> str:
        """Make one where no worker tidies up when it ends."""
        return self._new_in(self._notes or self._folder)

    def _new_in(self, folder: Path) -> str:
        file = folder / f"{secrets.token_hex(4)}.db"
        file.touch()
        return f"sqlite:///{file}"

    def drop(self, url: str) -> None:
        """Remove a file, and those that SQLite keeps beside it."""
        for file in self._folder.glob(f"{Path(_file(url)).name}*"):
            file.unlink()

    def _copied(self, model: str) -> str:
        url = self.empty()
        with (
            closing(sqlite3.connect(_file(model))) as old,
            closing(sqlite3.connect(_file(url))) as new,
        ):
            old.backup(new)
        return url


class Asking:
    """Statements for a server over one connection, which stays open: to connect takes longer."""

    def __init__(self, url: str) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._runner = asyncio.Runner()
        self._engine = create_engine(url, pool_size=1)

    def execute(self, *statements: str) -> None:
        """Run statements, each in its own transaction."""
        self._wait_for(_executed(self._engine, statements))

    def scalar(self, question: str) -> str:
        """Return what the server says."""
        return self._wait_for(_told(self._engine, question))

    def close(self) -> None:
        """Close the connection."""
        self._wait_for(self._engine.dispose())
        self._thread.submit(self._runner.close).result()
        self._thread.shutdown()

    def _wait_for(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self._thread.submit(self._runner.run, work).result()


class ServerPlace(Place):
    """Makes databases on a server; to be closed."""

    def __init__(self, url: str, notes: Path | None = None) -> None:
        super().__init__(notes)
        self._url = url
        self._server = Asking(url)

    def close(self) -> None:
        """Drop the databases that others were copied from, and disconnect."""
        super().close()
        self._server.close()


class PostgresServer(ServerPlace):
    """Makes databases on a PostgreSQL."""

    def empty(self) -> str:
        """Create a database."""
        return self._created("")

    def drop(self, url: str) -> None:
        """Drop a database and its reader."""
        name = parse_url(url).database
        dropped = f"DROP DATABASE {name} WITH (FORCE)"
        self._server.execute(dropped, f"DROP USER IF EXISTS {reader_of(name)}")

    def _copied(self, model: str) -> str:
        return self._created(f" TEMPLATE {parse_url(model).database}")

    def _created(self, after: str) -> str:
        name = _new_name()
        self._server.execute(f"CREATE DATABASE {name}{after}{self._way_of_copying}")
        return _beside(self._url, name)

    @cached_property
    def _way_of_copying(self) -> str:
        """Where there is a choice, copy files as they are: no block goes through the log."""
        version = self._server.scalar("SHOW server_version_num")
        return " STRATEGY file_copy" if int(version) >= CHOOSES_HOW_TO_COPY else ""


class MysqlServer(ServerPlace):
    """Makes databases on a MariaDB or MySQL."""

    def __init__(self, url: str, notes: Path | None = None) -> None:
        super().__init__(url, notes)
        self._written: dict[str, list[str]] = {}

    def empty(self) -> str:
        """Create a database."""
        name = _new_name()
        self._server.execute(f"CREATE DATABASE {name}")
        return _beside(self._url, name)

    def drop(self, url: str) -> None:
        """Drop a database and its reader."""
        name = parse_url(url).database
        dropped = f"DROP DATABASE {name}"
        self._server.execute(dropped, f"DROP USER IF EXISTS {reader_of(name)}")

    def _copied(self, model: str) -> str:
        if model not in self._written:
            self._written[model] = wait_for(_written_out(model))
        url = self.empty()
        self._server.execute(f"USE {parse_url(url).database}", *self._written[model])
        return url


async def _written_out(url: str) -> list[str]:
    """Return the statements that make a MySQL database's tables and rows anew in another one."""
    async with opened(url) as engine, engine.connect() as connection:
        tables = (await connection.scalars(text("SHOW TABLES"))).all()
        made = [
            (await connection.execute(text(f"SHOW CREATE TABLE `{table}`"))).one()[1]
            for table in tables
        ]
    database = parse_url(url).database
    filled = [f"INSERT INTO `{table}` SELECT * FROM {database}.`{table}`" for table in tables]
    return ["SET foreign_key_checks = 0", *made, *filled, "SET foreign_key_checks = 1"]


async def _told(engine: AsyncEngine, question: str) -> str:
    async with engine.connect() as connection:
        return str(await connection.scalar(text(question)))


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """Let no other process in at the same time."""
    with file.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


async def migrated(url: str) -> None:
    """Prepare a database by making our tables."""
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
    async with opened(url) as engine:
        await _executed(engine, statements)


async def _executed(engine: AsyncEngine, statements: Iterable[str]) -> None:
    async with engine.connect() as pooled:
        connection = await pooled.execution_options(isolation_level="AUTOCOMMIT")
        for statement in statements:
            await connection.execute(text(statement))


def wait_for(work: Coroutine[Any, Any, Result]) -> Result:
    """Finish a coroutine from synchronous code, whether or not a loop runs in this thread."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
