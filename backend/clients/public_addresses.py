"""Connections to addresses of the public internet, and to no others.

A name is resolved once, what it resolves to is looked at, and the connection goes to the very
address that was looked at: a name that says another one a moment later gains nothing.
"""

import asyncio
import socket
from collections.abc import Iterable
from ipaddress import ip_address

from httpcore2 import (
    AnyIOBackend,
    AsyncNetworkBackend,
    AsyncNetworkStream,
    ConnectError,
    ConnectTimeout,
)

from backend.webhooks.public_internet import Address, is_public


class UnknownHost(Exception):
    """Nobody knows the name."""


class PrivateAddress(Exception):
    """The name is of no address of the public internet."""


class CheckedConnections(AsyncNetworkBackend):
    """Connects to addresses that were looked at.

    Parameters
    ----------
    allow_private
        Whether those of other networks may be connected to as well.
    """

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._network = AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109, the signature is the library's
        local_address: str | None = None,
        socket_options: Iterable[object] | None = None,
    ) -> AsyncNetworkStream:
        """Resolve a name, look at what it is, and connect to the first of it that answers."""
        del local_address, socket_options
        failure: Exception = PrivateAddress(host)
        for address in await self._allowed(host, port):
            try:
                return await self._network.connect_tcp(str(address), port, timeout)
            except (ConnectError, ConnectTimeout) as error:
                failure = error
        raise failure

    async def _allowed(self, host: str, port: int) -> list[Address]:
        found = await _resolved(host, port)
        return [one for one in found if self._allow_private or is_public(one)]


async def _resolved(host: str, port: int) -> list[Address]:
    resolve = asyncio.get_running_loop().getaddrinfo
    try:
        found = await resolve(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UnknownHost(host) from error
    return list(dict.fromkeys(ip_address(str(one[4][0]).partition("%")[0]) for one in found))
