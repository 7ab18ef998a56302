"""Whether a webhook's URL could ever be told anything; its name is looked up when it is."""

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

SAFE, PLAIN = "https", "http"


def why_unusable(url: str, *, allow_private: bool) -> str | None:
    """Return what is wrong with a URL; None where nothing is that can be seen.

    Parameters
    ----------
    url
        As somebody wrote it.
    allow_private
        Whether it may be of another network than the public internet, and plain http.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is no URL"
    if parts.scheme not in {SAFE, PLAIN} or not host or not url.isprintable() or " " in url:
        return "is no URL that begins with https://"
    if parts.username is not None or parts.fragment:
        return "has a user or a fragment, which no webhook has"
    return None if allow_private else _why_not_public(parts, host)


def _why_not_public(parts: SplitResult, host: str) -> str | None:
    if parts.scheme == PLAIN:
        return "begins with http://: it has to be https://, unless WEBHOOKS_ALLOW_PRIVATE is set"
    if host == "localhost" or host.endswith(".localhost") or _is_private_literal(host):
        return "is of a private address, which needs WEBHOOKS_ALLOW_PRIVATE"
    return None


def _is_private_literal(host: str) -> bool:
    try:
        return not ip_address(host).is_global
    except ValueError:
        return False
