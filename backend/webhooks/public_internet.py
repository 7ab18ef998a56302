"""Which addresses are of the public internet, in whatever spelling."""

import socket
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
# IPv4 behind IPv6 (RFC 6052): the last 32 bits are the address that is reached.
TRANSLATED = IPv6Network("64:ff9b::/96")
# For examples (RFC 9637), which Python 3.11 does not know yet.
IN_DOCUMENTS = IPv6Network("3fff::/20")


def is_public(address: Address) -> bool:
    """Tell whether an address is one of the public internet, also where it stands for another."""
    inner = _inner(address)
    if inner is not None:
        return is_public(inner)
    if isinstance(address, IPv6Address) and (address.is_site_local or address in IN_DOCUMENTS):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _inner(address: Address) -> Address | None:
    """Return the address of version 4 that one of version 6 leads to; None: to none."""
    if not isinstance(address, IPv6Address):
        return None
    if address in TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)


def written_address(host: str) -> Address | None:
    """Return the address that a host is, as resolvers read it: 127.1 and 0x7f000001 are one.

    Parameters
    ----------
    host
        In ASCII, without brackets.
    """
    plain = host.removesuffix(".").partition("%")[0]
    with suppress(ValueError):
        return ip_address(plain)
    with suppress(OSError):
        return IPv4Address(socket.inet_aton(plain))
    return None
