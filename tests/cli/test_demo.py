"""The demo: a folder of its own, a port before anything else, runs as of its data's date."""

import signal
import socket
from datetime import datetime
from pathlib import Path

import httpx

from backend.database.engine import opened
from backend.files.demo_shop import AS_OF
from backend.store import runs
from tests import forked
from tests.conftest import wait_for
from tests.live import command, environment, started_anew
from tests.services import free_port
from tests.waiting import PATIENCE_SECONDS, wait_until

THEIRS = ("demo.db", "demo.db.backup", "intelligence-demo/notes.txt", "intelligence-demo/shop.db2")


def test_a_port_that_is_taken_ends_the_demo_before_it_begins(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = command("sqlite:///x.db", tmp_path, "demo", "--port", str(port), anew=True)
    assert done.returncode == 3
    assert done.stdout == ""
    (sentence,) = done.stderr.splitlines()
    assert f"127.0.0.1:{port}" in sentence
    assert "--port" in sentence
    assert list(tmp_path.iterdir()) == []


def test_the_demo_leaves_others_files_alone_can_be_stopped_and_run_again(tmp_path: Path) -> None:
    (tmp_path / "intelligence-demo").mkdir()
    for name in THEIRS:
        (tmp_path / name).write_text("theirs")
    said, port = tmp_path / "said", free_port()
    arguments = ("demo", "--port", str(port))

    stopped = started_anew(
        "backend",
        arguments,
        folder=tmp_path,
        variables=environment("sqlite:///x.db"),
        stdout=said,
        stderr=said,
    )
    wait_until(lambda: "\nread" in said.read_text(), said.read_text)
    stopped.send_signal(signal.SIGINT)
    assert stopped.wait(PATIENCE_SECONDS) == 1  # its run is handed back, as that of `cluster` is
    assert "Traceback" not in said.read_text()
    said.write_text("")

    again = forked.start(
        "backend",
        arguments,
        folder=tmp_path,
        variables=environment("sqlite:///x.db"),
        stdout=said,
        stderr=said,
    )
    wait_until(lambda: "Ctrl-C stops" in said.read_text() or again.poll() is not None)
    address = f"http://127.0.0.1:{port}"
    told = said.read_text()
    assert f"Documentation: {address}/docs" in told
    assert (tmp_path / f"intelligence-demo/shop-{port}.html").as_uri() in told
    link = told.partition("signs in, once: ")[2].split()[0]
    assert link.startswith(f"{address}/app/sign-in/")
    from_elsewhere = {"X-Forwarded-For": "192.0.2.7"}
    assert httpx.get(link, headers=from_elsewhere).status_code == 403
    with httpx.Client(timeout=60, follow_redirects=True) as browser:
        opened_page = browser.get(link)
        assert str(opened_page.url) == f"{address}/app"
        assert "Sign out" in opened_page.text
    assert httpx.get(link).status_code == 403
    key = told.partition("API key: ")[2].split()[0]
    with httpx.Client(base_url=address, headers={"X-API-Key": key}, timeout=60) as client:
        assert client.get("/api/mcp/segments").json()["as_of"] == AS_OF.isoformat().replace(
            "+00:00", "Z"
        )
        assert client.post("/api/admin/cluster").status_code == 202
    assert wait_for(asked_for(tmp_path / f"intelligence-demo/shop-{port}.db")) == AS_OF
    again.send_signal(signal.SIGINT)
    assert again.wait(PATIENCE_SECONDS) == 0
    assert "Traceback" not in said.read_text()
    assert [(tmp_path / name).read_text() for name in THEIRS] == ["theirs"] * len(THEIRS)


async def asked_for(database: Path) -> datetime | None:
    async with opened(f"sqlite:///{database}") as engine:
        run = await runs.latest(engine)
    assert run is not None
    return run.request.as_of
