"""The service as its users meet it: a real server process on a free port, spoken to over HTTP."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.services import free_port
from tests.shops import VARIABLES

ROOT = Path(__file__).parents[1]
API_KEY = "plain-key"
ADMIN_KEY = "admin-key"
TIMEOUT_SECONDS = 60
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "TMPDIR")


@dataclass(slots=True)
class Live:
    """A running service."""

    address: str
    process: subprocess.Popen[bytes]
    client: httpx.Client
    log: Path

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
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while (answer := self.get(path)).status_code != status:
            assert time.monotonic() < deadline, answer.text
            time.sleep(0.05)

    def finished(self, key: str = API_KEY) -> dict[str, Any]:
        """Wait until no run is active, and return the last one's status."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while (status := self.get("/api/admin/cluster/status", key).json())["state"] not in {
            "succeeded",
            "failed",
        }:
            assert time.monotonic() < deadline, status
            time.sleep(0.1)
        return dict(status)


def environment(url: str, variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the variables of a service, with nothing of the caller's own configuration."""
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    ours = {"DATABASE_URL": url, "API_KEY": API_KEY, "ADMIN_API_KEY": ADMIN_KEY, **VARIABLES}
    return {**kept, "PYTHONPATH": str(ROOT), **ours, **(variables or {})}


@contextmanager
def serving(
    url: str,
    folder: Path,
    *,
    arguments: tuple[str, ...] = (),
    variables: Mapping[str, str] | None = None,
) -> Iterator[Live]:
    """Serve with `uvicorn backend.main:app`, as the guide does."""
    port = free_port()
    log = folder / f"{port}.log"
    command = (sys.executable, "-m", "uvicorn", "backend.main:app", "--port", str(port), *arguments)
    with log.open("wb") as lines:
        process = subprocess.Popen(
            command, cwd=folder, env=environment(url, variables), stdout=lines, stderr=lines
        )
    address = f"http://127.0.0.1:{port}"
    with httpx.Client(base_url=address, timeout=30) as client:
        try:
            _wait_until_up(client, process, log)
            yield Live(address, process, client, log)
        finally:
            process.terminate()
            process.wait(20)


def _wait_until_up(client: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            client.get("/health")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"the server did not start: {log.read_text()[-2000:]}")


def command(
    url: str, folder: Path, *arguments: str, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `python -m backend …` to its end."""
    return command_line(url, folder, "backend", *arguments, variables=variables)


def command_line(
    url: str, folder: Path, *arguments: str, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `python -m …` to its end."""
    return subprocess.run(
        (sys.executable, "-m", *arguments),
        cwd=folder,
        env=environment(url, variables),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
