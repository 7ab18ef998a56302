"""What does one thing for many parts, and how processes of this machine do."""

import multiprocessing
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Protocol, TypeVar

from backend.core.errors import PartFailed

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")
ENDED = (
    "A process that the run had started to predict with ended: it may have had too little memory. "
    "RUN_PROCESSES=1 starts none."
)


class Executor(Protocol):
    """Does a task for each of many parts; both are pickled where others do it."""

    @property
    def workers(self) -> int:
        """How many parts are worked on at once."""

    def map(self, task: Callable[[Asked], Answer], each: Sequence[Asked]) -> list[Answer]:
        """Return what the task says of each part, in their order.

        Raises
        ------
        PartFailed
            When one of the parts cannot be done.
        """


class Processes:
    """Processes of this machine, started when something is to be done, and ended when it is.

    They are started from nothing, since a fork would have locks of threads that it has not; and
    they end with this process, however that ends. Starting two takes half a second, and waiting
    they would hold 130 MiB.

    Parameters
    ----------
    count
        How many, at least 1.
    """

    def __init__(self, count: int) -> None:
        self._count = count

    @property
    def workers(self) -> int:
        """How many there are."""
        return self._count

    def map(self, task: Callable[[Asked], Answer], each: Sequence[Asked]) -> list[Answer]:
        """Return what the task says of each part, in their order.

        Raises
        ------
        PartFailed
            When a process ends.
        """
        with ProcessPoolExecutor(
            self._count,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_end_with_parent,
        ) as pool:
            try:
                return [*pool.map(task, each)]
            except BrokenProcessPool:
                raise PartFailed(ENDED) from None


def _end_with_parent() -> None:
    threading.Thread(target=_wait_for_its_end, daemon=True).start()


def _wait_for_its_end() -> None:
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        os._exit(1)
