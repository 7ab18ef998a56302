"""The door: signing in with a key, and signing out."""

from dataclasses import dataclass
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from backend.api import problems
from backend.api.bounded_request import BODY_BYTES, BoundedRequest
from backend.api.state import api_of
from backend.core.errors import BackendError, NotAuthenticated, TooManyRequests
from backend.web.entrance import APP, SIGN_IN
from backend.web.forms import form_of
from backend.web.invitation import Invitation
from backend.web.own_paths import own_path, root_of
from backend.web.sessions import begin_session, end_session, session_of
from backend.web.showing import show
from backend.web.transport import is_from_here, is_on_loopback, is_secure
from backend.wording import sign_in_sentences as words


@dataclass(frozen=True, slots=True)
class SignInPage:
    """The door.

    Attributes
    ----------
    next
        Where to go from here, a path of ours.
    refusal
        Why it was not opened; None where nobody tried.
    is_open
        Whether keys may be sent at all: not in the clear.
    """

    next: str
    refusal: str | None
    is_open: bool


router = APIRouter(include_in_schema=False)


@router.get(SIGN_IN)
async def ask_for_key(request: Request) -> Response:
    """Show the door; who has signed in already goes on."""
    next_path = own_path(request.query_params.get("next"))
    if session_of(request) is not None:
        return _go(request, next_path)
    return _door(request, next_path)


@router.post(SIGN_IN)
async def sign_in(request: Request) -> Response:
    """Let in whoever sends a key, unless it was sent in the clear."""
    form = await form_of(BoundedRequest(request.scope, request.receive, BODY_BYTES))
    next_path = own_path(form.get("next"))
    if not _may_send_keys(request):
        return _door(request, next_path, HTTPStatus.FORBIDDEN)
    return await _signed_in(request, form.get("key", ""), next_path)


@router.get(f"{SIGN_IN}/{{token}}")
async def accept_invitation(request: Request, token: str) -> Response:
    """Let in whoever follows the invitation first, from this machine."""
    invitation: Invitation | None = request.state.invitation
    key = None
    if invitation is not None and is_from_here(request):
        key = invitation.accepted(token)
    if key is None:
        return _door(request, APP, HTTPStatus.FORBIDDEN, words.INVITATION_USED)
    return await _signed_in(request, key, APP)


@router.post(f"{APP}/sign-out")
async def sign_out(request: Request) -> Response:
    """Let the browser forget who it was."""
    answer = _go(request, SIGN_IN)
    end_session(request, answer)
    return answer


async def _signed_in(request: Request, key: str, next_path: str) -> Response:
    """Begin a session with a known key; a wrong one is counted as any wrong key is."""
    try:
        role = await api_of(request).admission.recognise(request, key)
    except (NotAuthenticated, TooManyRequests) as error:
        return _refused(request, next_path, error)
    answer = _go(request, next_path)
    begin_session(request, answer, key, role)
    return answer


def _refused(request: Request, next_path: str, error: BackendError) -> Response:
    status, headers = problems.told(error)
    sentence = words.WRONG_KEY if isinstance(error, NotAuthenticated) else str(error)
    answer = _door(request, next_path, status, sentence)
    answer.headers.update(headers)
    return answer


def _door(
    request: Request,
    next_path: str,
    status: HTTPStatus = HTTPStatus.OK,
    refusal: str | None = None,
) -> Response:
    page = SignInPage(next_path, refusal, _may_send_keys(request))
    return show(request, "sign_in.html", page, words, status)


def _may_send_keys(request: Request) -> bool:
    return is_secure(request) or is_on_loopback(request)


def _go(request: Request, path: str) -> Response:
    headers = {"Cache-Control": "no-store"}
    return RedirectResponse(f"{root_of(request)}{path}", HTTPStatus.SEE_OTHER, headers)
