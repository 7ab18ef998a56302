"""A Redis URL is looked at whole at start, and no message repeats any of it."""

from pathlib import Path

import pytest

from backend.clients.redis_url import usable_redis_url
from backend.core.errors import InvalidConfiguration
from tests.live import command


@pytest.mark.parametrize(
    "url",
    [
        "redis://h.example",
        "redis://h.example:6380/3",
        "redis://:p%23ss%2Fw@h.example:6379/0",
        "rediss://default:p@h.example:6380?ssl_cert_reqs=none",
        "rediss://default:p@h.example:6380/0?ssl_cert_reqs=required&protocol=3",
        "redis://[::1]:6379",
        "unix:///run/redis.sock?db=2",
    ],
)
def test_what_can_be_used_is_left_as_it_is(url: str) -> None:
    assert usable_redis_url(url) == url


def test_what_has_no_meaning_here_is_left_out() -> None:
    url = "redis://h.example:6379/0?socket_timeout=90&db=1&decode_responses=True"
    assert usable_redis_url(url) == "redis://h.example:6379/0?db=1"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("redis://:hun#ter2@h.example:6379/0", "holds a #"),
        ("redis://:hun/ter2@h.example:6379/0", "has a port that is none"),
        ("redis://:hun@ter2@h.example:port/0", "has a port that is none"),
        ("redis://h.example:99999/0", "has a port that is none"),
        ("redis://h.example:6379/hunter2", "names a database that is no number"),
        ("redis://h.example:6379/-1", "names a database that is no number"),
        ("redis://h.example?hunter=2", "has the option hunter, which is not known"),
        ("redis://h.example?db=hunter2", "has the option db, which must be a number"),
        ("redis://h.example?ssl_cert_reqs=hunter2", "has the option ssl_cert_reqs"),
        ("rediss://h.example?ssl_ca_certs=/hunter2", "has the option ssl_ca_certs"),
        ("redis://[::hunter2", "is no URL"),
        ("redis:h.example", "is no URL of Redis"),
        ("unix://", "names no socket"),
        ("http://h.example", "is no URL of Redis"),
    ],
)
def test_what_cannot_be_used_is_refused_without_repeating_it(url: str, problem: str) -> None:
    with pytest.raises(InvalidConfiguration, match=f"^REDIS_URL {problem}") as caught:
        usable_redis_url(url)
    assert "hunter2" not in str(caught.value)
    assert "ter2" not in str(caught.value)


def test_a_service_does_not_start_with_one(tmp_path: Path) -> None:
    variables = {"REDIS_URL": "redis://:hun#ter2@h.example:6379/0"}
    done = command(f"sqlite:///{tmp_path}/shop.db", tmp_path, "serve", variables=variables)
    assert done.returncode == 2
    assert done.stderr.startswith("REDIS_URL holds a #")
    assert "ter2" not in done.stderr
