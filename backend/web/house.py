"""All pages as one application: the door, the rooms, and what every request of theirs passes."""

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from asgi_cross_origin_protection import CrossOriginProtection
from fastapi import APIRouter
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette_compress import CompressMiddleware

from backend.api.answering import COMPRESSED_BYTES
from backend.web import rooms, sign_in
from backend.web.error_pages import HANDLERS, another_site
from backend.web.files_served import BELOW, send_file
from backend.web.invitation import Invitation
from backend.web.page_in_two import UNCOMPRESSED
from backend.web.room import Room


class House:
    """What answers at /app.

    Parameters
    ----------
    invitation
        What lets one browser in without a key; None: nothing does.
    """

    def __init__(self, invitation: Invitation | None = None) -> None:
        self._invitation = invitation
        found = rooms_found()
        in_the_bar: list[Room] = [one.room for one in found]
        self._rooms = tuple(sorted(in_the_bar, key=lambda one: one.place))
        pages = APIRouter(redirect_slashes=False)
        for router in (sign_in.router, *(router for one in found for router in one.routers)):
            pages.routes.extend(router.routes)
        pages.add_api_route(f"{BELOW}/{{name}}", send_file, include_in_schema=False)
        self._app = _surrounded(pages)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        known = {"rooms": self._rooms, "invitation": self._invitation, UNCOMPRESSED: send}
        scope["state"] |= known
        await self._app(scope, receive, send)


def rooms_found() -> list[ModuleType]:
    """Import the routes of all rooms that there are: each folder is one."""
    names = (one.name for one in iter_modules(rooms.__path__) if one.ispkg)
    return [import_module(f"{rooms.__name__}.{name}.routes") for name in names]


def _surrounded(pages: ASGIApp) -> ASGIApp:
    told = ExceptionMiddleware(pages, HANDLERS)
    compressed = CompressMiddleware(told, minimum_size=COMPRESSED_BYTES)
    return CrossOriginProtection(compressed, deny_app=another_site)
