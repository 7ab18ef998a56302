"""The way from the application to its pages, which are imported when somebody opens the first.

A process that answers programs alone needs no templates: they stay out of its memory.
"""

import asyncio

from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from backend.core.late import late
from backend.core.one_for_all import OneForAll
from backend.web.invitation import Invitation

ROOT, APP = "/", "/app"
SIGN_IN = f"{APP}/sign-in"


class Entrance(BaseRoute):
    """The route of all pages.

    Parameters
    ----------
    invitation
        What lets one browser in without a key; None: nothing does.
    """

    def __init__(self, invitation: Invitation | None = None) -> None:
        self._invitation = invitation
        self._house: ASGIApp | None = None
        self._building = OneForAll[ASGIApp]()

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Take the root, /app and all that is below it."""
        path = _path(scope) if scope["type"] == "http" else ""
        is_ours = path in {ROOT, APP} or path.startswith(f"{APP}/")
        return (Match.FULL if is_ours else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a page."""
        if _path(scope) == ROOT:
            scope["route"] = self  # what requests are counted by
            to_app = RedirectResponse(f"{scope.get('root_path', '')}{APP}", 307)
            await to_app(scope, receive, send)
            return
        house = self._house or await self._building.done(self._build)
        await house(scope, receive, send)

    @property
    def path_format(self) -> str:
        """What requests of the root are counted under; pages have routes of their own."""
        return ROOT

    async def _build(self) -> ASGIApp:
        """Import the pages in a thread: others are answered meanwhile."""
        house: ASGIApp = (await asyncio.to_thread(late, "backend.web.house")).House(
            self._invitation
        )
        self._house = house
        return house


def _path(scope: Scope) -> str:
    return str(scope["path"]).removeprefix(scope.get("root_path", ""))
