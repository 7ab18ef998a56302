"""Bodies of requests, read within bounds: of bytes, of seconds, of what JSON may hold."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Sequence
from typing import Any, NoReturn

from fastapi import HTTPException, Request
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from backend.core.errors import BodyTooLarge, BodyTooSlow

# What a route takes that declares nothing else by `max_body_size`.
BODY_BYTES = 64 * 1024
BODY_SECONDS = 20.0
JSON_DEPTH = 32

_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', re.DOTALL)


class BoundedRequest(Request):
    """A request whose body is refused as soon as it is too large, too slow, or too odd."""

    def __init__(self, scope: Scope, receive: Receive, body_bytes: int) -> None:
        super().__init__(scope, receive)
        self._body_bytes = body_bytes

    async def body(self) -> bytes:
        """Return the whole body.

        Raises
        ------
        BodyTooLarge, BodyTooSlow
            As soon as it is known.
        """
        try:
            async with asyncio.timeout(BODY_SECONDS):
                return await super().body()
        except TimeoutError:
            raise BodyTooSlow(BODY_SECONDS) from None
        except ClientDisconnect:  # nobody will read this; it keeps the log free of a traceback
            raise HTTPException(400, "The body ended early") from None

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """Give the body in pieces, up to the bound; an announced excess is never read."""
        received = self._announced_bytes()
        self._refuse_beyond(received)
        received = 0
        async for chunk in super().stream():
            received += len(chunk)
            self._refuse_beyond(received)
            yield chunk

    async def json(self) -> Any:
        """Return what the body holds."""
        return parse_json(await self.body())

    def _announced_bytes(self) -> int:
        # The server has refused what is no number.
        return int(self.headers.get("content-length", 0))

    def _refuse_beyond(self, received: int) -> None:
        if received > self._body_bytes:
            raise BodyTooLarge(self._body_bytes)


def parse_json(body: bytes) -> Any:
    """Read JSON; what programs read in different ways, or choke on, is refused.

    Raises
    ------
    JSONDecodeError
        Where it is not JSON.
    HTTPException
        422 where it nests too deep, repeats a name, or holds what no value of ours can be.
    """
    try:
        text = body.decode("utf-8-sig")
        _refuse_depth(text)
        value = json.loads(text, object_pairs_hook=_each_once, parse_constant=_refuse_constant)
        if "\\u" in text:  # half of a surrogate pair, which no encoding can write
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError:
        raise
    except UnicodeError:
        raise HTTPException(422, "The body is not UTF-8") from None
    except ValueError:
        raise HTTPException(422, "The body holds a number with too many digits") from None
    return value


def _refuse_depth(text: str) -> None:
    """Refuse deep nesting; most bodies have fewer brackets than that and are not walked."""
    if text.count("[") + text.count("{") <= JSON_DEPTH:
        return
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match[0], 0)
        if depth > JSON_DEPTH:
            raise HTTPException(422, f"The body nests deeper than {JSON_DEPTH} levels")


def _each_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise HTTPException(422, "The body gives a name twice")
    return value


def _refuse_constant(_constant: str) -> NoReturn:
    raise HTTPException(422, "The body holds NaN or Infinity, which JSON does not know")
