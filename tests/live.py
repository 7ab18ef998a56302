"""The service as its users meet it: a real server process on a free port, spoken to over HTTP."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests import forked
from tests.forked import Forked
from tests.services import free_port
from tests.shops import VARIABLES
from tests.waiting import PATIENCE_SECONDS, wait_until

ROOT = Path(__file__).parents[1]
API_KEY = "plain-key"
ADMIN_KEY = "admin-key"
STATUS = "/api/admin/cluster/status"
ENDED = {"succeeded", "failed", "cancelled"}
UVICORN, SERVE = ("uvicorn", "backend.main:app"), ("backend", "serve")
ON_SQLITE = "sqlite:///"
# What changes beside a service is told by its next answer; `test_served.py` has the service wait.
AT_ONCE = {"SERVED_RUN_SECONDS": "0", "ANSWER_SECONDS": "0"}
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "TMPDIR")

Process = subprocess.Popen[bytes] | Forked


@dataclass(slots=True)
class Live:
    """A running service."""

    address: str
    process: Process
    client: httpx.Client
    log: Path
    url: str

    def get(self, path: str, key: str = API_KEY) -> httpx.Response:
        """Send a GET."""
        return self.client.get(path, headers={"X-API-Key": key})

    def cluster(self, **body: Any) -> dict[str, Any]:
        """Start a run, wait for its end, and return its status."""
        answer = self.client.post("/api/admin/cluster", json=body, headers={"X-API-Key": ADMIN_KEY})
        assert answer.status_code == 202, answer.text
        return self.finished()

    def until(self, path: str, status: int) -> None:
        """Ask until the answer has this status."""
        wait_until(
            lambda: self.get(path).status_code == status, lambda: f"{path} is not {status} yet"
        )

    def until_told(self, path: str, is_so: Callable[[Any], bool]) -> None:
        """Ask until the answer's JSON is so."""
        wait_until(lambda: is_so(self.get(path).json()), lambda: f"{path} does not say so yet")

    def state(self, key: str = API_KEY) -> str:
        """Say how far the last run is."""
        return str(self.get(STATUS, key).json()["state"])

    def finished(self, key: str = API_KEY) -> dict[str, Any]:
        """Wait until no run is active, and return the last one's status."""
        wait_until(lambda: self.state(key) in ENDED, lambda: self.get(STATUS, key).text)
        return dict(self.get(STATUS, key).json())


def environment(url: str, variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the variables of a service, with nothing of the caller's own configuration."""
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    ours = {"DATABASE_URL": url, "API_KEY": API_KEY, "ADMIN_API_KEY": ADMIN_KEY, **VARIABLES}
    return {**kept, "PYTHONPATH": str(ROOT), **ours, **AT_ONCE, **(variables or {})}


@contextmanager
def serving(
    url: str,
    folder: Path,
    *,
    arguments: tuple[str, ...] = (),
    variables: Mapping[str, str] | None = None,
    anew: bool = False,
    program: tuple[str, ...] = UVICORN,
) -> Iterator[Live]:
    """Serve with `uvicorn backend.main:app`, as the guide does; `anew` from nothing."""
    if url.startswith(ON_SQLITE):
        (folder / url.removeprefix(ON_SQLITE)).touch()  # a service makes no shop where none is
    port = free_port()
    log = folder / f"{port}.log"
    module, *first = program
    told = (*first, "--port", str(port), *arguments)
    start = started_anew if anew else forked.start
    process = start(
        module,
        told,
        folder=folder,
        variables=environment(url, variables),
        stdout=log,
        stderr=log,
    )
    address = f"http://127.0.0.1:{port}"
    # Whose certificates are trusted takes longer to read than a service takes to start.
    with httpx.Client(base_url=address, timeout=PATIENCE_SECONDS, verify=False) as client:
        try:
            wait_until(lambda: process.poll() is not None or _answers(client), log.read_text)
            assert process.poll() is None, f"it did not start: {log.read_text()[-2000:]}"
            yield Live(address, process, client, log, url)
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)


def _answers(client: httpx.Client) -> bool:
    with suppress(httpx.TransportError):
        client.get("/health")
        return True
    return False


def refusal(stderr: str) -> list[str]:
    """Return the lines of a start that ended, without what a server says of its own steps."""
    return [line for line in stderr.splitlines() if not line.startswith('{"level": "INFO"')]


def command(
    url: str,
    folder: Path,
    *arguments: str,
    variables: Mapping[str, str] | None = None,
    anew: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Run `python -m backend …` to its end; `anew` from nothing."""
    return run("backend", arguments, folder, environment(url, variables), anew=anew)


def run(
    module: str,
    arguments: Sequence[str],
    folder: Path,
    variables: Mapping[str, str],
    *,
    anew: bool = False,
    patience_seconds: float = PATIENCE_SECONDS,
) -> subprocess.CompletedProcess[str]:
    """Run `python -m module …` to its end in a folder, with these variables and no others."""
    start = started_anew if anew else forked.start
    with tempfile.TemporaryDirectory(prefix="ib-") as kept:
        out, err = Path(kept, "out"), Path(kept, "err")
        process = start(
            module, arguments, folder=folder, variables=variables, stdout=out, stderr=err
        )
        try:
            status = process.wait(patience_seconds)
        finally:
            process.kill()
        return subprocess.CompletedProcess(
            (module, *arguments), status, out.read_text(), err.read_text()
        )


def started_anew(
    module: str,
    arguments: Sequence[str],
    *,
    folder: Path,
    variables: Mapping[str, str],
    stdout: Path,
    stderr: Path,
) -> Process:
    """Start `python -m module …` from nothing, as an operator does."""
    with stdout.open("ab") as out, stderr.open("ab") as err:
        return subprocess.Popen(
            (sys.executable, "-m", module, *arguments),
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
        )
