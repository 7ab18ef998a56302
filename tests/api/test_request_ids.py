"""Every answer says under which id the log tells more: one that nobody expected first of all."""

import http.client
import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from backend.database.engine import opened
from backend.store import runs
from backend.store.run_request import RunRequest
from tests.conftest import execute, wait_for
from tests.databases import SqliteFolder, migrated
from tests.live import ADMIN_KEY, Live, serving


async def _queue(url: str) -> None:
    async with opened(url) as engine:
        await runs.enqueue(engine, RunRequest())


@pytest.fixture(scope="module")
def live(sqlite_folder: SqliteFolder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Serve a database in which somebody spoilt what we stored of a run."""
    url = sqlite_folder.prepared(migrated)
    wait_for(_queue(url))
    spoil = "UPDATE intelligence_runs SET counts = 'ada@example.com', active = NULL"
    wait_for(execute(url, spoil))
    with serving(url, tmp_path_factory.mktemp("live"), variables={"RUN_WORKER": "false"}) as made:
        yield made


@pytest.fixture
def connection(live: Live) -> Iterator[http.client.HTTPConnection]:
    """Hold one connection, and see when the server drops it."""
    made = http.client.HTTPConnection(urlsplit(live.address).netloc)
    yield made
    made.close()


def ask(
    connection: http.client.HTTPConnection, method: str, path: str, **sent: str
) -> http.client.HTTPResponse:
    headers = {"X-API-Key": ADMIN_KEY, **{name.replace("_", "-"): sent[name] for name in sent}}
    connection.request(method, path, headers=headers)
    return connection.getresponse()


def test_an_unexpected_error_has_one_id_in_header_body_and_log(
    live: Live, connection: http.client.HTTPConnection
) -> None:
    answer = ask(connection, "GET", "/api/admin/runs", X_Request_ID="fault-1")
    body = json.loads(answer.read())
    assert (answer.status, body["status"]) == (500, 500)
    assert answer.headers["X-Request-ID"] == body["request_id"] == "fault-1"
    lines = [json.loads(line) for line in live.log.read_text().splitlines()]
    told = [line for line in lines if line["level"] == "ERROR"]
    assert [line["request_id"] for line in told] == ["fault-1"]  # once, and never without its id
    assert "JSONDecodeError" in told[0]["exc_info"]
    assert "ada@example.com" not in live.log.read_text()


def test_the_connection_goes_on_after_an_unexpected_error(
    connection: http.client.HTTPConnection,
) -> None:
    for path, status in (("/api/admin/runs", 500), ("/health/live", 200), ("/api/admin/runs", 500)):
        answer = ask(connection, "GET", path)
        answer.read()
        assert answer.status == status
        assert answer.headers.get("Connection", "keep-alive") == "keep-alive"
        assert connection.sock is not None  # http.client drops it where the server closes


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("HEAD", "/nowhere", 404),
        ("PUT", "/api/admin/runs", 405),
        ("HEAD", "/api/admin/runs", 405),
        ("GET", "/api/admin/runs?limit=none", 422),
        ("GET", "/api/admin/runs/nobody", 404),
        ("GET", "/health", 503),
        ("HEAD", "/health", 503),
        ("HEAD", "/health/live", 200),
    ],
)
def test_every_kind_of_answer_has_the_id(live: Live, method: str, path: str, status: int) -> None:
    answer = live.client.request(method, path, headers={"X-API-Key": ADMIN_KEY})
    assert answer.status_code == status
    assert len(answer.headers["X-Request-ID"]) == 16
    if answer.content:
        assert answer.json()["request_id"] == answer.headers["X-Request-ID"]
