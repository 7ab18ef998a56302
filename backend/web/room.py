"""What a room is: its name, its address, and routes that only those who have signed in come to.

A room is a folder of `rooms/` whose `routes.py` has a `room` and `routers`; see docs/pages.md.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute

from backend.api.bounded_request import BODY_BYTES, BoundedRequest
from backend.api.keys import Role
from backend.api.request_bounds import announces_body
from backend.api.state import api_of
from backend.core.errors import NotAllowed
from backend.web.sessions import Session, session_of

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class SignedOut(Exception):
    """Somebody asks for a page who has not signed in, or not lately."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """One room, as the bar of all pages shows it.

    Attributes
    ----------
    name
        In a word, from `wording`.
    path
        Where it begins, below /app.
    place
        Its place in the bar, ascending.
    for_admins
        Whether only those who administer are shown it.
    also
        Another path that begins pages of it; "" for none.
    """

    name: str
    path: str
    place: int
    for_admins: bool = False
    also: str = ""


class RoomRoute(APIRoute):
    """A route that looks who comes first, then reads the form within bounds, then works."""

    opens_with: ClassVar[Role] = Role.READS_NUMBERS

    def get_route_handler(self) -> Handler:
        """Wrap the framework's handler."""
        work = super().get_route_handler()

        async def handle(request: Request) -> Response:
            await self._let_in(request)
            bounded = BoundedRequest(request.scope, request.receive, BODY_BYTES)
            if announces_body(dict(request.scope["headers"])):
                await bounded.body()
            return await work(bounded)

        return handle

    async def _let_in(self, request: Request) -> None:
        if (session := session_of(request)) is None:
            raise SignedOut
        await api_of(request).admission.count(session.key)
        if session.role < self.opens_with:
            raise NotAllowed
        request.state.session, request.state.role = session, session.role


class AdminRoomRoute(RoomRoute):
    """A route that changes something, or shows what those who administer alone may see."""

    opens_with = Role.ADMINISTERS


def for_everybody() -> APIRouter:
    """Make a router whose routes everybody who has signed in comes to."""
    return APIRouter(route_class=RoomRoute, include_in_schema=False)


def for_admins() -> APIRouter:
    """Make a router whose routes those who administer come to."""
    return APIRouter(route_class=AdminRoomRoute, include_in_schema=False)


async def _visitor(request: Request) -> Session:
    session: Session = request.state.session
    return session


Visitor = Annotated[Session, Depends(_visitor)]
"""Who asks."""
