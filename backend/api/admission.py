"""Whom a request is let in as: its key, how many wrong ones came from there, how often this one."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from fastapi import Request
from limits import RateLimitItem

from backend.api.keys import Keyring, Role, key_header
from backend.api.rate_limit_headers import rate_limit_headers
from backend.api.security_headers import RawHeaders
from backend.clients.request_counts import RequestCounts, Usage
from backend.core.errors import (
    NotAllowed,
    NotAuthenticated,
    TooManyRequests,
    WrongSignature,
)

WRONG_KEYS, PER_KEY = "wrong-keys", "per-key"
# What one household or server has of IPv6 addresses.
IPV6_PREFIX = 64

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What a process knows of keys and limits.

    Attributes
    ----------
    keys
        What each of them opens.
    counts
        Of wrong keys and of each key's requests.
    wrong_keys, per_key
        How many of either are let pass; None: any number.
    names
        What each key is counted under: never the key itself.
    """

    keys: Keyring
    counts: RequestCounts
    wrong_keys: RateLimitItem
    per_key: RateLimitItem | None
    names: Mapping[str, str] = field(repr=False)

    async def admit(self, request: Request, opens_with: Role) -> Usage | None:
        """Let a key pass that has this role, or a greater one; the request remembers its role.

        Returns
        -------
        Usage | None
            How often this key has asked, where that is limited.

        Raises
        ------
        NotAuthenticated
            Without a key, or with an unknown one.
        NotAllowed
            With a key of a smaller role.
        TooManyRequests
            After too many wrong keys from one address, or too many requests of one key.
        """
        role = await self.recognise(request, _sent(request))
        if role < opens_with:
            raise NotAllowed
        request.state.role = role
        return await self.count_use(request)

    async def recognise(self, request: Request, key: str) -> Role:
        """Return what a key opens that came with a request; wrong ones are counted by address.

        Raises
        ------
        NotAuthenticated, TooManyRequests
            As of `admit`.
        """
        if (role := self.keys.role_of(key)) is None:
            await self._refuse(request, key)
            raise NotAuthenticated
        return role

    def role_of_name(self, name: str) -> Role | None:
        """Return what the key opens that is counted under this name; None: it is one no more."""
        named = (key for key, known in self.names.items() if known == name)
        return next((self.keys.role_of(key) for key in named), None)

    def role_of(self, request: Request) -> Role | None:
        """Return what the key that was sent opens."""
        return self.keys.role_of(_sent(request))

    async def count_use(self, request: Request) -> Usage | None:
        """Count a request of a known key.

        Raises
        ------
        TooManyRequests
            When it asked too often.
        """
        # Names are looked up where they are needed: most services count no keys.
        return None if self.per_key is None else await self.count(self.names[_sent(request)])

    async def count(self, name: str) -> Usage | None:
        """Count a request by the name of its key.

        Raises
        ------
        TooManyRequests
            As of `count_use`.
        """
        if self.per_key is None:
            return None
        count = await self.counts.hit(self.per_key, name)
        refuse_beyond(count, PER_KEY)
        return count

    async def admit_signed(self, request: Request, header: str, *, is_right: bool) -> None:
        """Let a body pass that is signed; wrong signatures are counted as wrong keys are.

        Raises
        ------
        WrongSignature, TooManyRequests
            Where it is not.
        """
        request.state.role = Role.ADMINISTERS
        if not is_right:
            await self._refuse(request, header)
            raise WrongSignature(header)

    async def _refuse(self, request: Request, key: str) -> None:
        """Count wrong keys; none at all is no try to find one."""
        if not key:
            return
        address = address_of(request)
        count = await self.counts.hit(self.wrong_keys, address)
        if count.asked == count.quota + 1:
            log.warning(
                "many wrong keys", extra={"address": address, "seconds": count.reset_seconds}
            )
        refuse_beyond(count, WRONG_KEYS)


def _sent(request: Request) -> str:
    return request.headers.get(key_header.model.name, "")


def headers_of_use(use: Usage) -> RawHeaders:
    """Say how often a key may still ask."""
    told = rate_limit_headers(
        PER_KEY,
        quota=use.quota,
        window_seconds=use.window_seconds,
        remaining=use.remaining,
        reset_seconds=use.reset_seconds,
    )
    return [(name.lower().encode(), value.encode()) for name, value in told.items()]


def refuse_beyond(count: Usage, policy: str) -> None:
    """Refuse what is beyond the quota."""
    if not count.is_within:
        raise TooManyRequests(policy, count.quota, count.window_seconds, count.reset_seconds)


def address_of(request: Request) -> str:
    """Return where a request comes from, by the server, which knows whose headers to believe."""
    try:
        address = ip_address(request.client.host if request.client else "")
    except ValueError:
        return "unknown"
    if address.version == 6:
        return str(address.ipv4_mapped or ip_network((address, IPV6_PREFIX), strict=False))
    return str(address)
