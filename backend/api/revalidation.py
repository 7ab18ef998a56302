"""Answers that nobody else may keep, and that a caller who has them need not be sent again.

What the API says is mostly about people: no shared cache may hold it, and whoever keeps it asks
each time whether it still is so. The tag is a hash of the bytes, made once the answer is: it can
say nothing that the answer does not.
"""

import hashlib
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OF_THE_API = "/api/"
PRIVATE = {
    "Cache-Control": "private, no-cache",
    "Vary": "X-API-Key, Accept, Accept-Encoding, Cookie",
}
READ = frozenset({"GET", "HEAD"})


class Revalidated:
    """Say of every answer of the API who may keep it, and send none that the caller has."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["path"].startswith(OF_THE_API):
            send = _Answer(scope, send).send
        await self.app(scope, receive, send)


class _Answer:
    """One answer; its beginning waits for its bytes."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._is_read = scope["method"] in READ
        self._has = Headers(scope=scope).get("If-None-Match", "")
        self._send = send
        self._begun: Message | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(PRIVATE)
            self._begun = message
            return
        if self._begun is not None:
            begun, self._begun = self._begun, None
            message = self._tagged(begun, message)
            await self._send(begun)
        await self._send(message)

    def _tagged(self, begun: Message, message: Message) -> Message:
        """Tag an answer that is whole; empty it where the caller has the same."""
        is_whole = not message.get("more_body", False)
        if not (self._is_read and is_whole and begun["status"] == HTTPStatus.OK):
            return message
        headers = MutableHeaders(scope=begun)
        tag = f'"{hashlib.sha256(message["body"]).hexdigest()[:32]}"'
        headers["ETag"] = tag
        if not self._is_had(tag):
            return message
        begun["status"] = HTTPStatus.NOT_MODIFIED.value
        for name in ("content-length", "content-type"):
            del headers[name]
        return {**message, "body": b""}

    def _is_had(self, tag: str) -> bool:
        had = {one.strip().removeprefix("W/") for one in self._has.split(",")}
        return tag in had or "*" in had
