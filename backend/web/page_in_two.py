"""A page of which one part takes long: what stands around it is sent at once, the part follows.

Both are one answer, so that no script is needed, and a browser shows the first while it waits.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

# Nobody can write it into a page: it is made anew by each process, and never sent.
REST_FOLLOWS = secrets.token_hex(16)
UNCOMPRESSED = "send_uncompressed"
"""Where a request's state has what sends past the compressor, which would keep back the first."""

Part = Callable[[Request], Awaitable[Response]]


class PageInTwo(HTMLResponse):
    """A page whose template says `rest_follows` where a part is to stand.

    Parameters
    ----------
    frame
        The page without the part.
    part
        Answers the same request as if a script of the page had asked for the part: what it
        raises is told there as the sentence that a script would be given.
    told
        Makes an answer of what `part` raises.
    """

    def __init__(
        self,
        frame: str,
        headers: Mapping[str, str],
        part: Part,
        told: Callable[[Request, Exception], Awaitable[Response]],
    ) -> None:
        super().__init__(status_code=HTTPStatus.OK, headers=dict(headers))
        del self.headers["Content-Length"]
        self._ahead, _, self._behind = frame.partition(REST_FOLLOWS)
        self._part = part
        self._told = told

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        """Send what is there, and the rest once it is."""
        send: Send = scope["state"][UNCOMPRESSED]
        start = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **start})
        await send(_piece(self._ahead.encode()))
        await send(_piece(bytes((await self._answer(scope, receive)).body)))
        await send(_piece(self._behind.encode(), is_last=True))

    async def _answer(self, scope: Scope, receive: Receive) -> Response:
        asked = (b"hx-request", b"true")
        request = Request({**scope, "headers": [*scope["headers"], asked]}, receive)
        try:
            return await self._part(request)
        except Exception as error:  # noqa: BLE001, the status is sent: all that is left is a sentence
            return await self._told(request, error)


async def is_soon(task: asyncio.Task[object], seconds: float) -> bool:
    """Tell whether a task ends within this time; whoever waits no more ends it."""
    try:
        return bool((await asyncio.wait({task}, timeout=seconds))[0])
    except asyncio.CancelledError:
        task.cancel()
        raise


def _piece(body: bytes, *, is_last: bool = False) -> dict[str, object]:
    return {"type": "http.response.body", "body": body, "more_body": not is_last}
