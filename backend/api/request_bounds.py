"""What the app itself can bound, under any server: the size of heads, and bodies nobody reads.

Endless heads, slow ones and idle connections are the server's: see `bounded_http`.
"""

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.api.problems import HEADERS_TOO_LARGE, problem

HEAD_BYTES = 64 * 1024
HEADERS = 100


class RequestBounds:
    """Refuse a head that is too large; close a connection whose body was not read to its end."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = _Body(receive)
        if announces_body(scope):
            receive, send = body.receive, _closing_unless_read(body, send)
        app = _refuse_head if is_too_large(scope) else self.app
        await app(scope, receive, send)


def announces_body(scope: Scope) -> bool:
    """Tell by the headers whether a body comes."""
    for name, value in scope["headers"]:
        if name == b"transfer-encoding" or (name == b"content-length" and value != b"0"):
            return True
    return False


def is_too_large(scope: Scope) -> bool:
    """Tell whether a head has too many headers, or too many bytes."""
    headers = scope["headers"]
    # Servers may leave `raw_path` out, or None, as Mangum does.
    size = len(scope.get("raw_path") or scope["path"].encode()) + len(scope["query_string"])
    for name, value in headers:
        size += len(name) + len(value)
    return size > HEAD_BYTES or len(headers) > HEADERS


async def _refuse_head(scope: Scope, receive: Receive, send: Send) -> None:
    detail = f"The head of the request is larger than {HEAD_BYTES:,} bytes or {HEADERS} headers."
    # The path may be what is too large: it is not repeated.
    shown = Request({**scope, "path": "/", "raw_path": b"/", "query_string": b""})
    answer = problem(shown, HEADERS_TOO_LARGE, detail, headers={"Connection": "close"})
    await answer(scope, receive, send)


class _Body:
    """Notices whether a body was read to its end."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.was_read = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request" and not message.get("more_body", False):
            self.was_read = True
        return message


def _closing_unless_read(body: _Body, send: Send) -> Send:
    """Announce that the connection ends, so that no server reads on what nobody wants."""

    async def send_closing(message: Message) -> None:
        if message["type"] == "http.response.start" and not body.was_read:
            MutableHeaders(scope=message)["Connection"] = "close"
        await send(message)

    return send_closing
