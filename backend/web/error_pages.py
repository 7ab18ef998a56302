"""What went wrong becomes a page with a sentence; a part of a page becomes the sentence alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException
from starlette.types import ExceptionHandler, Receive, Scope, Send

from backend.api import problems
from backend.core.errors import BackendError, NoRunPublished, NotAllowed
from backend.core.logging import request_id
from backend.web.entrance import SIGN_IN
from backend.web.own_paths import is_part, path_of, root_of
from backend.web.room import SignedOut
from backend.web.sessions import session_of
from backend.web.showing import show
from backend.wording import error_page_sentences as words


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """An error, as a person is told of it.

    Attributes
    ----------
    title, sentence
        What is wrong, and what to do.
    request_id
        Where to find it in the log; None where that helps nobody.
    """

    title: str
    sentence: str
    request_id: str | None


async def sign_in_first(request: Request, _error: Exception) -> Response:
    """Lead whoever has not signed in to the door, and from there back to where they were.

    A browser leaves our cookie out of what another site leads to; then the page asks again by
    itself, which is no other site's doing, before anybody is sent away.
    """
    if request.headers.get("Sec-Fetch-Site") == "cross-site" and request.method == "GET":
        again = show(request, "again.html", path_of(request), words)
        again.headers["Refresh"] = f"0; url={root_of(request)}{path_of(request)}"
        return again
    address = f"{root_of(request)}{SIGN_IN}?next={quote(path_of(request), safe='/')}"
    if is_part(request):
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={"HX-Redirect": address})
    return RedirectResponse(address, HTTPStatus.SEE_OTHER)


async def before_the_first_run(request: Request, _error: Exception) -> Response:
    """Say what to do where nothing has been learnt yet: that is no error of whoever asks."""
    page = ErrorPage(words.NO_RUN, words.NO_RUN_HOW, None)
    return show(request, "error.html", page, words)


async def on_purpose(request: Request, error: Exception) -> Response:
    """Tell of an error raised on purpose in its own sentence."""
    status, headers = problems.told(error)
    sentence = words.NEEDS_ADMIN if isinstance(error, NotAllowed) else str(error)
    return _shown(request, status, sentence, headers)


async def not_understood(request: Request, error: Exception) -> Response:
    """Tell what of an address or a form does not fit."""
    assert isinstance(error, RequestValidationError)
    wrong = [(str(item["loc"][-1]), str(item["msg"])) for item in error.errors()]
    return _shown(request, HTTPStatus.UNPROCESSABLE_ENTITY, words.not_understood(wrong), {})


async def of_http(request: Request, error: Exception) -> Response:
    """Tell what the framework refuses: unknown paths and methods."""
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    headers = dict(error.headers or {})
    return _shown(request, status, words.of_status(status), headers)


async def unexpected(request: Request, error: Exception) -> Response:
    """Tell of a fault of ours without its internals; the log has them."""
    problems.note_unexpected(error)
    return _shown(request, HTTPStatus.INTERNAL_SERVER_ERROR, words.UNEXPECTED, {})


async def another_site(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse a form that another site sends."""
    answer = _shown(Request(scope), HTTPStatus.FORBIDDEN, words.ANOTHER_SITE, {})
    await answer(scope, receive, send)


HANDLERS: Mapping[type[Exception], ExceptionHandler] = {
    SignedOut: sign_in_first,
    NoRunPublished: before_the_first_run,
    BackendError: on_purpose,
    RequestValidationError: not_understood,
    HTTPException: of_http,
    Exception: unexpected,
}


async def told(request: Request, error: Exception) -> Response:
    """Tell of an error by the handler of its kind, where none is called by itself."""
    handler: Any = next(HANDLERS[one] for one in type(error).__mro__ if one in HANDLERS)
    answer: Response = await handler(request, error)
    return answer


def _shown(
    request: Request, status: HTTPStatus, sentence: str, headers: Mapping[str, str]
) -> HTMLResponse:
    request.state.session = session_of(request)
    is_ours = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    page = ErrorPage(words.title(status), sentence, request_id.get() if is_ours else None)
    template = "error_part.html" if is_part(request) else "error.html"
    answer = show(request, template, page, words, status)
    answer.headers.update(headers)
    return answer
