"""What browsers are told: of every answer, of pages, over TLS, and to other origins."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.live import API_KEY, Live, serving
from tests.performed import NO_WORKER

OF_ALL = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
}
OF_DATA = {**OF_ALL, "content-security-policy": "default-src 'none'; frame-ancestors 'none'"}
OF_PAGES = {
    **OF_ALL,
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "permissions-policy": "geolocation=(), microphone=(), camera=()",
}
TLS = "strict-transport-security"
ALLOWED, OTHER = "https://admin.example.org", "https://evil.example.org"
SEGMENTS = "/api/mcp/segments"


def served(folder: Path, **variables: str) -> Iterator[Live]:
    url = f"sqlite:///{folder}/shop.db"
    with serving(url, folder, variables={**NO_WORKER, **variables}) as service:
        yield service


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Serve as nobody configured it, behind a proxy on this machine."""
    yield from served(tmp_path_factory.mktemp("live"))


@pytest.fixture(scope="module")
def open_to_one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Serve with an origin that is allowed."""
    origins = f" {ALLOWED} ,https://other.example.org:8443"
    yield from served(tmp_path_factory.mktemp("open"), ALLOWED_ORIGINS=origins)


@pytest.mark.parametrize(
    ("path", "status", "expected"),
    [
        ("/health/live", 200, OF_DATA),
        ("/nowhere", 404, OF_DATA),
        (SEGMENTS, 401, OF_DATA),
        ("/openapi.json", 200, OF_DATA),
        ("/docs", 200, OF_PAGES),
        ("/redoc", 200, OF_PAGES),
    ],
)
def test_every_answer_has_its_kinds_headers_once(
    live: Live, path: str, status: int, expected: dict[str, str]
) -> None:
    answer = live.client.get(path)
    assert answer.status_code == status
    for name, value in expected.items():
        assert answer.headers.get_list(name) == [value]
    assert len(answer.headers.get_list("content-security-policy")) == 1
    assert "unsafe-inline" not in answer.headers["content-security-policy"]
    assert TLS not in answer.headers


@pytest.mark.parametrize(
    ("proto", "is_told"), [("https", True), ("http", False), ("wss", False), ("gopher", False)]
)
def test_tls_is_to_stay_where_a_proxy_says_that_it_is_there(
    live: Live, proto: str, is_told: bool
) -> None:
    for path in ("/health/live", "/docs"):
        answer = live.client.get(path, headers={"X-Forwarded-Proto": proto})
        assert answer.status_code == 200
        assert (answer.headers.get(TLS) == "max-age=31536000") is is_told


def test_a_proxy_that_nobody_named_is_not_believed(tmp_path: Path) -> None:
    for live in served(tmp_path, FORWARDED_ALLOW_IPS="192.0.2.77"):
        answer = live.client.get("/health/live", headers={"X-Forwarded-Proto": "https"})
        assert TLS not in answer.headers


def asked_from(live: Live, origin: str, path: str = SEGMENTS) -> httpx.Headers:
    return live.client.get(path, headers={"X-API-Key": API_KEY, "Origin": origin}).headers


def before_asking(live: Live, origin: str, **sent: str) -> httpx.Response:
    asks = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-api-key"}
    return live.client.options(SEGMENTS, headers={"Origin": origin, **asks, **sent})


def test_no_other_origin_reads_anything_unless_it_is_allowed(live: Live) -> None:
    assert not [name for name in asked_from(live, ALLOWED) if name.startswith("access-control")]
    answer = before_asking(live, ALLOWED)
    assert answer.status_code == 405
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_an_allowed_origin_reads_and_all_others_do_not(open_to_one: Live) -> None:
    headers = asked_from(open_to_one, ALLOWED)
    assert headers["access-control-allow-origin"] == ALLOWED
    assert "X-Request-ID" in headers["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in headers
    assert "Origin" in headers["vary"]
    for other in (OTHER, f"{ALLOWED}.evil.example.org", "https://admin.example.org:444", "null"):
        assert "access-control-allow-origin" not in asked_from(open_to_one, other)
        assert before_asking(open_to_one, other).status_code == 400


def test_an_allowed_origin_may_send_its_key_and_no_other_header(open_to_one: Live) -> None:
    answer = before_asking(open_to_one, ALLOWED)
    assert answer.status_code == 200
    assert "X-API-Key" in answer.headers["access-control-allow-headers"]
    other = {"Access-Control-Request-Headers": "x-secret"}
    assert before_asking(open_to_one, ALLOWED, **other).status_code == 400
    put = {"Access-Control-Request-Method": "PUT"}
    assert before_asking(open_to_one, ALLOWED, **put).status_code == 400
