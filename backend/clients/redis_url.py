"""The address of Redis, looked at whole before anything is begun; no message repeats any of it."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from backend.core.errors import InvalidConfiguration

VARIABLE = "REDIS_URL"
EXPECTED = "redis://:password@host:6379/0, rediss://… or unix:///path, without anything unknown"
SCHEMES = ("redis", "rediss", "unix")
NUMBERS = frozenset(("db", "protocol", "max_connections", "health_check_interval"))
FILES = frozenset(("ssl_ca_certs", "ssl_certfile", "ssl_keyfile"))
WORDS: Mapping[str, frozenset[str]] = {
    "ssl_cert_reqs": frozenset(("none", "optional", "required")),
    "ssl_check_hostname": frozenset(("true", "false", "1", "0")),
}
TEXTS = frozenset(("username", "password", "client_name", "ssl_ca_path"))
# How long we wait is settled, and so is what comes back.
WITHOUT_MEANING = frozenset(
    (
        *("socket_timeout", "socket_connect_timeout", "socket_keepalive", "timeout"),
        *("retry_on_timeout", "decode_responses", "encoding", "encoding_errors", "family"),
    )
)


def usable_redis_url(url: str) -> str:
    """Return the URL without the options that have no meaning here.

    Raises
    ------
    InvalidConfiguration
        When something of it cannot be used; the text says what, and repeats no part of the URL.
    """
    if "#" in url:
        raise _invalid("holds a #, which ends a URL: write it as %23 in a password")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise _invalid("is no URL") from None
    if parts.scheme not in SCHEMES or not url.startswith(f"{parts.scheme}://"):
        raise _invalid("is no URL of Redis")
    _refuse_place(parts)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    for name, value in options.items():
        _refuse_option(name, value)
    kept = {name: value for name, value in options.items() if name not in WITHOUT_MEANING}
    return url.partition("?")[0] + (f"?{urlencode(kept)}" if kept else "")


def _refuse_place(parts: SplitResult) -> None:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise _invalid(
            "has a port that is none; in a password, write / as %2F, @ as %40 and : as %3A"
        )
    if "@" in (parts.hostname or ""):
        raise _invalid("has an @ in its host; write it as %40 in a password")
    if parts.scheme == "unix":
        if parts.path in {"", "/"}:
            raise _invalid("names no socket")
    elif not (parts.path in {"", "/"} or parts.path.removeprefix("/").isdecimal()):
        raise _invalid("names a database that is no number")


def _refuse_option(name: str, value: str) -> None:
    if name in NUMBERS:
        if not value.isdecimal():
            raise _invalid(f"has the option {name}, which must be a number")
    elif name in FILES:
        if not Path(value).is_file():
            raise _invalid(f"has the option {name}, which must be a file that can be read")
    elif name in WORDS:
        if value.lower() not in WORDS[name]:
            raise _invalid(f"has the option {name}, one of {', '.join(sorted(WORDS[name]))}")
    elif name not in TEXTS | WITHOUT_MEANING:
        named = name if name.isidentifier() else "…"
        raise _invalid(f"has the option {named}, which is not known")


def _invalid(problem: str) -> InvalidConfiguration:
    return InvalidConfiguration(VARIABLE, problem, EXPECTED)
