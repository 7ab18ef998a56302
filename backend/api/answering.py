"""Around the routes of the API: answers that are repeated, tagged, compressed, kept by nobody else.

What was answered a moment ago is given again before a route is looked for: that is most of what it
would cost. See docs/decisions/0016-hot-reads-by-the-driver.md.
"""

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette_compress import CompressMiddleware

from backend.api.admission import headers_of_use
from backend.api.problems import on_purpose
from backend.api.request_bounds import announces_body
from backend.api.state import ApiState
from backend.api.whole_answers import Tagged, WholeAnswer, is_whole, private
from backend.core.errors import BackendError, TooManyRequests

OF_THE_API = "/api/"
COMPRESSED_BYTES = 1024


class Answering:
    """Give answers of the API again, or let them be made, and send none that the caller has."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._compressed = CompressMiddleware(Tagged(app), minimum_size=COMPRESSED_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not scope["path"].startswith(OF_THE_API):
            await self._app(scope, receive, send)
            return
        asked = dict(scope["headers"])
        had = asked.get(b"if-none-match", b"")
        answer = _Answer(scope, had, send).send
        try:
            if (
                scope["method"] == "GET"
                and not announces_body(asked)
                and await _repeat(scope, had, send)
            ):
                return
        except BackendError as error:
            refusal = await on_purpose(Request(scope), error)
            await refusal(scope, receive, answer)
            return
        app = self._compressed if b"accept-encoding" in asked else self._app
        await app(scope, receive, answer)


async def _repeat(scope: Scope, had: bytes, send: Send) -> bool:
    """Give an answer again to a key that may have it; False: the route is to say what there is."""
    request = Request(scope)
    state: ApiState = request.state.api
    role = state.admission.role_of(request)
    if role is None or (kept := await state.answers.kept(scope, role)) is None:
        return False
    try:
        use = await state.admission.count_use(request)
    except TooManyRequests:
        return False
    await kept.answer.send(had, send, added=[] if use is None else headers_of_use(use))
    return True


class _Answer:
    """One answer; its beginning waits for its bytes."""

    def __init__(self, scope: Scope, had: bytes, send: Send) -> None:
        self._scope = scope
        self._had = had
        self._send = send
        self._begun: Message | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._begun = message
        elif (begun := self._begun) is None:
            await self._send(message)
        else:
            self._begun = None
            await self._begin(begun, message)

    async def _begin(self, begun: Message, message: Message) -> None:
        if is_whole(self._scope, begun, message):
            answer = WholeAnswer.of(dict(begun["headers"]), message.get("body", b""))
            self._scope["state"]["api"].answers.keep(self._scope, answer)
            await answer.send(self._had, self._send)
            return
        begun["headers"] = private(begun["headers"])
        await self._send(begun)
        await self._send(message)
