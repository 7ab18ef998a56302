"""`POST /api/mcp`: a key is looked at, then the kit answers; it is loaded by who first asks."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from json import JSONDecodeError
from typing import Any, Protocol

from fastapi import Request
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from backend.agents.bearer import BearerTokens
from backend.agents.caller import Caller
from backend.api.bounded_request import BODY_BYTES, BoundedRequest, parse_json
from backend.api.keys import Role, key_header
from backend.api.problems import problem
from backend.api.state import api_of
from backend.core.errors import NotAuthenticated
from backend.core.late import late
from backend.core.secret_keys import fingerprint

PATH = "/api/mcp"
LOOPBACK = ("127.0.0.1", "127.0.0.1:*", "localhost", "localhost:*", "[::1]", "[::1]:*")
CLOSING_SECONDS = 2.0
BEARER = b"bearer"
KEY_HEADER = key_header.model.name.lower().encode()


class SessionManager(Protocol):
    """What answers over HTTP while it runs."""

    def run(self) -> Any:
        """Run it: an asynchronous context."""

    async def handle_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorSettings:
    """How agents are let in.

    Attributes
    ----------
    hosts
        Names that the service is asked by, besides those of this machine.
    origins
        Of pages whose scripts may ask.
    shows_people
        Whether agents may be shown e-mails and names.
    """

    hosts: Sequence[str] = ()
    origins: Sequence[str] = ()
    shows_people: bool = False


@dataclass(slots=True)
class AgentDoor:
    """The door of one process."""

    settings: DoorSettings
    tokens: BearerTokens | None = None
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    _closing: asyncio.Event = field(default_factory=asyncio.Event)
    _manager: SessionManager | None = None
    _running: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = BoundedRequest(scope, receive, BODY_BYTES)
        try:
            await self._admit(request)
        except NotAuthenticated as error:
            if self.tokens is None:
                raise
            told = {"WWW-Authenticate": self.tokens.challenge}
            refusal = problem(request, HTTPStatus.UNAUTHORIZED, str(error), headers=told)
            await refusal(scope, receive, send)
            return
        body = await request.body()
        with suppress(JSONDecodeError):  # the kit says what is wrong with it
            parse_json(body)
        manager = self._manager or await self._open()
        await manager.handle_request(scope, _again(body, receive), send)

    async def _admit(self, request: Request) -> None:
        """Let in who has a key, sent either way, or a token of the issuer."""
        admission, token = api_of(request).admission, _take_bearer_for_key(request.scope)
        asking = Request(request.scope)
        sent = asking.headers.get(key_header.model.name, "")
        is_no_key = token is not None and admission.keys.role_of(token) is None
        if token is not None and self.tokens is not None and is_no_key:
            with suppress(NotAuthenticated):  # then it is a wrong key, and counted as one
                bearer = await self.tokens.bearer(token)
                request.state.role, request.state.agent = bearer.role, bearer.subject
                return
        await admission.admit(asking, Role.READS_NUMBERS)
        request.state.agent = sent

    async def close(self) -> None:
        """End what is open."""
        self._closing.set()
        if self._running is not None:
            await asyncio.wait({self._running}, timeout=CLOSING_SECONDS)

    async def _open(self) -> SessionManager:
        async with self._opening:
            if self._manager is None:
                protocol = await asyncio.to_thread(late, "backend.agents.protocol")
                hosts = (*LOOPBACK, *self.settings.hosts)
                manager = protocol.over_http(self._caller, hosts, self.settings.origins)
                await self._run(manager)
                self._manager = manager
            return self._manager

    async def _run(self, manager: SessionManager) -> None:
        """Keep it running in a task of its own: it ends in the task in which it began."""
        began = asyncio.Event()

        async def run() -> None:
            async with manager.run():
                began.set()
                await self._closing.wait()

        self._running = asyncio.create_task(run())
        waiting = asyncio.create_task(began.wait())
        await asyncio.wait({self._running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if self._running.done():
            waiting.cancel()
            self._running.result()

    def _caller(self, context: Any) -> Caller:
        request: Request = context.request
        state = api_of(request)
        return Caller(
            state=state,
            role=request.state.role,
            key=fingerprint(state.own_keys.fingerprints, request.state.agent),
            shows_people=self.settings.shows_people,
        )


class AgentRoute(Route):
    """The door as a route, which counts and log lines know by its path."""

    def __init__(self, door: AgentDoor) -> None:
        super().__init__(PATH, door, methods=["POST"], name="agents", include_in_schema=False)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        scope["route"] = self
        await super().handle(scope, receive, send)


def _take_bearer_for_key(scope: Scope) -> str | None:
    """Let a key come as `Authorization: Bearer …` too, which more clients can send; return it."""
    headers = dict(scope["headers"])
    kind, _, token = headers.get(b"authorization", b"").partition(b" ")
    if kind.lower() != BEARER or KEY_HEADER in headers:
        return None
    scope["headers"] = [*scope["headers"], (KEY_HEADER, token.strip())]
    return str(token.strip(), "latin-1")


def _again(body: bytes, receive: Receive) -> Receive:
    """Give a body that was read already."""
    given = False

    async def give() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return give
