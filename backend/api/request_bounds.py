"""What the app itself can bound, under any server: the size of heads, and bodies nobody reads.

Endless heads, slow ones and idle connections are the server's: see `bounded_http`.
"""

from collections.abc import Mapping
from http import HTTPStatus
from itertools import chain

from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from backend.api.problems import HEADERS_TOO_LARGE, problem

HEAD_BYTES = 64 * 1024
HEADERS = 100
TOO_LARGE = f"The head of the request is larger than {HEAD_BYTES:,} bytes or {HEADERS} headers."
TWO_HOSTS = "The head of the request names more than one host."

# What a server says of a request in whose head it has looked for all of this.
HEAD_IS_BOUNDED = "intelligence.head_is_bounded"
BOUNDED: dict[str, dict[object, object]] = {HEAD_IS_BOUNDED: {}}

Named = Mapping[bytes, bytes]
Refusal = tuple[HTTPStatus, str]


def announces_body(named: Named) -> bool:
    """Tell by the headers whether a body comes."""
    return named.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in named


def refusal_of(scope: Scope, named: Named) -> Refusal | None:
    """Say why a head is not served, if it is not: too many bytes or headers, or two hosts.

    Parameters
    ----------
    scope
        The request's.
    named
        Its headers by name.
    """
    if HEAD_IS_BOUNDED in scope.get("extensions", ()):
        return None
    headers = scope["headers"]
    # Servers may leave `raw_path` out, or None, as Mangum does.
    size = len(scope.get("raw_path") or scope["path"].encode()) + len(scope["query_string"])
    size += len(b"".join(chain.from_iterable(headers)))
    if size > HEAD_BYTES or len(headers) > HEADERS:
        return HEADERS_TOO_LARGE, TOO_LARGE
    if len(named) < len(headers) and [name for name, _ in headers].count(b"host") > 1:
        return HTTPStatus.BAD_REQUEST, TWO_HOSTS  # which of them a proxy meant, nobody can tell
    return None


async def refuse_head(refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer what is not served, and close."""
    # The path may be what is too large: it is not repeated.
    shown = Request({**scope, "path": "/", "raw_path": b"/", "query_string": b""})
    answer = problem(shown, *refusal, headers={"Connection": "close"})
    await answer(scope, receive, send)


class Body:
    """Notices whether a body was read to its end.

    Where not, the connection is to end, so that no server reads on what nobody wants.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.was_read = False

    async def receive(self) -> Message:
        """Hand on a piece."""
        message = await self._receive()
        if message["type"] == "http.request" and not message.get("more_body", False):
            self.was_read = True
        return message
