"""Answers that nobody else may keep, and that a caller who has them need not be sent again.

What the API says is mostly about people: no shared cache may hold it, and whoever keeps it asks
each time whether it still is so. The tag is a hash of the bytes, made once the answer is: it can
say nothing that the answer does not.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Self

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.api.security_headers import RawHeaders

READ = frozenset({"GET", "HEAD"})
ETAG, ENCODING = b"etag", b"content-encoding"
PRIVATE = [
    (b"cache-control", b"private, no-cache"),
    (b"vary", b"X-API-Key, Accept, Accept-Encoding, Cookie"),
]
OURS = {name for name, _ in PRIVATE}
# What an answer without a body does not tell.
OF_BODIES = {b"content-length", b"content-type", ENCODING}
# What is of an answer whoever asks; the rest, such as how often they may, is of this one request.
OF_ANSWERS = {*OF_BODIES, *OURS, ETAG}


@dataclass(frozen=True, slots=True)
class WholeAnswer:
    """An answer of status 200 to a reader, all of it at once.

    Attributes
    ----------
    tag
        Tells its bytes apart from all others; weak, "W/…", of compressed ones: those of two
        versions of a compressor differ.
    """

    headers: RawHeaders
    body: bytes
    tag: bytes

    @classmethod
    def of(cls, headers: Mapping[bytes, bytes], body: bytes) -> Self:
        """Tag an answer; compressed, by the tag that it had as it was."""
        tag = headers.get(ETAG) or tag_of(body)
        if ENCODING in headers:
            tag = b"W/" + tag
        return cls([*{**headers, **dict(PRIVATE), ETAG: tag}.items()], body, tag)

    def repeatable(self) -> Self:
        """Leave out what was told to one caller alone."""
        return type(self)(_only(OF_ANSWERS, self.headers), self.body, self.tag)

    async def send(self, had: bytes, send: Send, *, added: RawHeaders = []) -> None:  # noqa: B006
        """Send it to a caller, or only that it is what they have.

        Parameters
        ----------
        had
            The tags of what they have, as If-None-Match says.
        send
            Sends.
        added
            What is told to this caller alone.
        """
        status, headers, body = HTTPStatus.OK.value, self.headers, self.body
        if had and self._is_among(had):
            status, body = HTTPStatus.NOT_MODIFIED.value, b""
            headers = [one for one in headers if one[0] not in OF_BODIES]
        begun = {"type": "http.response.start", "status": status, "headers": [*headers, *added]}
        await send(begun)
        await send({"type": "http.response.body", "body": body})

    def _is_among(self, had: bytes) -> bool:
        tags = {one.strip().removeprefix(b"W/") for one in had.split(b",")}
        return self.tag.removeprefix(b"W/") in tags or b"*" in tags


def tag_of(body: bytes) -> bytes:
    """Return what tells bytes apart from others."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'.encode()


def is_whole(scope: Scope, begun: Message, message: Message) -> bool:
    """Tell whether an answer to a reader is all there."""
    is_read = scope["method"] in READ and begun["status"] == HTTPStatus.OK
    return is_read and not message.get("more_body", False)


def private(headers: Iterable[tuple[bytes, bytes]]) -> RawHeaders:
    """Say who may keep an answer."""
    return [*(one for one in headers if one[0] not in OURS), *PRIVATE]


def _only(names: set[bytes], headers: RawHeaders) -> RawHeaders:
    return [one for one in headers if one[0] in names]


class Tagged:
    """Tags whole answers before something else compresses them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        begun: Message | None = None

        async def tag(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = message
                return
            if begun is not None:
                started, begun = begun, None
                if is_whole(scope, started, message):
                    started["headers"] = [
                        *started["headers"],
                        (ETAG, tag_of(message.get("body", b""))),
                    ]
                await send(started)
            await send(message)

        await self._app(scope, receive, tag)
