"""Who vouches for bearer tokens: the operator's OAuth issuer, whose keys are fetched and kept.

Imported where one is configured alone. We are a resource server (RFC 9728): we make no tokens,
redirect nobody, and send nothing to the issuer.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

import httpx2
import jwt

from backend.core.clock import monotonic_seconds
from backend.core.errors import IssuerUnavailable, NotAuthenticated

# Where an issuer says of itself where its keys are (OpenID Connect Discovery 1.0, RFC 8414).
PLACES = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")
# Never HMAC, whose key everybody who checks would have to hold, and never "none".
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")
KEPT_SECONDS = 600.0
# A stranger's token names any key: that must not make us ask the issuer each time.
ASKED_AGAIN_SECONDS = 30.0
ANSWER_SECONDS = 5.0
MOST_BYTES = 256 * 1024
LEEWAY_SECONDS = 30

log = logging.getLogger(__name__)
Keys = Mapping[str | None, jwt.PyJWK]


class TokenIssuer:
    """Checks tokens of one issuer that are meant for us.

    Parameters
    ----------
    issuer
        Its URL, as `iss` has it.
    resource
        Our own URL, as `aud` has it.
    clock
        Tells seconds, never backwards.
    """

    def __init__(
        self, issuer: str, resource: str, clock: Callable[[], float] = monotonic_seconds
    ) -> None:
        self._issuer = issuer
        self._resource = resource
        self._clock = clock
        self._asking = asyncio.Lock()
        self._keys: Keys | None = None
        self._asked_at = -KEPT_SECONDS

    async def claims(self, token: str) -> Mapping[str, Any]:
        """Return what a token says of its bearer.

        Raises
        ------
        NotAuthenticated
            When it is no token, not of this issuer, not for us, or no longer valid.
        IssuerUnavailable
            When its keys are not known and cannot be had.
        """
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
            key = await self._key(key_id)
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=ALGORITHMS,
                audience=self._resource,
                issuer=self._issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except (jwt.PyJWTError, KeyError, ValueError):
            raise NotAuthenticated from None
        return claims

    async def _key(self, key_id: str | None) -> jwt.PyJWK:
        keys, age = self._keys, self._clock() - self._asked_at
        is_stale = age >= KEPT_SECONDS
        is_new = keys is None or key_id not in keys
        if is_stale or (is_new and age >= ASKED_AGAIN_SECONDS):
            keys = await self._fetched()
        if keys is None:
            raise IssuerUnavailable(self._issuer)
        return keys[key_id]

    async def _fetched(self) -> Keys | None:
        """Ask for the keys once for all who wait; where that fails, those that are known stay."""
        known_since = self._asked_at
        async with self._asking:
            if self._asked_at == known_since:
                try:
                    self._keys = await self._ask()
                except (httpx2.HTTPError, jwt.PyJWTError, KeyError, ValueError) as error:
                    log.warning("the issuer's keys", extra={"problem": type(error).__name__})
                self._asked_at = self._clock()
        return self._keys

    async def _ask(self) -> Keys:
        # Neither a proxy of the environment nor a redirect has a say in whom we believe.
        async with httpx2.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False) as client:
            address = await _address_of_keys(client, self._issuer)
            found = jwt.PyJWKSet.from_dict(await _json(client, address))
        return {one.key_id: one for one in found.keys}


async def _address_of_keys(client: httpx2.AsyncClient, issuer: str) -> str:
    for place in PLACES:
        try:
            told = await _json(client, issuer.rstrip("/") + place)
        except httpx2.HTTPStatusError:
            continue
        if told["issuer"] != issuer:
            raise ValueError("it says it is another")
        return str(told["jwks_uri"])
    raise ValueError("it does not say where its keys are")


async def _json(client: httpx2.AsyncClient, address: str) -> dict[str, Any]:
    async with asyncio.timeout(ANSWER_SECONDS), client.stream("GET", address) as answer:
        answer.raise_for_status()
        body = b""
        async for piece in answer.aiter_bytes():
            body += piece
            if len(body) > MOST_BYTES:
                raise ValueError("it says too much")
    told: dict[str, Any] = httpx2.Response(200, content=body).json()
    return told
