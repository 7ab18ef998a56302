"""The address of the mail server, looked at whole before anything is begun; nothing repeats it."""

from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit

from backend.core.errors import InvalidConfiguration

VARIABLE = "SMTP_URL"
EXPECTED = (
    "smtps://user:password@host, smtp+starttls://user:password@host:587 or, without a password, "
    "smtp://host:25"
)
Protection = Literal["none", "starttls", "tls"]
PROTECTIONS: dict[str, Protection] = {"smtp": "none", "smtp+starttls": "starttls", "smtps": "tls"}
USUAL_PORTS: dict[Protection, int] = {"none": 25, "starttls": 587, "tls": 465}


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """Where mail is handed over.

    Attributes
    ----------
    protection
        Plain, TLS from the first byte, or STARTTLS, without which nothing is said.
    user, password
        None where the server asks for none.
    """

    host: str
    port: int
    protection: Protection
    user: str | None = None
    password: str | None = field(default=None, repr=False)


def smtp_server(url: str) -> SmtpServer:
    """Read a URL.

    Raises
    ------
    InvalidConfiguration
        When something of it cannot be used; the text says what, and repeats no part of it.
    """
    parts = _split(url)
    protection = PROTECTIONS.get(parts.scheme)
    if protection is None:
        raise _invalid("does not begin with smtps://, smtp+starttls:// or smtp://")
    if not parts.hostname:
        raise _invalid("names no host")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise _invalid("goes on after the port: write / as %2F, ? as %3F, # as %23 in a password")
    if (parts.username is None) != (parts.password is None):
        raise _invalid("holds a user without a password, or a password without a user")
    if parts.password is not None and protection == "none" and not _is_here(parts.hostname):
        raise _invalid("would send its password in the clear: smtp+starttls:// or smtps:// do not")
    return SmtpServer(
        host=parts.hostname,
        port=_port(parts) or USUAL_PORTS[protection],
        protection=protection,
        user=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
    )


def _split(url: str) -> SplitResult:
    if any(not one.isprintable() or one.isspace() for one in url):
        raise _invalid("holds a blank, or a sign that cannot be seen")
    try:
        return urlsplit(url)
    except ValueError:
        raise _invalid("is no URL") from None


def _port(parts: SplitResult) -> int | None:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise _invalid("holds a port that is none from 1 to 65535")
    return port


def _is_here(host: str) -> bool:
    """Whether what is said to it stays on this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _invalid(held: str) -> InvalidConfiguration:
    return InvalidConfiguration(VARIABLE, held, EXPECTED)
