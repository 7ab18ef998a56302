"""Tokens of an OAuth issuer, beside keys: what their scopes open, and what says where they are had.

See RFC 9728 (protected resource metadata) and RFC 6750 (bearer tokens).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from backend.api.keys import Role
from backend.core.errors import NotAllowed
from backend.core.late import late

READ, ADMINISTER = "intelligence:read", "intelligence:admin"
METADATA = "/.well-known/oauth-protected-resource"
ROLES = {ADMINISTER: Role.ADMINISTERS, READ: Role.READS}


class Issuer(Protocol):
    """Who vouches for tokens."""

    async def claims(self, token: str) -> Mapping[str, Any]:
        """Return what a token says of its bearer."""


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who a token lets in.

    Attributes
    ----------
    role
        What its scopes open.
    subject
        Whom the issuer knows them as; never logged.
    """

    role: Role
    subject: str


@dataclass(slots=True)
class BearerTokens:
    """What a process knows of an issuer's tokens.

    Attributes
    ----------
    issuer, resource
        URLs: of the issuer, and of our door as clients know it.
    """

    issuer: str
    resource: str
    _client: Issuer | None = field(default=None, repr=False)

    async def bearer(self, token: str) -> Bearer:
        """Return whom a token lets in.

        Raises
        ------
        NotAuthenticated, IssuerUnavailable
            When it is not valid, or that cannot be known.
        NotAllowed
            When it has none of our scopes.
        """
        if self._client is None:
            self._client = late("backend.clients.token_issuer").TokenIssuer(
                self.issuer, self.resource
            )
        claims = await self._client.claims(token)
        scopes = _scopes(claims)
        for scope, role in ROLES.items():
            if scope in scopes:
                return Bearer(role, str(claims["sub"]))
        raise NotAllowed

    @property
    def challenge(self) -> str:
        """What a refusal says of where tokens are had."""
        origin, _, path = self.resource.partition("://")[2].partition("/")
        scheme = self.resource.partition("://")[0]
        return f'Bearer resource_metadata="{scheme}://{origin}{METADATA}/{path}", scope="{READ}"'

    def routes(self, path: str) -> list[Route]:
        """Return what says of us who issues tokens, at both places where clients look."""
        told = {
            "resource": self.resource,
            "authorization_servers": [self.issuer],
            "scopes_supported": [READ, ADMINISTER],
            "bearer_methods_supported": ["header"],
        }

        async def metadata(_request: Request) -> JSONResponse:
            return JSONResponse(told)

        return [Route(one, metadata, methods=["GET"]) for one in (METADATA, METADATA + path)]


def _scopes(claims: Mapping[str, Any]) -> set[str]:
    """Return the scopes, which issuers write as words or as a list."""
    said = claims.get("scope", claims.get("scp", ""))
    return {*(said.split() if isinstance(said, str) else map(str, said))}
