"""`POST /api/mcp`: a key is looked at, then the kit answers; it is loaded by who first asks."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from json import JSONDecodeError
from typing import Any, Protocol

from fastapi import Request
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from backend.agents.caller import Caller
from backend.api.bounded_request import BODY_BYTES, BoundedRequest, parse_json
from backend.api.keys import Role, key_header
from backend.api.state import api_of
from backend.core.late import late
from backend.core.secret_keys import fingerprint

PATH = "/api/mcp"
LOOPBACK = ("127.0.0.1", "127.0.0.1:*", "localhost", "localhost:*", "[::1]", "[::1]:*")
CLOSING_SECONDS = 2.0
BEARER = "bearer"
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
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    _closing: asyncio.Event = field(default_factory=asyncio.Event)
    _manager: SessionManager | None = None
    _running: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        _take_bearer_for_key(scope)
        request = BoundedRequest(scope, receive, BODY_BYTES)
        state = api_of(request)
        await state.admission.admit(request, Role.READS_NUMBERS)
        body = await request.body()
        with suppress(JSONDecodeError):  # the kit says what is wrong with it
            parse_json(body)
        manager = self._manager or await self._open()
        await manager.handle_request(scope, _again(body, receive), send)

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
            key=fingerprint(state.own_keys.fingerprints, _sent(request)),
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


def _sent(request: Request) -> str:
    return request.headers.get(key_header.model.name, "")


def _take_bearer_for_key(scope: Scope) -> None:
    """Let a key come as `Authorization: Bearer …` too, which more clients can send."""
    headers = dict(scope["headers"])
    kind, _, token = headers.get(b"authorization", b"").partition(b" ")
    if kind.lower() == BEARER.encode() and KEY_HEADER not in headers:
        scope["headers"] = [*scope["headers"], (KEY_HEADER, token.strip())]


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
