"""`python -m backend serve` against strangers: raw connections, and how others fare meanwhile."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from time import monotonic

import pytest

from backend.api.bounded_http import HEAD_SECONDS, MOST_PIPELINED, MOST_WAITING
from backend.cli.serving_commands import pages_at
from tests.live import ADMIN_KEY, API_KEY, SERVE, UVICORN, Live, serving
from tests.waiting import PATIENCE_SECONDS, wait_until

HOST = b"Host: x\r\n"
GET = b"GET /health/live HTTP/1.1\r\n" + HOST
MIB = 1 << 20


@pytest.fixture(scope="module", params=["serve", "uvicorn"])
def live(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Live]:
    """Serve by our own command, and as the guide does."""
    yield from served(tmp_path_factory, SERVE if request.param == "serve" else UVICORN)


@pytest.fixture(scope="module")
def bounded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Serve by our own command."""
    yield from served(tmp_path_factory, SERVE)


def served(places: pytest.TempPathFactory, program: tuple[str, ...]) -> Iterator[Live]:
    folder = places.mktemp("serve")
    url = f"sqlite:///{folder}/shop.db"
    with serving(url, folder, program=program) as service:
        yield service


def connected(live: Live) -> socket.socket:
    host, port = live.address.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS)


def answer_to(live: Live, *pieces: bytes) -> bytes:
    """Send pieces, as far as they are taken, and return all that comes back."""
    with connected(live) as connection:
        with suppress(OSError):
            for piece in pieces:
                connection.sendall(piece)
        return rest_of(connection)


def rest_of(connection: socket.socket) -> bytes:
    received = b""
    with suppress(ConnectionResetError):
        while piece := connection.recv(65536):
            received += piece
    return received


def memory_mib(live: Live) -> float:
    status = Path(f"/proc/{live.process.pid}/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if "VmHWM" in line)


MANY = b"".join(b"X-%d: 1\r\n" % number for number in range(100))
TOO_LARGE = {
    "101 headers": GET + MANY + b"\r\n",
    "a large header": GET + b"X: " + b"a" * 65_600 + b"\r\n\r\n",
    "large headers": GET + (b"X: " + b"a" * 1_000 + b"\r\n") * 66 + b"\r\n",
}


@pytest.mark.parametrize("head", TOO_LARGE)
def test_a_head_that_is_too_large_is_refused_under_either_server(live: Live, head: str) -> None:
    answer = answer_to(live, TOO_LARGE[head])
    assert answer.startswith(b"HTTP/1.1 431 ")
    lines = answer.lower()
    for said in (b"application/problem+json", b"x-request-id: ", b"connection: close"):
        assert said in lines
    assert len(answer) < 2_000


# uvicorn's own protocol calls these bad requests, after it has read them to their end.
LARGE_ADDRESSES = {
    "a large query": b"GET /health/live?" + b"a" * 65_600 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "a large path": b"GET /" + b"a" * 65_600 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
}


@pytest.mark.parametrize("address", LARGE_ADDRESSES)
def test_an_address_that_is_too_large_is_refused(bounded: Live, address: str) -> None:
    assert answer_to(bounded, LARGE_ADDRESSES[address]).startswith(b"HTTP/1.1 431 ")


def test_the_log_says_where_the_pages_are(bounded: Live) -> None:
    said = [json.loads(one) for one in bounded.log.read_text().splitlines()]
    (told,) = [one for one in said if one["message"] == "pages for people"]
    assert told["address"] == f"{bounded.address}/app"


@pytest.mark.parametrize(
    ("public_url", "host", "told"),
    [
        (None, "0.0.0.0", "http://127.0.0.1:8000/app"),
        (None, "::", "http://127.0.0.1:8000/app"),
        (None, "2001:db8::7", "http://[2001:db8::7]:8000/app"),
        (
            "https://shop.example.com/intelligence/",
            "0.0.0.0",
            "https://shop.example.com/intelligence/app",
        ),
    ],
)
def test_where_a_browser_finds_them(public_url: str | None, host: str, told: str) -> None:
    assert pages_at(public_url, host, 8000) == told


def test_a_flood_that_a_full_process_refuses_is_one_line_of_the_log(tmp_path: Path) -> None:
    url, full = f"sqlite:///{tmp_path}/shop.db", ("--limit-concurrency", "3")
    with serving(url, tmp_path, arguments=full) as live, ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(connected(live))
        refused = [answer_to(live, GET + b"Connection: close\r\n\r\n") for _ in range(50)]
        lines = live.log.read_text().splitlines()
    assert {answer.split(b"\r\n")[0] for answer in refused} == {b"HTTP/1.1 503 Service Unavailable"}
    assert sum("Exceeded concurrency limit." in line for line in lines) == 1


def test_the_largest_head_that_is_allowed_is_served(live: Live) -> None:
    headers = b"".join(b"X-%d: %s\r\n" % (number, b"a" * 600) for number in range(98))
    end = b"Connection: close\r\n\r\n"
    assert answer_to(live, GET + headers + end).startswith(b"HTTP/1.1 200 ")


ENDLESS = {
    "a header": GET + b"X: ",
    "a header's name": GET + b"X",
    "headers": GET,
    "a path": b"GET /",
    "a method": b"G",
    "blank lines": b"",
    "an extension of a chunk": b"POST / HTTP/1.1\r\n"
    + HOST
    + b"Transfer-Encoding: chunked\r\n\r\n1;",
    "a trailer": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: ",
    "a body nobody wants": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 99999999999\r\n\r\n",
    "a body in chunks": b"PATCH /api/admin/segments/x HTTP/1.1\r\n"
    + HOST
    + b"Transfer-Encoding: chunked\r\n\r\n",
}
OF = {"headers": b"X: 1\r\n", "blank lines": b"\r\n", "a body in chunks": b"1\r\nx\r\n"}


@pytest.mark.parametrize("what", ENDLESS)
def test_what_never_ends_is_cut_off_and_takes_no_memory(bounded: Live, what: str) -> None:
    before = memory_mib(bounded)
    piece = OF.get(what, b"a") * (MIB // len(OF.get(what, b"a")))
    sent = 0
    with connected(bounded) as connection, suppress(OSError):
        connection.sendall(ENDLESS[what])
        for _ in range(100):
            connection.sendall(piece)
            sent += 1
    assert sent < 50
    assert bounded.client.get("/health/live").status_code == 200
    assert memory_mib(bounded) - before < 12


NO_HTTP = {
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "both lengths": b"POST / HTTP/1.1\r\n"
    + HOST
    + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a length that is none": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1e3\r\n\r\n",
    "a length beyond numbers": b"POST / HTTP/1.1\r\n"
    + HOST
    + b"Content-Length: 99999999999999999999999\r\n\r\n",
    "a tunnel": b"CONNECT example.com:443 HTTP/1.1\r\n" + HOST + b"\r\n",
}


@pytest.mark.parametrize("what", NO_HTTP)
def test_what_is_no_request_is_refused_in_words(bounded: Live, what: str) -> None:
    answer = answer_to(bounded, NO_HTTP[what])
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"x-request-id: " in answer.lower()


POST = b"POST /api/admin/cluster HTTP/1.1\r\n" + HOST + f"X-API-Key: {ADMIN_KEY}\r\n".encode()
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
BROKEN = {
    "a size": CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n",
    "a later size": CHUNKED + b"2\r\n{}\r\n-1\r\n",
    "a size beyond numbers": CHUNKED + b"ffffffffffffffff1\r\n{}\r\n",
    "an end": CHUNKED + b"2\r\n{}}}}\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_breaks_after_a_good_head_is_refused_in_words(bounded: Live, what: str) -> None:
    (head, body) = answer_to(bounded, BROKEN[what]).split(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(body)["status"] == 400
    assert bounded.get("/api/admin/cluster/status", ADMIN_KEY).json()["state"] == "never_run"


def test_what_was_asked_before_is_answered_first(bounded: Live) -> None:
    whole = GET + b"\r\n"
    for broken in (b"\x00\r\n\r\n", BROKEN["a size"], BROKEN["a later size"]):
        for many in (1, 3):
            answers = answer_to(bounded, whole * many + broken)
            assert answers.count(b"HTTP/1.1 200 ") == many
            assert answers.count(b"HTTP/1.1 400 ") == 1
            assert answers.rindex(b"HTTP/1.1 200 ") < answers.index(b"HTTP/1.1 400 ")


def test_what_is_no_request_is_one_line_of_the_log(bounded: Live) -> None:
    upgrade = GET + b"Upgrade: h2c\r\nConnection: Upgrade, close\r\n\r\n"
    for sent, said in ((NO_HTTP["no HTTP"], "request refused"), (upgrade, "request")):
        before = bounded.log.read_text().splitlines()
        answer_to(bounded, sent)
        lines = [json.loads(one) for one in bounded.log.read_text().splitlines()[len(before) :]]
        assert [(one["level"], one["message"]) for one in lines] == [("INFO", said)]


def test_a_request_names_one_host(live: Live) -> None:
    for second in (HOST, b"Host: evil.example.org\r\n"):
        assert answer_to(live, GET + second + b"\r\n").startswith(b"HTTP/1.1 400 ")


def test_http_1_1_needs_a_host(bounded: Live) -> None:
    bare = b"GET /health/live HTTP/1.%d\r\n\r\n"
    assert answer_to(bounded, bare % 1).startswith(b"HTTP/1.1 400 ")
    assert answer_to(bounded, bare % 0).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("host", [b"evil.example.org", b"[", b"evil.example.org/?", b"\xff"])
@pytest.mark.parametrize("path", [b"/health/", b"/api/mcp/segments/", b"/static-offline-docs"])
def test_nobody_is_led_to_the_host_that_they_named(live: Live, host: bytes, path: bytes) -> None:
    head = b"GET " + path + b" HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n"
    answer = answer_to(live, head)
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"location" not in answer.lower()
    assert b"evil" not in answer
    assert json.loads(answer.split(b"\r\n\r\n")[1])["instance"] == path.decode()


def test_a_socket_is_no_way_in(bounded: Live) -> None:
    asked = b"Upgrade: websocket\r\nConnection: Upgrade, close\r\nSec-WebSocket-Version: 13\r\n"
    key = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    path = b"GET /api/mcp/segments HTTP/1.1\r\n" + HOST
    answer = answer_to(bounded, path + asked + key)
    assert answer.startswith(b"HTTP/1.1 401 ")


def test_requests_sent_ahead_are_answered_up_to_a_bound(bounded: Live) -> None:
    few = answer_to(bounded, (GET + b"\r\n") * 10 + GET + b"Connection: close\r\n\r\n")
    assert few.count(b"HTTP/1.1 200 ") == 11
    many = answer_to(bounded, (GET + b"\r\n") * (MOST_PIPELINED + 100))
    assert many.count(b"HTTP/1.1 200 ") <= MOST_PIPELINED + 1
    assert many.count(b"HTTP/1.1 400 ") == 1


def test_nobody_is_told_to_go_on_with_a_body_that_is_not_wanted(bounded: Live) -> None:
    head = b"PATCH /api/admin/segments/x HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\n"
    answer = answer_to(bounded, head + b"Content-Length: 9\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 401 ")
    key = f"X-API-Key: {ADMIN_KEY}\r\nConnection: close\r\n".encode()
    with connected(bounded) as connection:
        connection.sendall(head + key + b"Content-Length: 9\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b'{"name":1')
        assert rest_of(connection).startswith(b"HTTP/1.1 422 ")


def test_half_sent_requests_end_and_keep_nobody_out(bounded: Live) -> None:
    """Of many at once the oldest go at once; the others when their time is over."""
    with ExitStack() as stack:
        started = monotonic()
        crowd = [stack.enter_context(connected(bounded)) for _ in range(MOST_WAITING + 100)]
        for connection in crowd:
            with suppress(OSError):
                connection.sendall(GET + b"X-Half: ")
        assert bounded.client.get("/health/live").status_code == 200
        assert {rest_of(connection)[:12] for connection in crowd[:50]} <= {b"", b"HTTP/1.1 408"}
        early = monotonic() - started
        dribbling = crowd[-1]
        dribbling.sendall(b"a")
        last = rest_of(dribbling)
        assert last.startswith(b"HTTP/1.1 408 ")
        assert early < HEAD_SECONDS or monotonic() - started < 6 * HEAD_SECONDS
    wait_until(lambda: bounded.client.get("/health/live").status_code == 200)


@pytest.mark.long
def test_slow_bodies_and_answers_that_nobody_takes_end_too(bounded: Live) -> None:
    key = f"X-API-Key: {ADMIN_KEY}\r\n".encode()
    head = b"PATCH /api/admin/segments/x HTTP/1.1\r\n" + HOST + key + b"Content-Length: 99\r\n\r\n{"
    page = b"GET /static-offline-docs/redoc.standalone.js HTTP/1.1\r\n" + HOST + b"\r\n"
    before = open_files(bounded)
    with connected(bounded) as slow, connected(bounded) as deaf:
        slow.sendall(head)
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.sendall(page * 8)
        answer = rest_of(slow)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"connection: close" in answer
        wait_until(lambda: open_files(bounded) <= before)


def open_files(live: Live) -> int:
    return len(list(Path(f"/proc/{live.process.pid}/fd").iterdir()))


def test_one_worker_or_several_are_bounded_alike(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    with serving(url, tmp_path, program=SERVE, arguments=("--workers", "2"), anew=True) as live:
        assert answer_to(live, TOO_LARGE["101 headers"]).startswith(b"HTTP/1.1 431 ")
        assert live.get("/api/mcp/segments", API_KEY).status_code == 200
        assert "server" not in live.client.get("/health/live").headers
