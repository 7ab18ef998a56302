"""Whether a webhook's URL could ever be told anything; its name is looked up when it is."""

from urllib.parse import SplitResult, quote, urlsplit

from backend.webhooks.public_internet import is_public, written_address

SAFE, PLAIN = "https", "http"
# What a path holds as it is: https://www.rfc-editor.org/rfc/rfc3986#section-3.3, and percents.
KEPT = "/:@!$&'()*+,;=%"


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
        host, port = _in_ascii(parts.hostname), parts.port
    except ValueError:
        return "is no URL"
    is_written = url.isprintable() and " " not in url
    if parts.scheme not in {SAFE, PLAIN} or not host or port == 0 or not is_written:
        return "is no URL that begins with https://"
    if parts.username is not None or parts.fragment:
        return "has a user or a fragment, which no webhook has"
    return None if allow_private else _why_not_public(parts, host)


def as_sent(url: str) -> str:
    """Write a usable URL as HTTP carries it: the host as it is looked up, the rest in percents."""
    parts = urlsplit(url)
    host = _in_ascii(parts.hostname)
    named = f"[{host}]" if ":" in host else host
    place = named if parts.port is None else f"{named}:{parts.port}"
    path, query = quote(parts.path, safe=KEPT), quote(parts.query, safe=f"{KEPT}?")
    return parts._replace(netloc=place, path=path, query=query).geturl()


def _in_ascii(host: str | None) -> str:
    """Return a host as it is looked up, with one spelling of digits and dots."""
    return (host or "").encode("idna").decode()


def _why_not_public(parts: SplitResult, host: str) -> str | None:
    if parts.scheme == PLAIN:
        return "begins with http://: it has to be https://, unless WEBHOOKS_ALLOW_PRIVATE is set"
    name, address = host.removesuffix("."), written_address(host)
    is_here = name == "localhost" or name.endswith(".localhost")
    if is_here or (address is not None and not is_public(address)):
        return "is of a private address, which needs WEBHOOKS_ALLOW_PRIVATE"
    return None
