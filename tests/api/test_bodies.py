"""Bodies: the key first, then bytes, seconds and depth within bounds, on a real server."""

import json
import socket
from collections.abc import Iterator

import httpx
import pytest

from backend.api.bounded_request import BODY_BYTES, JSON_DEPTH
from tests.live import ADMIN_KEY, API_KEY, Live, serving
from tests.waiting import PATIENCE_SECONDS

SEGMENT, CLUSTER = "/api/admin/segments/vip", "/api/admin/cluster"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Serve a shop that is not there: no body that is refused gets as far as that."""
    folder = tmp_path_factory.mktemp("bodies")
    with serving(f"sqlite:///{folder}/shop.db", folder) as service:
        yield service


def sent(
    live: Live, body: bytes, *, key: str | None = ADMIN_KEY, path: str = SEGMENT
) -> httpx.Response:
    method = "PATCH" if path == SEGMENT else "POST"
    headers = {"Content-Type": "application/json"} | ({"X-API-Key": key} if key else {})
    return live.client.request(method, path, content=body, headers=headers)


ODD = {
    "no JSON": b"{",
    "deep": b"[" * (BODY_BYTES - 1),
    "large": b'{"name": "' + b"x" * BODY_BYTES + b'"}',
    "not UTF-8": b'{"name": "\xff"}',
}


@pytest.mark.parametrize("path", [SEGMENT, CLUSTER])
@pytest.mark.parametrize(("key", "status"), [(None, 401), ("wrong", 401), (API_KEY, 403)])
@pytest.mark.parametrize("odd", ODD)
def test_the_key_comes_before_the_body(
    live: Live, path: str, key: str | None, status: int, odd: str
) -> None:
    assert sent(live, ODD[odd], key=key, path=path).status_code == status


@pytest.mark.parametrize("path", [SEGMENT, CLUSTER])
@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{", 422, "JSON decode error"),
        (b"[" * (JSON_DEPTH + 1), 422, "nests deeper than 32 levels"),
        (b'{"a":' * 60_000, 413, "larger than 65,536 bytes"),
        (b'{"\\"[": ' + b"[" * JSON_DEPTH, 422, "nests deeper"),
        (b'{"name": ' + b"1" * 5_000 + b"}", 422, "too many digits"),
        (b'{"name": "a", "name": "b"}', 422, "gives a name twice"),
        (b'{"name": NaN}', 422, "NaN or Infinity"),
        (b'{"name": "\xff"}', 422, "not UTF-8"),
        (b'{"name": "\\ud800"}', 422, "not UTF-8"),
        (b'{"name": "' + b"x" * BODY_BYTES + b'"}', 413, "larger than 65,536 bytes"),
    ],
)
def test_what_no_reader_should_take_is_refused_in_words(
    live: Live, path: str, body: bytes, status: int, said: str
) -> None:
    answer = sent(live, body, path=path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.json()["detail"]
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"]


def test_brackets_in_texts_do_not_nest(live: Live) -> None:
    words = {"name": "[" * 40, "description": 'a \\ " ' + "{" * 40}
    assert sent(live, json.dumps(words).encode()).status_code == 404  # of the segment


def test_a_body_without_an_announced_length_is_bounded_too(live: Live) -> None:
    def pieces() -> Iterator[bytes]:
        yield from [b" " * 1024] * 65

    headers = {"X-API-Key": ADMIN_KEY, "Content-Type": "application/json"}
    answer = live.client.patch(SEGMENT, content=pieces(), headers=headers)
    assert answer.status_code == 413


@pytest.mark.parametrize("key", [None, ADMIN_KEY])
def test_an_announced_gigabyte_is_answered_before_a_byte_of_it(live: Live, key: str | None) -> None:
    host, port = live.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as connection:
        sent_key = f"X-API-Key: {key}\r\n" if key else ""
        head = f"PATCH {SEGMENT} HTTP/1.1\r\nHost: x\r\n{sent_key}Content-Length: {1 << 30}\r\n\r\n"
        connection.sendall(head.encode())
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 413" if key else b"HTTP/1.1 401")
    assert b"connection: close" in answer.lower()
