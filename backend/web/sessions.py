"""Sessions: browsers that have signed in with a key.

What a browser carries names its key by a fingerprint and says what that opens, signed and dated.
The key itself is never in it, and nothing is kept here: a key that is taken out of the settings, or
opens something else by now, ends its sessions.
"""

from dataclasses import dataclass

from fastapi import Request, Response
from itsdangerous import BadData, URLSafeTimedSerializer

from backend.api.keys import Role
from backend.api.state import ApiState, api_of
from backend.web.transport import is_secure

SESSION_SECONDS = 7 * 24 * 3600
SALT = "session"
# The prefix has browsers refuse the cookie from other hosts; without TLS they would drop it.
OVER_TLS, ON_LOOPBACK = "__Host-intelligence_session", "intelligence_session"


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who has signed in.

    Attributes
    ----------
    key
        Fingerprint of the key; also what the audit and the limits know.
    role
        What it opens.
    """

    key: str
    role: Role

    @property
    def sees_people(self) -> bool:
        """Whether e-mails and names are shown."""
        return self.role >= Role.READS

    @property
    def administers(self) -> bool:
        """Whether things may be changed."""
        return self.role >= Role.ADMINISTERS


def session_of(request: Request) -> Session | None:
    """Return who sends a request; None for whoever has not signed in, or not lately."""
    state, cookie = api_of(request), request.cookies.get(_cookie(request))
    if cookie is None:
        return None
    try:
        key, role = _serializer(state).loads(cookie, max_age=SESSION_SECONDS)
    except (BadData, ValueError, TypeError):
        return None
    known = state.admission.role_of_name(key)
    return Session(key, known) if known is not None and known == role else None


def begin_session(request: Request, answer: Response, key: str, role: Role) -> None:
    """Let a browser carry that it has signed in with a key that is known."""
    state = api_of(request)
    told = [state.admission.names[key], int(role)]
    answer.set_cookie(
        _cookie(request),
        str(_serializer(state).dumps(told)),
        max_age=SESSION_SECONDS,
        secure=is_secure(request),
        httponly=True,
        samesite="strict",
    )


def end_session(request: Request, answer: Response) -> None:
    """Have a browser forget that it had signed in, and what it was shown."""
    answer.delete_cookie(
        _cookie(request), secure=is_secure(request), httponly=True, samesite="strict"
    )
    answer.headers["Clear-Site-Data"] = '"cache"'


def _cookie(request: Request) -> str:
    return OVER_TLS if is_secure(request) else ON_LOOPBACK


def _serializer(state: ApiState) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(state.own_keys.sessions, salt=SALT)
