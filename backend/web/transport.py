"""How a browser reaches us: over TLS, on this machine, or in the clear."""

from ipaddress import ip_address

from fastapi import Request

from backend.api.admission import address_of


def is_secure(request: Request) -> bool:
    """Tell whether the browser speaks TLS, by the server, which knows whose headers to believe."""
    return request.url.scheme == "https"


def is_on_loopback(request: Request) -> bool:
    """Tell whether the browser names this machine itself: nothing of it passes a wire."""
    return _is_loopback(request.url.hostname or "")


def is_from_here(request: Request) -> bool:
    """Tell whether it also comes from this machine."""
    return is_on_loopback(request) and _is_loopback(address_of(request))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
