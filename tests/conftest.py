"""Fixtures over real services; what is missing is said loudly at the end, and fails under CI."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import tempfile
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any, TypeVar

import pytest
from selenium import webdriver
from sqlalchemy import text

from backend.database.engine import opened, parse_url
from tests import services
from tests.services import Server, ServiceMissing

pytest_plugins = ("tests.engines", "tests.histories")

Result = TypeVar("Result")
NewDatabase = Callable[[], str]

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


@pytest.fixture(scope="session")
def running() -> Iterator[Services]:
    """Start services lazily, stop them all at the end."""
    with ExitStack() as stack:
        yield Services(stack)


@pytest.fixture
def new_postgres(running: Services) -> Iterator[NewDatabase]:
    """Make databases on a real PostgreSQL, dropped after the test."""
    yield from _databases(running.get("PostgreSQL", services.postgresql).url)


@pytest.fixture
def new_mysql(running: Services) -> Iterator[NewDatabase]:
    """Make databases on a real MariaDB, dropped after the test."""
    yield from _databases(running.get("MariaDB", services.mysql).url)


@pytest.fixture
def new_sqlite(tmp_path: Path) -> NewDatabase:
    """Make SQLite files."""
    return lambda: f"sqlite:///{tmp_path}/{secrets.token_hex(4)}.db"


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.external),
        pytest.param("mariadb", marks=pytest.mark.external),
    ]
)
def new_database(request: pytest.FixtureRequest) -> NewDatabase:
    """Make databases on each of the three kinds."""
    names = {"sqlite": "new_sqlite", "postgresql": "new_postgres", "mariadb": "new_mysql"}
    make: NewDatabase = request.getfixturevalue(names[request.param])
    return make


@pytest.fixture(
    scope="module",
    params=[
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.external),
        pytest.param("mariadb", marks=pytest.mark.external),
    ],
)
def module_database_url(
    request: pytest.FixtureRequest, running: Services, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Give one database of each kind to all tests of a module, which then only read it."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('database')}/shop.db"
        return
    kinds = {
        "postgresql": ("PostgreSQL", services.postgresql),
        "mariadb": ("MariaDB", services.mysql),
    }
    for make in _databases(running.get(*kinds[request.param]).url):
        yield make()


@pytest.fixture
def database_url(new_database: NewDatabase) -> str:
    """Give an empty database of each of the three kinds."""
    return new_database()


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
    packages = ["chromium", "chromium-driver"]
    try:
        chromium = services.need("chromium", packages)
        driver = services.need("chromedriver", packages)
    except ServiceMissing as error:
        missing["Chromium"] = str(error)
        pytest.skip(str(error))
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (
        "headless",
        "disable-gpu",
        "disable-dev-shm-usage",
        "disable-background-networking",
        "disable-component-update",
        "disable-sync",
        "no-first-run",
        *(["no-sandbox"] if os.geteuid() == 0 else []),
    ):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    # The browser leaves folders where it is told to keep temporary files.
    with tempfile.TemporaryDirectory(prefix="ib-", ignore_cleanup_errors=True) as folder:
        service = webdriver.ChromeService(driver, env={**os.environ, "TMPDIR": folder})
        window = webdriver.Chrome(options, service)
        yield window
        window.quit()


def _databases(server_url: str) -> Iterator[NewDatabase]:
    made: list[str] = []

    def make() -> str:
        name = f"t_{secrets.token_hex(6)}"
        wait_for(execute(server_url, f"CREATE DATABASE {name}"))
        made.append(name)
        return (
            parse_url(server_url)
            .set(drivername=server_url.split(":")[0], database=name)
            .render_as_string(hide_password=False)
        )

    yield make
    force = " WITH (FORCE)" if server_url.startswith("postgres") else ""
    for name in made:
        wait_for(execute(server_url, f"DROP DATABASE {name}{force}"))
        wait_for(execute(server_url, f"DROP USER IF EXISTS {_reader(name)}"))


def _reader(database: str | None) -> str:
    return f"reader_{database}"


async def read_only_url(url: str) -> str:
    """Make a user that may only select from what the database holds now, and return its URL."""
    owner = parse_url(url)
    reader = owner.set(username=_reader(owner.database), password=secrets.token_urlsafe(16))
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
    results: list[Result] = []
    thread = threading.Thread(target=lambda: results.append(asyncio.run(work)))
    thread.start()
    thread.join()
    return results[0]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Say what could not be tested, last and loud."""
    writer = config.get_terminal_writer()
    for name, why in missing.items():
        writer.line(f"!!! NOT TESTED: {name}: {why}", red=True, bold=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where nobody reads the last lines, a missing service is a failure."""
    if missing and os.environ.get("CI") == "true":
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_sessionstart() -> None:
    """Take SIGTERM for Ctrl-C: what was started is stopped then too."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
