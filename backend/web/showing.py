"""A page becomes HTML: its template, filled with one value, in the frame that all pages share."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from types import ModuleType
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import FileSystemLoader, pass_context
from jinja2.runtime import Context
from secure import ContentSecurityPolicy

from backend.api.security_headers import NOTHING, OURS, POLICY
from backend.report.segment_colours import colour_of
from backend.report.templates import templates
from backend.web.files_served import file_path
from backend.web.own_paths import root_of
from backend.web.page_in_two import REST_FOLLOWS
from backend.web.room import Room
from backend.web.sessions import Session
from backend.wording import page_frame_sentences as frame_words

# Nothing inline, nothing from elsewhere.
_POLICY = (
    ContentSecurityPolicy()
    .default_src(NOTHING)
    .base_uri(NOTHING)
    .connect_src(OURS)
    .form_action(OURS)
    .frame_ancestors(NOTHING)
    .img_src(OURS)
    .script_src(OURS)
    .style_src(OURS)
)
HEADERS = {
    POLICY: _POLICY.header_value,
    "Cache-Control": "private, no-cache",
    "Vary": "Cookie, HX-Request",
    "X-Robots-Tag": "noindex, nofollow",
}


@dataclass(frozen=True, slots=True)
class RoomInBar:
    """A room in the bar."""

    name: str
    path: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around a page.

    Attributes
    ----------
    root
        Ahead of all paths, where a proxy serves us below one.
    places
        Rooms to go to; none for who has not signed in.
    session
        Who looks; None for whoever has not signed in.
    """

    root: str
    places: Sequence[RoomInBar]
    session: Session | None


@pass_context
def _here(context: Context, path: str) -> str:
    """Return the address of a path of ours."""
    return f"{context['frame'].root}{path}"


_FOLDER = Path(__file__).parent
_environment = templates(FileSystemLoader([_FOLDER / "templates", _FOLDER / "rooms"]))
_environment.filters |= {"here": _here, "colour": colour_of}
_environment.globals |= {"file": file_path, "frame_words": frame_words}
_environment.globals["rest_follows"] = REST_FOLLOWS


def show(
    request: Request,
    template: str,
    page: Any,
    words: ModuleType,
    status: HTTPStatus = HTTPStatus.OK,
) -> HTMLResponse:
    """Answer with a page.

    Parameters
    ----------
    request
        Whose answer it is.
    template
        Its name, such as "today/today.html".
    page
        All that the template tells: a frozen dataclass, made by a pure function.
    words
        The module of `wording` that has the template's texts.
    status
        Of the answer.
    """
    return HTMLResponse(written(request, template, page, words), status, HEADERS)


def written(request: Request, template: str, page: Any, words: ModuleType) -> str:
    """Return the same page as text, for an answer of another kind."""
    frame = _frame(request)
    return _environment.get_template(template).render(page=page, words=words, frame=frame)


def _frame(request: Request) -> Frame:
    session: Session | None = getattr(request.state, "session", None)
    return Frame(root_of(request), _places(request, session), session)


def _places(request: Request, session: Session | None) -> list[RoomInBar]:
    if session is None:
        return []
    rooms: tuple[Room, ...] = request.state.rooms
    open_to = (one for one in rooms if session.administers or not one.for_admins)
    path = request.url.path.removeprefix(root_of(request))
    return [RoomInBar(one.name, one.path, _is_in(path, one)) for one in open_to]


def _is_in(path: str, room: Room) -> bool:
    """Whether a path is that of a room or below it; all are below the first, which is not meant."""
    begins = [one for one in (room.path, room.also) if one.count("/") > 1]
    return path == room.path or any(f"{path}/".startswith(f"{one}/") for one in begins)
