"""Processes that begin where their imports are done: forked from one that has imported them.

What is started is the same program with the same arguments, variables, folder and files, in a
process of its own that may be signalled, killed and waited for; it only skips the seconds in which
Python imports the libraries. What it starts itself with `sys.executable`, as a service starts the
process of a run, is forked as well. Each entry point is also started from nothing by a test.

`start` is for programs that a test holds on to. `quick_python()` is a program to be run in the
place of `sys.executable` by whatever starts one, with `-m module …` or `-c code …`: it passes
signals on and ends as the forked process does, but a process that is to be paused (SIGSTOP) is
started with `start`, whose `pid` is the real one.
"""

import atexit
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path

from tests.fork_client import ask, read_number
from tests.shared_folder import folder_of_all
from tests.waiting import wait_until

# What the programs import, not the programs: those look at their terminal when they are imported.
IMPORTED = (
    "backend.main",
    "backend.agents.campaign_tools",
    "backend.agents.protocol",
    "backend.clients.anthropic_namer",
    "backend.clients.redis_cache",
    "backend.clients.shared_counts",
    "backend.clients.token_issuer",
    "backend.clients.webhook_sender",
    "backend.database.sqlite_engine",
    "backend.digest.digest_mail",
    "backend.digest.seen_by_digest",
    "backend.digest.told_digest",
    "backend.files.load",
    "backend.report",
    "backend.run.campaign_counting",
    "backend.run.child",
    "backend.run.readiness_check",
    "backend.shop.detecting",
    "backend.shop.mapping.guard",
    "backend.store.alter_ids",
    "backend.store.upgrade",
    "backend.wording.detection_sentences",
    "aiosmtplib",
    "aiosqlite",
    "alembic.autogenerate.api",
    "alembic.context",
    "anyio._backends._asyncio",
    "asyncmy",
    "asyncpg",
    "dlt",
    "drt.config.models",
    "drt.config.profiles",
    "drt.templates.renderer",
    "httpcore2",
    "psycopg2.extensions",
    "rich.progress",
    "rich.table",
    "tenacity",
    "typer",
    "uvicorn.lifespan.on",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
    "xlsxwriter",
    "yaml",
    "tests.built",
)
ROOT = Path(__file__).parents[1]
# Without site-packages it starts in ten milliseconds.
QUICK_PYTHON = """\
#!{python} -IS
import sys
sys.path.append({root!r})
from tests.fork_client import main
main({address!r})
"""
STOPS_WITHIN_SECONDS = 10


class Forked:
    """A running process, to be handled like one of `subprocess`."""

    def __init__(self, name: str, pid: int, connection: int) -> None:
        self._name = name
        self._connection = connection
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return how it ended, if it has: negative for a signal."""
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end.

        Raises
        ------
        subprocess.TimeoutExpired
            When it still runs after `timeout` seconds.
        """
        ended = self._look(timeout)
        if ended is None:
            raise subprocess.TimeoutExpired(self._name, timeout or 0)
        return ended

    def send_signal(self, number: signal.Signals) -> None:
        """Signal it, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def _look(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._connection], [], [], timeout)[0]:
            self.returncode = read_number(self._connection)
            os.close(self._connection)
            assert self.returncode is not None, "the server that forks has ended"
        return self.returncode


def start(
    module: str,
    arguments: Sequence[str],
    *,
    folder: Path,
    variables: Mapping[str, str],
    stdout: Path,
    stderr: Path,
) -> Forked:
    """Start `python -m module arguments…` in a folder, with these variables and no others.

    One that is left at the end of the session is ended then.
    """
    address = str(_server() / "socket")
    with Path(os.devnull).open() as nothing, stdout.open("ab") as out, stderr.open("ab") as err:
        files = [file.fileno() for file in (nothing, out, err)]
        asked = ask(address, ("-m", module, *arguments), str(folder), variables, files)
    return Forked(f"{module} {' '.join(arguments)}", *asked)


def quick_python() -> str:
    """Return the path of a program that is started like `sys.executable`."""
    return str(_server() / "python")


@cache
def _server() -> Path:
    """Return the folder of the server that forks: of all workers, else one that is started here."""
    if (folder := folder_of_all()) is not None:
        return folder
    kept = tempfile.TemporaryDirectory(prefix="ib-")
    atexit.register(kept.cleanup)
    atexit.register(serve_in(Path(kept.name)))
    return Path(kept.name)


def serve_in(folder: Path) -> Callable[[], object]:
    """Start the server that forks, with its socket and its `python` in a folder.

    Returns
    -------
    stop
        Ends it, and with it all that it forked.
    """
    python, address = folder / "python", folder / "socket"
    python.write_text(
        QUICK_PYTHON.format(python=sys.executable, root=str(ROOT), address=str(address))
    )
    python.chmod(0o700)
    told = (address, python, folder)
    command = (sys.executable, "-m", "tests.fork_server", *map(str, told), *IMPORTED)
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE)
    wait_until(lambda: process.poll() is not None or address.exists())
    assert process.poll() is None, "the server that forks did not start"
    # Closes its input, at which it ends.
    return partial(process.communicate, timeout=STOPS_WITHIN_SECONDS)
