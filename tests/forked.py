"""Processes that begin where their imports are done: forked from one that has imported them.

What is started is the same program with the same arguments, variables, folder and files, in a
process of its own that may be signalled, killed and waited for; it only skips the two seconds in
which Python imports the libraries. Each entry point is also started from nothing by a test.
"""

import contextlib
import os
import runpy
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from multiprocessing import forkserver, get_context
from multiprocessing.process import BaseProcess, parent_process
from pathlib import Path

# What the programs import, not the programs: those look at their terminal when they are imported.
IMPORTED = [
    "backend.main",
    "backend.files.load",
    "backend.run.readiness_check",
    "aiosqlite",
    "asyncmy",
    "asyncpg",
    "dlt",
    "rich.progress",
    "rich.table",
    "typer",
    "uvicorn.protocols.http.auto",
]
ROOT = Path(__file__).parents[1]

_from_there = get_context("forkserver")
_from_there.set_forkserver_preload(IMPORTED)


class Forked:
    """A running process, to be handled like one of `subprocess`."""

    def __init__(self, process: BaseProcess) -> None:
        self._process = process

    @property
    def pid(self) -> int | None:
        """What the system knows it by."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """How it ended: negative for a signal, None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """Return how it ended, if it has."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end.

        Raises
        ------
        subprocess.TimeoutExpired
            When it still runs after `timeout` seconds.
        """
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout or 0)
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        """Signal it, unless it has ended."""
        if self.returncode is None and self._process.pid is not None:
            os.kill(self._process.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


def start(
    module: str,
    arguments: Sequence[str],
    *,
    folder: Path,
    variables: Mapping[str, str],
    stdout: Path,
    stderr: Path,
) -> Forked:
    """Start `python -m module arguments…` in a folder, with these variables and no others."""
    with contextlib.chdir(ROOT):  # where it finds what it imports
        forkserver.ensure_running()
    process = _from_there.Process(
        target=_become,
        # One that is left at the end of the session is ended then.
        daemon=True,
        name=f"{module} {' '.join(arguments)}",
        args=(module, list(arguments), str(folder), dict(variables), str(stdout), str(stderr)),
    )
    process.start()
    return Forked(process)


def _become(
    module: str,
    arguments: list[str],
    folder: str,
    variables: dict[str, str],
    stdout: str,
    stderr: str,
) -> None:
    threading.Thread(target=_end_with_the_tests, daemon=True).start()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    for path, descriptor in ((os.devnull, 0), (stdout, 1), (stderr, 2)):
        opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.path.insert(0, folder)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _end_with_the_tests() -> None:
    tests = parent_process()
    assert tests is not None
    tests.join()
    os._exit(1)
