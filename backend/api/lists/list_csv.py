"""Whole lists as CSV, row by row, so that memory does not grow with the list."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from starlette.requests import ClientDisconnect, Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from backend.api.audited import Auditor
from backend.api.lists.list_query import CSV
from backend.api.lists.list_told import told
from backend.api.lists.read_list import AskedList
from backend.api.lists.row import Columns
from backend.api.lists.whole_list import whole_list
from backend.api.state import ApiState
from backend.core.errors import BackendError, ExportOverdue
from backend.core.glossary import Action
from backend.database.copied import Take
from backend.files.list_files import in_csv
from backend.store.runs import Published

# Who reads nothing is not told why either.
LAST_WORD_SECONDS = 1.0
# How many are not in the file because a campaign holds them out.
HELD_OUT = "X-Held-Out"

log = logging.getLogger(__name__)


class WholeCsv(StreamingResponse):
    """Customers of one run as CSV; what can be refused is refused before the first byte.

    What ends it early is its last line, and the transfer ends in an error, so that it never looks
    whole.
    """

    def __init__(self, state: ApiState, columns: Columns, file_name: str) -> None:
        named = {"Content-Disposition": f'attachment; filename="{file_name}"'}
        super().__init__((), headers=named, media_type=CSV)
        self._state = state
        self._columns = columns
        self._is_begun = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, for as long as somebody reads."""
        request = Request(scope, receive)

        async def take(piece: bytes) -> None:
            if await request.is_disconnected():
                raise ClientDisconnect
            await _send_part(piece, send)

        try:
            async with self._state.heavy_reads.place(), within(self._state.export_seconds):
                await self._send_all(take, send)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except ClientDisconnect:
            return
        except BackendError as error:
            if not self._is_begun:
                raise
            log.warning("a file breaks off", extra={"reason": str(error)})
            await self._break_off(error, send)

    async def _send_all(self, take: Take, send: Send) -> None:
        """Note what is given in the audit, begin, and hand over all rows."""
        raise NotImplementedError

    async def _begin(self, run: Published | None, held_out: int | None, send: Send) -> None:
        if run is not None:
            self.headers["X-Run-ID"] = run.run_id
            self.headers["X-As-Of"] = run.as_of.isoformat()
        if held_out is not None:
            self.headers[HELD_OUT] = str(held_out)
        self._is_begun = True
        head = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **head})
        await _send_part(_line([one.name for one in self._columns.of_file]), send)

    async def _break_off(self, error: BackendError, send: Send) -> None:
        """Say why, and return without an end: the server then closes the connection."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORD_SECONDS):
                await _send_part(_line([f"# This file is not whole. {error}"]), send)


class ListAsCsv(WholeCsv):
    """The whole list of one run.

    The audit notes what is given, as it begins: nothing of what is refused, and what cannot be
    noted is not given.
    """

    def __init__(self, state: ApiState, asked: AskedList, auditor: Auditor) -> None:
        super().__init__(state, asked.columns, "customers.csv")
        self._asked = asked
        self._auditor = auditor

    async def _send_all(self, take: Take, send: Send) -> None:
        async with whole_list(self._state, self._asked) as whole:
            await self._auditor.note(Action.LIST_EXPORTED, told(self._asked.question))
            await self._begin(whole.published, whole.left_out, send)
            await whole.write(take)


async def _send_part(body: bytes, send: Send) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


def _line(cells: Sequence[str]) -> bytes:
    return in_csv([cells]).encode()


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
