"""The demo: a folder of its own, a port before anything else, runs as of its data's date."""

import signal
import socket
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from backend.database.engine import opened
from backend.files.demo_shop import AS_OF
from backend.store import runs
from tests import forked
from tests.conftest import wait_for
from tests.live import Process, command, environment, started_anew
from tests.services import free_port
from tests.waiting import PATIENCE_SECONDS, wait_until

LAST_WORDS = "another as_of.\n"
THEIRS = ("demo.db", "demo.db.backup", "intelligence-demo/notes.txt", "intelligence-demo/shop.db2")


def test_a_port_that_is_taken_ends_the_demo_before_it_begins(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = command("sqlite:///x.db", tmp_path, "demo", "--port", str(port))
    assert done.returncode == 3
    assert done.stdout == ""
    (sentence,) = done.stderr.splitlines()
    assert f"127.0.0.1:{port}" in sentence
    assert "--port" in sentence
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Give a folder with files of others, which are as they were afterwards."""
    (tmp_path / "intelligence-demo").mkdir()
    for name in THEIRS:
        (tmp_path / name).write_text("theirs")
    yield tmp_path
    assert [(tmp_path / name).read_text() for name in THEIRS] == ["theirs"] * len(THEIRS)


def started(folder: Path, port: int, start: Callable[..., Process] = forked.start) -> Process:
    """Start the demo; it writes to the file `said`."""
    said = folder / "said"
    said.write_text("")
    return start(
        "backend",
        ("demo", "--port", str(port)),
        folder=folder,
        variables=environment("sqlite:///x.db"),
        stdout=said,
        stderr=said,
    )


def assert_served(demo: Process, folder: Path, port: int) -> None:
    """See that it is served as of its data's date, and stop it while it does another run."""
    said = folder / "said"
    wait_until(lambda: LAST_WORDS in said.read_text() or demo.poll() is not None)
    address = f"http://127.0.0.1:{port}"
    told = said.read_text()
    assert f"Documentation: {address}/docs" in told
    assert (folder / f"intelligence-demo/shop-{port}.html").as_uri() in told
    key = told.partition("API key: ")[2].split()[0]
    headers = {"X-API-Key": key}
    with httpx.Client(base_url=address, headers=headers, timeout=PATIENCE_SECONDS) as client:
        assert client.get("/api/mcp/segments").json()["as_of"] == AS_OF.isoformat().replace(
            "+00:00", "Z"
        )
        assert client.post("/api/admin/cluster").status_code == 202
    assert wait_for(asked_for(folder / f"intelligence-demo/shop-{port}.db")) == AS_OF
    demo.send_signal(signal.SIGINT)
    assert demo.wait(PATIENCE_SECONDS) == 0
    assert "Traceback" not in said.read_text()


def test_the_demo_serves_what_it_found_and_leaves_others_files_alone(folder: Path) -> None:
    port = free_port()
    assert_served(started(folder, port), folder, port)


@pytest.mark.long
def test_the_demo_leaves_others_files_alone_can_be_stopped_and_run_again(folder: Path) -> None:
    said, port = folder / "said", free_port()
    stopped = started(folder, port, started_anew)
    wait_until(lambda: "\nread" in said.read_text(), said.read_text)
    stopped.send_signal(signal.SIGINT)
    assert stopped.wait(PATIENCE_SECONDS) == 1  # its run is handed back, as that of `cluster` is
    assert "Traceback" not in said.read_text()
    assert_served(started(folder, port), folder, port)


async def asked_for(database: Path) -> datetime | None:
    async with opened(f"sqlite:///{database}") as engine:
        run = await runs.latest(engine)
    assert run is not None
    return run.request.as_of
