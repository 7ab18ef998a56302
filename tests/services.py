"""Real PostgreSQL, MariaDB and Redis for tests and benchmarks.

A service is used where its variable points at one (TEST_POSTGRES_URL, TEST_MYSQL_URL,
TEST_REDIS_URL), else started on a free port in a temporary folder from binaries on the machine,
else installed first with apt-get where that is possible.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.waiting import wait_until

STOP_TIMEOUT_SECONDS = 10
BINARY_FOLDERS = (
    "/usr/sbin",
    "/usr/local/sbin",
    *map(str, Path("/usr/lib/postgresql").glob("*/bin")),
)
APT = {"DEBIAN_FRONTEND": "noninteractive"}


class ServiceMissing(Exception):
    """A service can neither be reached, nor started, nor installed."""


@dataclass(slots=True)
class Server:
    """A running server of our own, or a URL that was given."""

    url: str
    process: subprocess.Popen[bytes] | None = None
    command: Sequence[str] = ()
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGKILL
    is_ready: Callable[[], bool] = lambda: True

    @property
    def is_ours(self) -> bool:
        """Whether it may be stopped and paused."""
        return self.process is not None

    def stop(self) -> None:
        """End it and its children at once, as a crash would; paused ones too."""
        if self.process is None or self.process.poll() is not None:
            return
        self.resume()
        self._signal(self.stop_signal)
        try:
            self.process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def start(self) -> None:
        """Start it again on the same port and data."""
        self.process = _spawn(self.command, self.user)
        self._wait_until_up(self.process)

    def pause(self) -> None:
        """Let it hang: connections stay, nothing answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Undo `pause`."""
        self._signal(signal.SIGCONT)

    def _wait_until_up(self, process: subprocess.Popen[bytes]) -> None:
        try:
            wait_until(
                lambda: process.poll() is not None or (listens(self.url) and self.is_ready()),
                lambda: f"{self.url} is not up",
            )
        except AssertionError as error:
            raise ServiceMissing(str(error)) from None
        if process.poll() is not None:
            raise ServiceMissing(f"{self.command[0]} ended with exit code {process.returncode}")

    def _signal(self, number: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)


def find(program: str) -> str | None:
    """Return a program's path; servers are often outside an ordinary user's PATH."""
    return shutil.which(program) or shutil.which(program, path=os.pathsep.join(BINARY_FOLDERS))


def need(program: str, packages: Sequence[str]) -> str:
    """Return a program's path, installing Debian's packages where that is possible.

    Raises
    ------
    ServiceMissing
        When the program is neither there nor installable.
    """
    if (path := find(program)) is not None:
        return path
    with _one_installs():
        there = find(program) is not None or _install(packages)
    if not there or (path := find(program)) is None:
        raise ServiceMissing(f"{program} is not installed (apt-get install {' '.join(packages)})")
    return path


@contextmanager
def _one_installs() -> Iterator[None]:
    """Wait for another process of the tests that installs: apt-get refuses a second one."""
    lock = os.open(tempfile.gettempdir(), os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _install(packages: Sequence[str]) -> bool:
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        return False
    # A policy of 101 keeps the packages from starting services of their own.
    policy = Path("/usr/sbin/policy-rc.d")
    placed = not policy.exists()
    if placed:
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
    try:
        quiet = {
            "env": {**os.environ, **APT},
            "stdout": subprocess.DEVNULL,
            "stderr": subprocess.DEVNULL,
        }
        subprocess.run(["apt-get", "update"], check=False, **quiet)  # type: ignore[call-overload]
        done = subprocess.run(  # type: ignore[call-overload]
            ["apt-get", "install", "-y", "--no-install-recommends", *packages], check=False, **quiet
        )
        return bool(done.returncode == 0)
    finally:
        if placed:
            policy.unlink()


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def postgresql() -> Iterator[Server]:
    """Give a PostgreSQL; its URL names the database `postgres` and a superuser."""
    if url := os.environ.get("TEST_POSTGRES_URL"):
        yield Server(url)
        return
    with own_postgresql() as server:
        yield server


@contextmanager
def own_postgresql() -> Iterator[Server]:
    """Run a PostgreSQL that nobody else uses, so that it may be stopped."""
    server, initdb = need("postgres", ["postgresql"]), need("initdb", ["postgresql"])
    with _folder("postgres") as (folder, user):
        data = folder / "data"
        _run(
            [initdb, "-D", str(data), "-U", "test", "-A", "trust", "-E", "UTF8", "--no-sync"], user
        )
        yield from _served(_on_postgresql(server, data, folder, user))


@contextmanager
def standby_of(primary: Server) -> Iterator[Server]:
    """Run a PostgreSQL that follows another one, and can only be read."""
    server, copy = need("postgres", ["postgresql"]), need("pg_basebackup", ["postgresql-client"])
    at = urlsplit(primary.url)
    with _folder("postgres") as (folder, user):
        data = folder / "data"
        place = ["-h", "127.0.0.1", "-p", str(at.port), "-U", "test"]
        _run([copy, *place, "-D", str(data), "-R", "-X", "stream", "-c", "fast"], user)
        yield from _served(_on_postgresql(server, data, folder, user))


def _on_postgresql(program: str, data: Path, folder: Path, user: str | None) -> Server:
    port = free_port()
    settings = {
        "port": port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": folder,
        # A killed server must still know what it committed: that needs no fsync.
        "fsync": "off",
        "full_page_writes": "off",
        "max_connections": 200,
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    # Quitting is as sudden as a crash, but gives the shared memory back and ends every session.
    return Server(
        f"postgresql://test@127.0.0.1:{port}/postgres",
        command=[program, "-D", str(data), *options],
        user=user,
        stop_signal=signal.SIGQUIT,
        is_ready=lambda: _postgresql_takes_sessions(data),
    )


def _postgresql_takes_sessions(data: Path) -> bool:
    # The port is open while a crash is still being repaired; the eighth line says when it is done.
    # https://www.postgresql.org/docs/current/storage-file-layout.html
    try:
        return (data / "postmaster.pid").read_text().splitlines()[7].strip() == "ready"
    except (FileNotFoundError, IndexError):
        return False


@contextmanager
def pgbouncer(behind: str, *options: str) -> Iterator[Server]:
    """Run PgBouncer in transaction mode, with two sessions on the PostgreSQL `behind` it."""
    program, address = need("pgbouncer", ["pgbouncer"]), urlsplit(behind)
    with _folder("postgres") as (folder, user):
        port = free_port()
        (folder / "users").write_text(f'"{address.username}" ""\n')
        settings = (
            "[databases]",
            f"* = host={address.hostname} port={address.port}",
            "[pgbouncer]",
            "listen_addr = 127.0.0.1",
            f"listen_port = {port}",
            "unix_socket_dir =",
            "auth_type = trust",
            f"auth_file = {folder}/users",
            "pool_mode = transaction",
            "default_pool_size = 2",
            "max_client_conn = 200",
            *options,
        )
        (folder / "ini").write_text("\n".join(settings))
        url = f"postgresql://{address.username}@127.0.0.1:{port}{address.path}"
        yield from _served(Server(url, command=[program, "-q", str(folder / "ini")], user=user))


@contextmanager
def mysql() -> Iterator[Server]:
    """Give a MariaDB; its URL names the database `mysql` and a user with all rights."""
    if url := os.environ.get("TEST_MYSQL_URL"):
        yield Server(url)
        return
    with own_mysql() as server:
        yield server


@contextmanager
def own_mysql(*options: str) -> Iterator[Server]:
    """Run a MariaDB that nobody else uses, with options of its own."""
    server = need("mariadbd", ["mariadb-server"])
    install = need("mariadb-install-db", ["mariadb-server"])
    with _folder("mysql") as (folder, user):
        data = folder / "data"
        _run(
            [
                install,
                "--no-defaults",
                f"--datadir={data}",
                f"--tmpdir={folder}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
            ],
            user,
        )
        port = free_port()
        command = [
            server,
            "--no-defaults",
            f"--datadir={data}",
            # A server that starts empties its folder of temporary tables: not another one's.
            f"--tmpdir={folder}",
            f"--port={port}",
            "--bind-address=127.0.0.1",
            f"--socket={folder}/socket",
            f"--pid-file={folder}/pid",
            "--skip-name-resolve",
            "--innodb-flush-log-at-trx-commit=0",
            "--sync-binlog=0",
            "--max-connections=200",
            "--character-set-server=utf8mb4",
            *options,
        ]
        yield from _served(
            Server(f"mysql://root@127.0.0.1:{port}/mysql", command=command, user=user)
        )


@contextmanager
def redis() -> Iterator[Server]:
    """Run Redis."""
    if url := os.environ.get("TEST_REDIS_URL"):
        yield Server(url)
        return
    server = need("redis-server", ["redis-server"])
    with _folder("redis") as (folder, user):
        port = free_port()
        command = [
            server,
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--dir",
            str(folder),
            "--save",
            "",
            "--appendonly",
            "no",
        ]
        yield from _served(Server(f"redis://127.0.0.1:{port}/0", command=command, user=user))


def _served(server: Server) -> Iterator[Server]:
    try:
        server.start()
        yield server
    finally:
        server.stop()


def runs_as(account: str) -> str | None:
    """Return who runs a server: these refuse to run as root; None for whoever runs the tests."""
    if os.geteuid() != 0:
        return None
    return account if _exists(account) else "nobody"


@contextmanager
def _folder(account: str) -> Iterator[tuple[Path, str | None]]:
    """Make a short-pathed folder, and say who runs the server: these refuse to run as root."""
    user = runs_as(account)
    with tempfile.TemporaryDirectory(prefix="ib-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if user is not None:
            shutil.chown(folder, user)
        yield folder, user


def _exists(account: str) -> bool:
    import pwd  # noqa: PLC0415, absent where these accounts are too

    try:
        pwd.getpwnam(account)
    except KeyError:
        return False
    return True


def _run(command: Sequence[str], user: str | None) -> None:
    done = subprocess.run(command, user=user, capture_output=True, check=False, cwd="/")
    if done.returncode != 0:
        raise ServiceMissing(f"{command[0]} failed: {done.stderr.decode(errors='replace')[-300:]}")


def _spawn(command: Sequence[str], user: str | None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        user=user,
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def listens(url: str) -> bool:
    """Whether something takes connections at this address."""
    address = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((address.hostname or "127.0.0.1", address.port or 0)) == 0
