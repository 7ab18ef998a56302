"""Keys, problems, request ids and logs."""

import json
import re
import subprocess
from collections.abc import Callable

import httpx
import pytest

from backend.api.keys import Keyring, Role
from backend.api.problems import STATUSES
from backend.core import errors
from backend.database.engine import InvalidDatabaseUrl
from tests.databases import Prepare, SqliteFolder
from tests.live import ADMIN_KEY, API_KEY, ROOT, Live


@pytest.fixture(scope="module")
def new_module_database(sqlite_folder: SqliteFolder) -> Callable[[Prepare], str]:
    """Keys and problems are the same on every database: one is enough here."""
    return sqlite_folder.prepared


READING = ["/api/mcp/customers/1", "/api/mcp/customers/search?query=x", "/api/mcp/segments"]
ADMIN = ["/api/admin/runs", "/api/admin/changes"]


@pytest.mark.parametrize("path", [*READING, *ADMIN, "/api/admin/cluster/status"])
@pytest.mark.parametrize("key", [None, "", "wrong", "plain-ke", "plain-key2", "ключ"])
def test_without_a_valid_key_nothing_opens(live: Live, path: str, key: str | None) -> None:
    headers = {} if key is None else {b"X-API-Key": key.encode()}
    answer = live.client.get(path, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["detail"] == "Send a valid key in the X-API-Key header."


@pytest.mark.parametrize("path", ADMIN)
def test_a_plain_key_does_not_open_admin_routes(live: Live, path: str) -> None:
    assert live.get(path, API_KEY).status_code == 403
    assert live.get(path, ADMIN_KEY).status_code == 200


@pytest.mark.parametrize("key", [API_KEY, ADMIN_KEY])
def test_the_status_of_a_run_opens_with_either_key(live: Live, key: str) -> None:
    assert live.get("/api/admin/cluster/status", key).status_code == 200


def test_an_admin_key_opens_the_plain_routes_too(live: Live) -> None:
    assert live.get("/api/mcp/segments", ADMIN_KEY).status_code == 200


def test_a_key_that_is_given_twice_opens_all_that_either_does() -> None:
    for roles in ((Role.READS, Role.ADMINISTERS), (Role.ADMINISTERS, Role.READS)):
        keys = Keyring.of({role: [API_KEY] for role in roles})
        assert keys.role_of(API_KEY) is Role.ADMINISTERS


def test_health_needs_no_key(live: Live) -> None:
    told = live.client.get("/health").json()
    guides = {"status": "healthy", "database": "connected", "version": "10.0"}
    assert {name: told[name] for name in guides} == guides


def test_every_answer_has_a_request_id(live: Live) -> None:
    ours = live.client.get("/health").headers["X-Request-ID"]
    assert ours != live.client.get("/health").headers["X-Request-ID"]
    theirs = live.client.get("/health", headers={"X-Request-ID": "abc-1"})
    assert theirs.headers["X-Request-ID"] == "abc-1"
    evil = live.client.get("/health", headers={"X-Request-ID": "a b\tc" * 40})
    assert len(evil.headers["X-Request-ID"]) == 16


@pytest.mark.parametrize(
    ("sent", "is_taken"),
    [
        (b"a.B_9-" + b"x" * 58, True),
        (b"x" * 65, False),
        (b"x" * 60_000, False),
        (b"", False),
        (b"a%0d%0aX-Evil: 1", False),
        (b'"quoted"', False),
        (b"\xc3\xbc", False),
        (b"\xff", False),
    ],
)
def test_an_id_that_is_no_plain_word_is_not_taken(live: Live, sent: bytes, is_taken: bool) -> None:
    told = live.client.get("/health/live", headers={b"X-Request-ID": sent}).headers["X-Request-ID"]
    assert (told == sent.decode("latin-1")) is is_taken
    assert is_taken or (len(told) == 16 and told.isalnum())


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "PUT", "PROPFIND"])
def test_no_route_takes_a_method_that_is_not_its_own(live: Live, method: str) -> None:
    described = json.loads((ROOT / "tests" / "api" / "openapi.json").read_text())["paths"]
    for path in described:
        answer = live.client.request(method, re.sub(r"{\w+}", "1", path))
        if method == "HEAD" and path.startswith("/health"):
            assert answer.status_code == 200
            continue
        assert answer.status_code == 405, path
        assert method not in answer.headers["Allow"]
        assert len(answer.headers["X-Request-ID"]) == 16


def test_errors_are_problems(live: Live) -> None:
    for answer, status in (
        (live.client.get("/nowhere"), 404),
        (live.client.post("/health"), 405),
        (live.get("/api/mcp/customers/none"), 404),
    ):
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        body = answer.json()
        assert body["status"] == status
        assert body["detail"].endswith(".")
        assert body["request_id"] == answer.headers["X-Request-ID"]


def test_logs_are_json_lines_without_keys_emails_or_names(live: Live) -> None:
    live.client.get(
        "/api/mcp/customers/search",
        params={"query": "person12@example.com"},
        headers={"X-API-Key": API_KEY, "X-Request-ID": "logged-1"},
    )
    live.get("/api/mcp/customers/person12@example.com")
    lines = [json.loads(line) for line in live.log.read_text().splitlines()]
    mine = [line for line in lines if line.get("request_id") == "logged-1"]
    assert [(line["route"], line["status"]) for line in mine] == [
        ("/api/mcp/customers/search", 200)
    ]
    text = live.log.read_text()
    for secret in (API_KEY, ADMIN_KEY, "person12", "example.com", "First1"):
        assert secret not in text


def every_error() -> list[type[errors.BackendError]]:
    found, waiting = [], [errors.BackendError]
    while waiting:
        children = waiting.pop().__subclasses__()
        found += children
        waiting += children
    return found


# These end a process at start, a command, or a run in its own process; no request meets them.
NEVER_MET_BY_A_REQUEST = {
    errors.AmbiguousFile,
    errors.AnswerTooLong,
    errors.ArgumentsUnfit,
    errors.ImportRefused,
    errors.InvalidConfiguration,
    InvalidDatabaseUrl,
    errors.LeaseLost,
    errors.NoRoomToSpill,
    errors.MaterialNotOffered,
    errors.NothingPublished,
    errors.PartFailed,
    errors.PortTaken,
    errors.RunFailed,
    errors.Stopped,
    errors.TablesBusy,
    errors.TablesHeld,
    errors.TablesInTheWay,
    errors.TablesTooNew,
    errors.ToolNotOffered,
    errors.TooLittleTaken,
    errors.WorkersAway,
}


@pytest.mark.parametrize("error", every_error(), ids=lambda error: error.__name__)
def test_every_error_has_a_status_or_a_reason_to_have_none(
    error: type[errors.BackendError],
) -> None:
    assert (error in STATUSES) != (error in NEVER_MET_BY_A_REQUEST)


def test_curl_and_httpx_see_the_same(live: Live) -> None:
    done = subprocess.run(
        ["curl", "-sS", "-H", f"X-API-Key: {API_KEY}", f"{live.address}/api/mcp/customers/4"],
        capture_output=True,
        check=True,
    )
    with httpx.Client(base_url=live.address, headers={"X-API-Key": API_KEY}) as client:
        assert json.loads(done.stdout) == client.get("/api/mcp/customers/4").json()
