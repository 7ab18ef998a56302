"""The process that has imported everything, and forks for whoever asks: see `tests.forked`.

    python -m tests.fork_server ADDRESS PYTHON FOLDER MODULE…

It listens at the address, imports the modules when the first asks, and ends, with all that it
forked, when its standard input does. To what it forks PYTHON is the Python to start others with;
what their runs learn is remembered in FOLDER.
"""

import atexit
import gc
import json
import os
import runpy
import select
import selectors
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path

from tests import remembered
from tests.fork_client import LENGTH, NUMBER, end_by
from tests.shared_folder import share

MOST_WAITING = 128
Asked = tuple[list[str], str, dict[str, str]]


@dataclass(slots=True)
class Server:
    """Listens, forks, and tells how what it forked ended."""

    listener: socket.socket
    ended: socket.socket
    told_of_end: socket.socket
    selector: selectors.BaseSelector
    forked: dict[int, socket.socket] = field(default_factory=dict)

    def serve(self) -> Asked:
        """Fork for whoever asks; return in each forked process, with what was asked for."""
        self._watch(0, self._end)
        self._watch(self.listener, self._fork)
        self._watch(self.ended, self._tell_of_ends)
        while True:
            for key, _ in self.selector.select():
                if (asked := key.data()) is not None:
                    return asked  # type: ignore[no-any-return]

    def wait_for_the_first(self) -> None:
        """Wait until somebody asks; end where nobody ever does."""
        asked, _, _ = select.select([0, self.listener.fileno()], [], [])
        if 0 in asked:
            self._end()

    def _watch(self, what: socket.socket | int, readable: Callable[[], Asked | None]) -> None:
        self.selector.register(what, selectors.EVENT_READ, readable)

    def _fork(self) -> Asked | None:
        connection, _ = self.listener.accept()
        head, files, _, _ = socket.recv_fds(connection, LENGTH.size, 3)
        (length,) = LENGTH.unpack(head)
        asked: Asked = json.loads(connection.recv(length, socket.MSG_WAITALL))
        if (pid := os.fork()) == 0:
            connection.close()
            self._forget()
            _take(files)
            return asked
        for file in files:
            os.close(file)
        _tell(connection, pid)
        self.forked[pid] = connection
        self._watch(connection, partial(self._let_go, pid))
        return None

    def _let_go(self, pid: int) -> None:
        """End what nobody waits for any more: whoever asked for it has ended."""
        if (connection := self.forked.get(pid)) is not None:
            os.kill(pid, signal.SIGKILL)
            self.selector.unregister(connection)

    def _tell_of_ends(self) -> None:
        self.ended.recv(MOST_WAITING)
        while self.forked:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            with self.forked.pop(pid) as connection:
                if connection in self.selector.get_map():
                    self.selector.unregister(connection)
                    _tell(connection, os.waitstatus_to_exitcode(status))

    def _end(self) -> None:
        for pid in self.forked:
            os.kill(pid, signal.SIGKILL)
        sys.exit()

    def _forget(self) -> None:
        """Be a process of its own: nothing of the server's is open or handled any more."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self.selector.close()
        for one in (self.listener, self.ended, self.told_of_end, *self.forked.values()):
            one.close()


def _tell(connection: socket.socket, number: int) -> None:
    with suppress(BrokenPipeError):  # nobody is interested any more
        connection.sendall(NUMBER.pack(number))


def _take(files: list[int]) -> None:
    for standard, file in enumerate(files):
        os.dup2(file, standard)
        os.close(file)


def _listening(address: str) -> Server:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(f"{address}.new")
    listener.listen(MOST_WAITING)
    os.rename(f"{address}.new", address)  # noqa: PTH104, it is there when it listens
    ended, told_of_end = socket.socketpair()
    told_of_end.setblocking(False)
    signal.set_wakeup_fd(told_of_end.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests, which end us
    return Server(listener, ended, told_of_end, selectors.DefaultSelector())


def _become(asked: Asked, python: str) -> None:
    """Go on as `python -m module …` or `python -c code …` would."""
    (option, program, *arguments), folder, variables = asked
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # `nohup` has children ignore it
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    sys.executable = python
    if not remembered.ANEW.items() <= variables.items():
        remembered.remember()
    sys.path.insert(0, folder)
    if option == "-m":
        sys.argv = [program, *arguments]
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    else:
        sys.argv = [option, *arguments]
        exec(compile(program, "<string>", "exec"), {"__name__": "__main__"})


def _status_of(asked: Asked, python: str) -> int:
    """Run what is asked for, and return the exit code that Python would give it."""
    try:
        _become(asked, python)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        sys.stderr.write(f"{end.code}\n")
    except KeyboardInterrupt:
        end_by(signal.SIGINT)
    except BaseException:  # noqa: BLE001, as Python itself does
        traceback.print_exc()
    else:
        return 0
    return 1


def _end(status: int) -> None:
    """End without tidying up what was imported, which would copy all of it first."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def main() -> None:
    """Import, then listen; whoever is forked goes on from here to its own end."""
    address, python, kept, *modules = sys.argv[1:]
    share(Path(kept))
    server = _listening(address)
    server.wait_for_the_first()
    for module in modules:
        import_module(module)
    gc.collect()
    gc.freeze()  # else each forked process copies what it only looks through for garbage
    asked = server.serve()
    _end(_status_of(asked, python))


if __name__ == "__main__":
    main()
