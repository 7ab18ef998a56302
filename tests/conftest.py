"""Fixtures over real services; what is missing is said loudly at the end, and fails under CI."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import pytest
from hypothesis import HealthCheck, settings
from selenium import webdriver

from backend.core.threads import one_thread
from tests import services
from tests.chromium import chromium
from tests.databases import (
    MysqlServer,
    Place,
    PostgresServer,
    Prepare,
    SqliteFolder,
    execute,
    migrated,
    read_only_url,
    wait_for,
)
from tests.servers_of_all import server_of_all
from tests.services import Server, ServiceMissing
from tests.shared_folder import folder_of_all

__all__ = [
    "NewDatabase",
    "execute",
    "in_turns",
    "on_one_kind",
    "read_only_url",
    "shared_on_one_kind",
    "takes_its_turn",
    "wait_for",
]

pytest_plugins = (
    "tests.engines",
    "tests.histories",
    "tests.in_memory",
    "tests.turns",
    "tests.workers",
)


class NewDatabase(Protocol):
    """Makes a database that is dropped after the test, and returns its URL."""

    def __call__(self, prepared: Prepare | None = None) -> str:
        """Make an empty one, or a copy of one in which something has been `prepared`.

        That is a coroutine function of a module, which gets the URL: `migrated` makes our tables,
        `performed.clustered_shop` a shop that one run has seen.
        """


KINDS = [
    "sqlite",
    pytest.param("postgresql", marks=pytest.mark.external),
    pytest.param("mariadb", marks=pytest.mark.external),
]

# No example is too slow: a busy machine may take a second for any. Else as without (under CI).
settings.register_profile(
    "unhurried", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("unhurried")

# For whole runs and services that do the same whatever the database: one stands for the others.
ONE_KIND = [
    pytest.param("postgresql", marks=pytest.mark.external),
    pytest.param("sqlite", marks=pytest.mark.long),
    pytest.param("mariadb", marks=[pytest.mark.external, pytest.mark.long]),
]
on_one_kind = pytest.mark.parametrize("new_database", ONE_KIND, indirect=True)
# The same where the tests of a module share what is made.
shared_on_one_kind = pytest.mark.parametrize(
    "new_module_database", ONE_KIND, indirect=True, scope="module"
)

# For cases that are asked on every database: each case stays on one of them in `make test`.
in_turns = pytest.mark.in_turns
# For sentences about what is above the databases: each stays on one, all of a module by turns.
takes_its_turn = pytest.mark.in_turns(of_module=True)

missing: dict[str, str] = {}


class Services:
    """Servers of this session, each started when a test first asks for it."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._running: dict[str, Server] = {}

    def get(self, name: str, start: Callable[[], AbstractContextManager[Server]]) -> Server:
        """Return a running server, or skip the test where it cannot be had."""
        if name not in self._running:
            self._running[name] = start_or_skip(self._stack, name, start)
        return self._running[name]


def start_or_skip(
    stack: ExitStack, name: str, start: Callable[[], AbstractContextManager[Server]]
) -> Server:
    """Start a server that stops with the stack; where it cannot be had, remember it and skip."""
    if name in missing:
        pytest.skip(missing[name])
    try:
        return stack.enter_context(start())
    except ServiceMissing as error:
        missing[name] = str(error)
        pytest.skip(str(error))


@pytest.fixture(scope="session", autouse=True)
def numerics_in_one_thread() -> Iterator[None]:
    """Leave the other processor to the other worker, as a run does: threads that wait spin."""
    with one_thread():
        yield


@pytest.fixture(scope="session")
def running() -> Iterator[Services]:
    """Start services lazily, stop them all at the end."""
    with ExitStack() as stack:
        yield Services(stack)


@pytest.fixture(scope="session")
def postgres_server(running: Services) -> Iterator[PostgresServer]:
    """Give a real PostgreSQL on which databases can be made."""
    url = running.get("PostgreSQL", partial(server_of_all, "PostgreSQL")).url
    server = PostgresServer(url, _notes("TEST_POSTGRES_URL"))
    yield server
    server.close()


@pytest.fixture(scope="session")
def mysql_server(running: Services) -> Iterator[MysqlServer]:
    """Give a real MariaDB on which databases can be made."""
    url = running.get("MariaDB", partial(server_of_all, "MariaDB")).url
    server = MysqlServer(url, _notes("TEST_MYSQL_URL"))
    yield server
    server.close()


@pytest.fixture(scope="session")
def sqlite_folder(tmp_path_factory: pytest.TempPathFactory) -> SqliteFolder:
    """Give a folder in which databases can be made."""
    return SqliteFolder(tmp_path_factory.mktemp("sqlite"), folder_of_all())


def _notes(server: str) -> Path | None:
    """Return where workers note what they copy: a server that was given is left without it."""
    return None if server in os.environ else folder_of_all()


@pytest.fixture
def new_postgres(postgres_server: PostgresServer) -> Iterator[NewDatabase]:
    """Make databases on a real PostgreSQL, dropped after the test."""
    yield from _dropped_after(postgres_server)


@pytest.fixture
def new_mysql(mysql_server: MysqlServer) -> Iterator[NewDatabase]:
    """Make databases on a real MariaDB, dropped after the test."""
    yield from _dropped_after(mysql_server)


@pytest.fixture
def new_sqlite(sqlite_folder: SqliteFolder) -> Iterator[NewDatabase]:
    """Make SQLite files."""
    yield from _dropped_after(sqlite_folder)


@pytest.fixture(params=KINDS)
def new_database(request: pytest.FixtureRequest) -> NewDatabase:
    """Make databases on each of the three kinds."""
    names = {"sqlite": "new_sqlite", "postgresql": "new_postgres", "mariadb": "new_mysql"}
    make: NewDatabase = request.getfixturevalue(names[request.param])
    return make


@pytest.fixture(scope="module", params=KINDS)
def new_module_database(request: pytest.FixtureRequest) -> Iterator[NewDatabase]:
    """Make databases on each of the three kinds for all tests of a module, which only read them."""
    names = {"sqlite": "sqlite_folder", "postgresql": "postgres_server", "mariadb": "mysql_server"}
    yield from _dropped_after(request.getfixturevalue(names[request.param]))


@pytest.fixture(scope="module")
def module_database_url(new_module_database: NewDatabase) -> str:
    """Give one database of each kind to all tests of a module."""
    return new_module_database()


@pytest.fixture
def database_url(new_database: NewDatabase) -> str:
    """Give an empty database of each of the three kinds."""
    return new_database()


@pytest.fixture
def migrated_url(new_database: NewDatabase) -> str:
    """Give a database of each of the three kinds that holds our tables."""
    return new_database(migrated)


@pytest.fixture
def postgres_url(new_postgres: NewDatabase) -> str:
    """Give an empty database on PostgreSQL."""
    return new_postgres()


@pytest.fixture
def mysql_url(new_mysql: NewDatabase) -> str:
    """Give an empty database on MariaDB."""
    return new_mysql()


@pytest.fixture
def own_postgres() -> Iterator[Server]:
    """Give a PostgreSQL that a test may stop."""
    with ExitStack() as stack:
        yield start_or_skip(stack, "PostgreSQL", services.own_postgresql)


@pytest.fixture
def own_mysql() -> Iterator[Server]:
    """Give a MariaDB that a test may stop."""
    with ExitStack() as stack:
        yield start_or_skip(stack, "MariaDB", services.own_mysql)


@pytest.fixture
def redis(running: Services) -> Iterator[Server]:
    """Give a real Redis; a test that stopped or paused it leaves it as it was."""
    server = running.get("Redis", services.redis)
    yield server
    server.resume()
    if server.process is not None and server.process.poll() is not None:
        server.start()


@pytest.fixture
def redis_url(redis: Server) -> str:
    """Give the address of a real Redis."""
    return redis.url


@pytest.fixture(scope="session")
def browser() -> Iterator[webdriver.Chrome]:
    """Give a real browser without a window that talks to nobody but the tests."""
    try:
        with chromium() as window:
            yield window
    except ServiceMissing as error:
        missing["Chromium"] = str(error)
        pytest.skip(str(error))


def _dropped_after(place: Place) -> Iterator[NewDatabase]:
    made: list[str] = []

    def make(prepared: Prepare | None = None) -> str:
        made.append(place.prepared(prepared) if prepared else place.empty())
        return made[-1]

    yield make
    for url in made:
        place.drop(url)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage where there is none: a worker makes all tests, and keeps them."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a worker of pytest-xdist could not test."""
    missing.update(getattr(node, "workeroutput", {}).get("missing", {}))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Say what could not be tested, last and loud."""
    if hasattr(config, "workeroutput"):
        return
    writer = config.get_terminal_writer()
    for name, why in missing.items():
        writer.line(f"!!! NOT TESTED: {name}: {why}", red=True, bold=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where nobody reads the last lines, a missing service is a failure."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["missing"] = missing
    if missing and os.environ.get("CI") == "true":
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_sessionstart(session: pytest.Session) -> None:
    """Take SIGTERM for Ctrl-C: what was started is stopped then too."""
    # A worker is told to end more than once, which must not cut short how it cleans up.
    is_worker = hasattr(session.config, "workeroutput")
    again = signal.SIG_IGN if is_worker else signal.default_int_handler
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, partial(_interrupt, again))


def _interrupt(again: Any, *_: object) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, again)
    raise KeyboardInterrupt
