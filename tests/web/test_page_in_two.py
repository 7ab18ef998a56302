"""What stands around a part that takes long is sent while the part is still awaited."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from starlette.types import Message

from backend.core.errors import DatabaseUnavailable
from backend.web.error_pages import told
from backend.web.own_paths import is_part
from backend.web.page_in_two import REST_FOLLOWS, UNCOMPRESSED, PageInTwo, is_soon

SCOPE: dict[str, Any] = {
    "type": "http",
    "method": "GET",
    "path": "/app/customers",
    "query_string": b"",
    "headers": [(b"accept-encoding", b"gzip")],
}


@dataclass
class Asked:
    """One request for a page, and what was sent so far."""

    sent: list[Message] = field(default_factory=list)
    may_end: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None

    async def part(self, request: Request) -> Response:
        await self.may_end.wait()
        if self.error:
            raise self.error
        return HTMLResponse("<p>rows</p>" if is_part(request) else "<html>")

    async def ask(self) -> None:
        async def send(message: Message) -> None:
            self.sent.append(message)

        async def compressed(_message: Message) -> None:
            raise AssertionError("a compressor would keep back what is there")

        page = PageInTwo(f"<nav>{REST_FOLLOWS}</nav>", {"X-Robots-Tag": "no"}, self.part, told)
        scope = {**SCOPE, "state": {UNCOMPRESSED: send, "rooms": (), "api": None}}
        await page(scope, asyncio.Event().wait, compressed)  # type: ignore[arg-type]

    @property
    def body(self) -> str:
        return b"".join(one.get("body", b"") for one in self.sent).decode()


async def test_what_is_around_is_sent_before_the_part_is_there() -> None:
    asked = Asked()
    page = asyncio.create_task(asked.ask())
    await asyncio.sleep(0.01)
    assert (asked.body, page.done()) == ("<nav>", False)
    asked.may_end.set()
    await page
    assert asked.body == "<nav><p>rows</p></nav>"
    assert [one["more_body"] for one in asked.sent[1:]] == [True, True, False]


async def test_neither_a_length_nor_our_mark_is_told_and_headers_of_pages_are() -> None:
    asked = Asked()
    asked.may_end.set()
    await asked.ask()
    headers = dict(asked.sent[0]["headers"])
    assert b"content-length" not in headers
    assert headers[b"x-robots-tag"] == b"no"
    assert headers[b"content-type"].startswith(b"text/html")
    assert REST_FOLLOWS not in asked.body


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (DatabaseUnavailable("intelligence", "it is away"), "intelligence database"),
        (ValueError("of ours, with its secrets"), "Something went wrong here"),
    ],
)
async def test_an_error_of_the_part_is_its_sentence_in_the_place_of_it(
    error: Exception, sentence: str
) -> None:
    asked = Asked(error=error)
    asked.may_end.set()
    await asked.ask()
    assert 'role="alert"' in asked.body
    assert sentence in asked.body
    assert "secrets" not in asked.body
    assert asked.body.count("<nav>") == asked.body.count("</nav>") == 1
    assert "<html" not in asked.body


async def test_who_waits_for_a_page_no_more_ends_what_is_read_for_it() -> None:
    reading = asyncio.create_task(asyncio.Event().wait())
    waiting = asyncio.create_task(is_soon(reading, 60))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.sleep(0)
    assert reading.cancelled()
