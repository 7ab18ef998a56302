"""Wrong keys by address, requests by key: counted here, or in Redis for all replicas."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from limits import RateLimitItemPerMinute
from starlette.requests import Request

from backend.api.admission import address_of
from backend.clients.request_counts import MOST_NAMES, OTHERS, CountsHere
from backend.clients.shared_counts import SharedCounts
from tests.live import ADMIN_KEY, API_KEY, Live, serving

SEGMENTS = "/api/mcp/segments"
LIMITS = {"WRONG_KEYS_PER_MINUTE": "3", "RATE_LIMIT_PER_MINUTE": "5"}
TWICE = RateLimitItemPerMinute(2)


def served(folder: Path, **variables: str) -> Iterator[Live]:
    url = f"sqlite:///{folder}/shop.db"
    with serving(url, folder, variables={"RUN_WORKER": "false", **LIMITS, **variables}) as service:
        yield service


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    """Serve with small limits."""
    yield from served(tmp_path)


def asked(live: Live, key: str | None, address: str | None = None) -> httpx.Response:
    headers = {"X-API-Key": key} if key else {}
    if address:
        headers["X-Forwarded-For"] = address
    return live.client.get(SEGMENTS, headers=headers)


def test_wrong_keys_are_refused_after_a_while_and_right_ones_pass(live: Live) -> None:
    statuses = [asked(live, f"guess-{number}").status_code for number in range(6)]
    assert statuses == [401, 401, 401, 429, 429, 429]
    assert asked(live, None).status_code == 401
    assert asked(live, API_KEY).status_code == 200
    refused = asked(live, "guess-7")
    assert refused.json()["detail"].startswith("Too many requests; try again in ")
    seconds = int(refused.headers["Retry-After"])
    assert 1 <= seconds <= 60
    assert refused.headers["RateLimit-Policy"] == '"wrong-keys";q=3;w=60'
    assert refused.headers["RateLimit"] == f'"wrong-keys";r=0;t={seconds}'
    log = live.log.read_text()
    assert log.count('"many wrong keys"') == 1
    assert "guess-" not in log


def test_each_address_that_a_trusted_proxy_names_has_its_own_count(live: Live) -> None:
    for address in ("192.0.2.1", "192.0.2.2", "2001:db8::1"):
        assert [asked(live, "wrong", address).status_code for _ in range(4)][-2:] == [401, 429]
    # One household's IPv6 addresses are one.
    assert asked(live, "wrong", "2001:db8::2").status_code == 429


def test_nobody_else_can_name_an_address(tmp_path: Path) -> None:
    for live in served(tmp_path, FORWARDED_ALLOW_IPS="192.0.2.77"):
        statuses = [asked(live, "wrong", f"192.0.2.{one}").status_code for one in range(4)]
        assert statuses == [401, 401, 401, 429]


def test_what_a_stranger_adds_to_a_proxys_word_is_not_believed(live: Live) -> None:
    for number in range(5):
        chain = f"203.0.113.{number}, 198.51.100.7"  # the proxy appended who asked it
        answer = asked(live, "wrong", chain)
        assert answer.status_code == (401 if number < 3 else 429)
    lines = [("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-For", "198.51.100.7")]
    headers = [("X-API-Key", "wrong"), *lines]
    assert live.client.get(SEGMENTS, headers=headers).status_code == 429


def test_each_key_has_its_quota_and_is_told(live: Live) -> None:
    told = [asked(live, API_KEY) for _ in range(6)]
    assert [answer.status_code for answer in told] == [200] * 5 + [429]
    left = [answer.headers["RateLimit"].split(";")[1] for answer in told]
    assert left == ["r=4", "r=3", "r=2", "r=1", "r=0", "r=0"]
    assert {answer.headers["RateLimit-Policy"] for answer in told} == {'"per-key";q=5;w=60'}
    assert asked(live, ADMIN_KEY).status_code == 200
    assert live.client.get("/health/live").status_code == 200


@pytest.mark.external
def test_replicas_share_their_counts_by_redis(tmp_path: Path, redis_url: str) -> None:
    with ExitStack() as stack:
        folders = [tmp_path / name for name in ("one", "other")]
        for folder in folders:
            folder.mkdir()
        url = f"sqlite:///{tmp_path}/shop.db"
        variables = {**LIMITS, "REDIS_URL": redis_url}
        both = [
            stack.enter_context(serving(url, folder, variables=variables)) for folder in folders
        ]
        key = {"X-API-Key": API_KEY}
        told = [both[turn % 2].client.get(SEGMENTS, headers=key) for turn in range(6)]
    assert [answer.status_code for answer in told] == [200] * 5 + [429]


async def test_without_redis_counting_goes_on_here_and_is_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    counts = SharedCounts("redis://127.0.0.1:1/0")  # nobody answers there
    try:
        within = [(await counts.hit(TWICE, "somebody")).is_within for _ in range(3)]
    finally:
        await counts.close()
    assert within == [True, True, False]
    assert [record.levelname for record in caplog.records].count("WARNING") == 1


async def test_a_bounded_number_of_names_is_remembered() -> None:
    counts = CountsHere()
    for number in range(MOST_NAMES):
        await counts.hit(TWICE, str(number))
    assert [(await counts.hit(TWICE, f"new {one}")).asked for one in range(3)] == [1, 2, 3]
    assert (await counts.hit(TWICE, OTHERS)).asked == 4
    assert (await counts.hit(TWICE, "7")).asked == 2


async def test_a_window_begins_with_the_first_time_and_is_forgotten_when_it_ends() -> None:
    now = 1000.0
    counts = CountsHere(clock=lambda: now)
    await counts.hit(TWICE, "early")
    now += 50
    late = await counts.hit(TWICE, "late")
    assert (late.asked, late.reset_seconds) == (1, 60)
    assert (await counts.hit(TWICE, "early")).reset_seconds == 10
    now += 10
    assert (await counts.hit(TWICE, "early")).asked == 1
    assert (await counts.hit(TWICE, "late")).asked == 2


async def test_what_has_ended_makes_room_for_others() -> None:
    now = 1000.0
    counts = CountsHere(clock=lambda: now)
    for number in range(MOST_NAMES):
        await counts.hit(TWICE, str(number))
    now += 60
    assert [(await counts.hit(TWICE, f"new {one}")).asked for one in range(3)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("x" * 5_000, "unknown"),
        (None, "unknown"),
    ],
)
def test_an_address_is_one_of_a_caller(host: str | None, address: str) -> None:
    client = None if host is None else (host, 1)
    assert address_of(Request({"type": "http", "headers": [], "client": client})) == address
