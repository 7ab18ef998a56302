"""A whole list as CSV, row by row, so that memory does not grow with the list."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress

from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from backend.api.lists.list_query import CSV
from backend.api.lists.read_list import AskedList, ListPage, pages
from backend.api.state import ApiState
from backend.core.errors import BackendError, ExportOverdue
from backend.files.list_files import in_csv

# Who reads nothing is not told why either.
LAST_WORD_SECONDS = 1.0

log = logging.getLogger(__name__)


class ListAsCsv(StreamingResponse):
    """The whole list of one run; what can be refused is refused before the first byte.

    What ends it early is its last line, and the transfer ends in an error, so that it never looks
    whole.
    """

    def __init__(self, state: ApiState, asked: AskedList) -> None:
        told = {"Content-Disposition": 'attachment; filename="customers.csv"'}
        super().__init__((), headers=told, media_type=CSV)
        self._state = state
        self._asked = asked
        self._is_begun = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, for as long as somebody reads."""
        try:
            async with self._state.heavy_reads.place(), within(self._state.export_seconds):
                await self._send_all(Request(scope, receive), send)
        except BackendError as error:
            if not self._is_begun:
                raise
            log.warning("a file breaks off", extra={"reason": str(error)})
            await self._break_off(error, send)

    async def _send_all(self, request: Request, send: Send) -> None:
        async with aclosing(pages(self._state, self._asked)) as following:
            async for page in following:
                if await request.is_disconnected():
                    return
                if not self._is_begun:
                    await self._begin(page, send)
                await self._send_text(in_csv(page.values(self._asked.columns)), send)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _begin(self, page: ListPage, send: Send) -> None:
        if (run := page.published) is not None:
            self.headers["X-Run-ID"] = run.run_id
            self.headers["X-As-Of"] = run.as_of.isoformat()
        self._is_begun = True
        head = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **head})
        await self._send_text(in_csv([[one.name for one in self._asked.columns.of_file]]), send)

    async def _send_text(self, text: str, send: Send) -> None:
        body = text.encode(self.charset)
        await send({"type": "http.response.body", "body": body, "more_body": True})

    async def _break_off(self, error: BackendError, send: Send) -> None:
        """Say why, and return without an end: the server then closes the connection."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORD_SECONDS):
                await self._send_text(in_csv([[f"# This file is not whole. {error}"]]), send)


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """Bound what makes a file.

    Raises
    ------
    ExportOverdue
        When it takes longer.
    """
    bound = asyncio.timeout(seconds)
    try:
        async with bound:
            yield
    except Exception:  # drivers whose work is cut short may raise anything
        if not bound.expired():
            raise
        raise ExportOverdue(seconds) from None
