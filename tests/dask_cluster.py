"""A real scheduler of Dask on a free port, and workers of it that know one database."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests import forked
from tests.forked import Forked
from tests.live import environment
from tests.services import free_port
from tests.waiting import PATIENCE_SECONDS, wait_until

SCHEDULER, WORKER = "distributed.cli.dask_scheduler", "distributed.cli.dask_worker"
PRELOAD = ("--preload", "backend.assembly.dask_worker")


@dataclass
class DaskCluster:
    """What is started, until the cluster ends."""

    folder: Path
    port: int
    scheduler: Forked
    by_tls: bool = False
    workers: list[Forked] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Where the scheduler is reached."""
        return f"{'tls' if self.by_tls else 'tcp'}://127.0.0.1:{self.port}"

    def work(
        self,
        url: str,
        variables: Mapping[str, str] | None = None,
        *,
        preload: tuple[str, ...] = PRELOAD,
    ) -> Forked:
        """Start a worker that knows one database, and is there when this returns."""
        log = self.folder / f"worker-{free_port()}.log"
        told = (self.address, "--no-nanny", "--nthreads", "1", "--no-dashboard", *preload)
        worker = forked.start(
            WORKER,
            (*told, "--local-directory", str(self.folder)),
            folder=self.folder,
            variables=environment(url, variables),
            stdout=log,
            stderr=log,
        )
        self.workers.append(worker)
        wait_until(
            lambda: worker.poll() is not None or "Registered to" in log.read_text(), log.read_text
        )
        assert worker.poll() is None, log.read_text()
        return worker

    def let_go(self) -> None:
        """End all workers, so that others may come."""
        for worker in self.workers:
            worker.kill()
            worker.wait(PATIENCE_SECONDS)
        self.workers.clear()


@contextmanager
def dask_cluster(tls: Mapping[str, str] | None = None) -> Iterator[DaskCluster]:
    """Start a scheduler, and end it with its workers; variables of TLS have it speak that alone."""
    with tempfile.TemporaryDirectory(prefix="ib-dask-") as kept:
        folder, port = Path(kept), free_port()
        log = folder / "scheduler.log"
        scheduler = forked.start(
            SCHEDULER,
            (*_protocol(tls), "--port", str(port), "--no-dashboard", "--no-show"),
            folder=folder,
            variables=environment("sqlite:///nobody.db", tls),
            stdout=log,
            stderr=log,
        )
        cluster = DaskCluster(folder, port, scheduler, by_tls=tls is not None)
        try:
            wait_until(
                lambda: scheduler.poll() is not None or "Scheduler at" in log.read_text(),
                log.read_text,
            )
            assert scheduler.poll() is None, log.read_text()
            yield cluster
        finally:
            for one in (*cluster.workers, scheduler):
                one.kill()


def _protocol(tls: Mapping[str, str] | None) -> tuple[str, ...]:
    return ("--host", "127.0.0.1") if tls is None else ("--host", "tls://127.0.0.1")
