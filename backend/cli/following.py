"""How far something is: a bar with a line of its own on a terminal, plain lines elsewhere."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Thread
from typing import TextIO

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from backend.cli.consoles import PlainConsole, err

# Told what is being done, and the share that is done in [0, 1]; None where that is not known yet.
Tell = Callable[[str, float | None], None]

LAST_LINES_SECONDS = 1.0
STANDARD_ERROR = 2


def followed(*, wanted: bool) -> AbstractContextManager[Tell]:
    """Show on standard error what is told."""
    if not wanted:
        return nullcontext(lambda _doing, _share: None)
    if sys.stderr.isatty() and not err.is_dumb_terminal:
        return _bar()
    return nullcontext(_Lines().tell)


class _Lines:
    """One line for each thing that is done, for logs and pipes."""

    def __init__(self) -> None:
        self._doing: str | None = None

    def tell(self, doing: str, _share: float | None) -> None:
        if doing != self._doing:
            err.print(doing)
        self._doing = doing


@contextmanager
def _bar() -> Iterator[Tell]:
    columns = (
        TextColumn("{task.description:<10}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[percent]:>5}", markup=False),
        TimeElapsedColumn(),
    )
    with (
        _lines_above() as console,
        Progress(
            *columns, console=console, redirect_stdout=False, redirect_stderr=False
        ) as progress,
    ):
        task = progress.add_task("starting", total=None, percent="")

        def tell(doing: str, share: float | None) -> None:
            known = {} if share is None else {"total": 1.0, "completed": share}
            percent = "" if share is None else f"{share:.0%}"
            progress.update(task, description=doing, percent=percent, **known)  # type: ignore[arg-type]

        yield tell


@contextmanager
def _lines_above() -> Iterator[PlainConsole]:
    """Give a console for the bar, and put above it whatever else is written to standard error.

    The process that does a run, Alembic and the libraries write there too, past rich: what is
    taken over is the descriptor that all of them have.
    """
    sys.stderr.flush()
    terminal = os.dup(STANDARD_ERROR)
    reading, writing = os.pipe()
    os.dup2(writing, STANDARD_ERROR)
    os.close(writing)
    with os.fdopen(terminal, "w", encoding=sys.stderr.encoding, errors="backslashreplace") as file:
        console = PlainConsole(file=file)
        above = Thread(target=_print_lines, args=(reading, console), daemon=True)
        above.start()
        try:
            yield console
        finally:
            sys.stderr.flush()
            os.dup2(terminal, STANDARD_ERROR)
            # A process that outlives this still has the pipe, and would keep it open.
            above.join(LAST_LINES_SECONDS)


def _print_lines(descriptor: int, console: PlainConsole) -> None:
    lines: TextIO
    with open(descriptor, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            console.print(line.rstrip("\n"), soft_wrap=True)
