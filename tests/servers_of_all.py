"""PostgreSQL and MariaDB that all workers of one session share.

The process that hands out the tests runs them. A worker asks by a socket in the folder of all; a
server is started when the first one asks, and stopped when all workers have ended.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path

from tests import services
from tests.services import Server, ServiceMissing
from tests.shared_folder import folder_of_all

SOCKET = "servers"
STARTS: dict[str, Callable[[], AbstractContextManager[Server]]] = {
    "PostgreSQL": services.postgresql,
    "MariaDB": services.mysql,
}
Told = tuple[str, str]  # the URL, or why there is none


@contextmanager
def server_of_all(name: str) -> Iterator[Server]:
    """Give the server that all workers share; where there are none, one of this process's own.

    Raises
    ------
    ServiceMissing
        When it cannot be had.
    """
    if (folder := folder_of_all()) is None:
        with STARTS[name]() as server:
            yield server
        return
    with Client(str(folder / SOCKET)) as connection:
        connection.send(name)
        url, missing = connection.recv()
    if missing:
        raise ServiceMissing(missing)
    yield Server(url)


class ServersOfAll:
    """Starts what is asked for in a folder, once; to be closed.

    Parameters
    ----------
    folder
        Of all workers.
    """

    def __init__(self, folder: Path) -> None:
        self._listener = Listener(str(folder / SOCKET))
        self._stack = ExitStack()
        self._told: dict[str, Told] = {}
        self._starting = {name: threading.Lock() for name in STARTS}
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        """Stop all of them."""
        self._listener.close()
        self._stack.close()

    def _listen(self) -> None:
        with suppress(OSError):  # it is closed
            while True:
                asked = [self._listener.accept()]
                threading.Thread(target=self._answer, args=asked, daemon=True).start()

    def _answer(self, connection: Connection) -> None:
        with connection, suppress(EOFError, BrokenPipeError):  # who asked has ended
            name = connection.recv()
            with self._starting[name]:
                if name not in self._told:
                    self._told[name] = self._start(name)
            connection.send(self._told[name])

    def _start(self, name: str) -> Told:
        try:
            return self._stack.enter_context(STARTS[name]()).url, ""
        except ServiceMissing as error:
            return "", str(error)
