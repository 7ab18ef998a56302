"""Workers on other machines, reached by the scheduler of Dask that knows them.

The scheduler runs whatever it is sent, and so do its workers: it is spoken to by TLS with
certificates on both sides, or on this machine alone. Neither address nor key of a database travels
through it: each worker has its own.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from backend.core.clock import monotonic_seconds
from backend.core.errors import BackendError, WorkersAway
from backend.core.late import late
from backend.run.partitions.executors import Answer, Asked

CONNECT_SECONDS = 20.0
# How long a run waits for the first worker, and for another once the last has gone.
WITHOUT_WORKERS_SECONDS = 60.0
LOOK_EVERY_SECONDS = 1.0
FIRST = "FIRST_COMPLETED"
SILENT = "which does not answer"
# What keeps who asks out as well, by how its address begins.
OR_KEEPS_OUT = {"tls": ", or not to who has no certificate of its", "tcp": ", or by TLS alone"}
LEFT = "which went away meanwhile"
NO_WORKERS = "which has no worker"
KILLED = "where one part ended several workers: they may have too little memory"


class Cluster:
    """The workers of a scheduler, for the time of a `with` block.

    Parameters
    ----------
    address
        Of the scheduler: tls://… or tcp:// of this machine.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._dask: Any = late("distributed")
        self._client: Any = None

    def __enter__(self) -> Self:
        """Connect, and wait for a worker.

        Raises
        ------
        WorkersAway
            When there is no scheduler, or none of its workers.
        """
        try:
            self._client = self._dask.Client(
                self._address, timeout=CONNECT_SECONDS, set_as_default=False
            )
        except (OSError, TimeoutError, ValueError, TypeError) as error:  # the last: no certificates
            because = SILENT + OR_KEEPS_OUT.get(self._address.partition("://")[0], "")
            raise WorkersAway(self._address, because) from error
        try:
            self._client.wait_for_workers(1, timeout=WITHOUT_WORKERS_SECONDS)
        except (OSError, TimeoutError) as error:
            self._client.close(timeout=LOOK_EVERY_SECONDS)
            raise WorkersAway(self._address, NO_WORKERS) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the workers; what they are still at is nobody's."""
        self._client.close(timeout=LOOK_EVERY_SECONDS)

    @property
    def workers(self) -> int:
        """How many parts are worked on at once."""
        threads: Iterable[int] = self._client.nthreads().values()
        return max(1, sum(threads))

    def map(self, task: Callable[[Asked], Answer], each: Sequence[Asked]) -> list[Answer]:
        """Return what the task says of each part, in their order.

        A part whose worker goes away is done anew by another, so a task may be done more than
        once; one answer of it is returned.

        Raises
        ------
        PartFailed
            When a worker says that it cannot do it.
        WorkersAway
            When there is nobody left to do it.
        """
        futures = [self._client.submit(task, one, pure=False) for one in each]
        try:
            self._wait(futures)
            return [*self._client.gather(futures)]
        except BackendError:
            raise
        except self._dask.KilledWorker as error:
            raise WorkersAway(self._address, KILLED) from error
        except (CancelledError, self._dask.comm.CommClosedError, TimeoutError) as error:
            raise WorkersAway(self._address, LEFT) from error
        finally:
            for future in futures:
                future.release()

    def _wait(self, futures: Sequence[Any]) -> None:
        """Wait for all, or for the first that fails, and look whether anybody is at it."""
        seen_at = monotonic_seconds()
        while waited_for := [one for one in futures if not one.done()]:
            if any(one.status == "error" for one in futures):
                return
            self._look(waited_for)
            if self._client.status != "running":
                raise WorkersAway(self._address, LEFT)
            if self._client.nthreads():
                seen_at = monotonic_seconds()
            elif monotonic_seconds() - seen_at > WITHOUT_WORKERS_SECONDS:
                raise WorkersAway(self._address, NO_WORKERS)

    def _look(self, futures: Sequence[Any]) -> None:
        with self._client.as_current(), suppress(TimeoutError):
            self._dask.wait(futures, timeout=LOOK_EVERY_SECONDS, return_when=FIRST)
