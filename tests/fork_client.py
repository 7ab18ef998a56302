"""Ask the fork server for a process; run as a program, stand for that process like `python`.

It uses nothing but the standard library and imports little of that: the program starts often.
"""

import json
import os
import signal
import socket
import struct
import sys
from collections.abc import Mapping, Sequence
from types import FrameType

LENGTH = struct.Struct("!Q")
NUMBER = struct.Struct("!i")
PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


def ask(
    address: str,
    arguments: Sequence[str],
    folder: str,
    variables: Mapping[str, str],
    files: Sequence[int],
) -> tuple[int, int]:
    """Have `python arguments…` forked with these three standard files.

    Returns
    -------
    pid, connection
        The connection yields how the process ended; closing it ahead of that ends the process.
    """
    asked = json.dumps([list(arguments), folder, dict(variables)]).encode()
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(address)
    socket.send_fds(connection, [LENGTH.pack(len(asked))], files)
    connection.sendall(asked)
    descriptor = connection.detach()
    pid = read_number(descriptor)
    if pid is None:
        raise ConnectionError("the fork server did not fork")
    return pid, descriptor


def read_number(descriptor: int) -> int | None:
    """Wait for a number; None when the server has ended instead."""
    read = os.read(descriptor, NUMBER.size)
    return NUMBER.unpack(read)[0] if len(read) == NUMBER.size else None


def main(address: str) -> None:
    """Begin, be signalled and end as the process that is asked for."""
    signal.pthread_sigmask(signal.SIG_BLOCK, PASSED_ON)  # until there is whom to pass them on to
    folder = os.getcwd()  # noqa: PTH109, pathlib takes as long to import as all of this
    pid, connection = ask(address, sys.argv[1:], folder, os.environ, (0, 1, 2))
    _let_go_of_files()

    def pass_on(number: int, _frame: FrameType | None) -> None:
        os.kill(pid, number)

    for number in PASSED_ON:
        signal.signal(number, pass_on)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
    status = read_number(connection)
    if status is None:
        os._exit(1)
    if status < 0:
        end_by(-status)
    os._exit(status)


def end_by(number: int) -> None:
    """End as a process does that does not handle a signal."""
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _let_go_of_files() -> None:
    # Whoever reads what the process writes is to see the end when the process ends, not later.
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
