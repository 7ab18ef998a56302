"""A whole list as a workbook: made by a process of its own, and sent once it is whole."""

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from backend.api.audited import Auditor
from backend.api.lists.list_csv import HELD_OUT, within
from backend.api.lists.list_told import told
from backend.api.lists.read_list import AskedList
from backend.api.lists.row import Columns
from backend.api.lists.whole_list import whole_list
from backend.api.state import ApiState
from backend.core.errors import ExportRefused, WorkbookNotMade
from backend.core.glossary import Action
from backend.files.workbook_process import TOO_LONG, XLSX, cell_kind

NAME = "customers.xlsx"
# What writes workbooks is not imported here; and what that takes of memory goes back with its end.
PROGRAM = (
    "import sys; sys.path.insert(0, {root!r}); "
    "from backend.files.workbook_process import main; main()"
)
ROOT = Path(__file__).parents[3]


class ListAsWorkbook(Response):
    """The whole list of one run; what is wrong with it is told in the place of its first byte.

    The audit notes what is given, and what cannot be noted is not given. Where the client leaves,
    the process ends that makes it.
    """

    media_type = XLSX

    def __init__(self, state: ApiState, asked: AskedList, auditor: Auditor) -> None:
        super().__init__()
        self._state = state
        self._asked = asked
        self._auditor = auditor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Make it, and send it, for as long as somebody waits for it."""
        with TemporaryDirectory(prefix="intelligence-list-") as folder, suppress(ClientDisconnect):
            path = Path(folder, NAME)
            async with self._state.heavy_reads.place(), within(self._state.export_seconds):
                await _unless_left(receive, self._make(path))
            await self._auditor.note(Action.LIST_EXPORTED, told(self._asked.question))
            await self._file(path)(scope, receive, send)

    def _file(self, path: Path) -> FileResponse:
        kept = {name: value for name, value in self.headers.items() if name != "content-length"}
        return FileResponse(path, headers=kept, media_type=XLSX, filename=NAME)

    async def _make(self, path: Path) -> None:
        async with whole_list(self._state, self._asked) as whole, _process() as process:
            if (run := whole.published) is not None:
                self.headers["X-Run-ID"] = run.run_id
                self.headers["X-As-Of"] = run.as_of.isoformat()
            if whole.left_out is not None:
                self.headers[HELD_OUT] = str(whole.left_out)
            await _take(process, _told(path, self._asked.columns))
            await whole.write(lambda piece: _take(process, piece))
            assert process.stdin is not None
            process.stdin.close()
            _refuse_unfinished(await process.wait())


def _told(path: Path, columns: Columns) -> bytes:
    cells = [(one.name, cell_kind(one.kind)) for one in columns.of_file]
    return json.dumps({"path": str(path), "columns": cells}).encode() + b"\n"


async def _take(process: Process, piece: bytes) -> None:
    """Hand a piece over; a process that has ended says why by its exit code."""
    assert process.stdin is not None
    try:
        process.stdin.write(piece)
        await process.stdin.drain()
    except ConnectionError:
        _refuse_unfinished(await process.wait())


def _refuse_unfinished(exit_code: int) -> None:
    if exit_code == TOO_LONG:
        raise ExportRefused(NAME, "would have more rows than a sheet can hold; CSV can")
    if exit_code:
        raise WorkbookNotMade(exit_code)


@asynccontextmanager
async def _process() -> AsyncIterator[Process]:
    """Start the process that makes a workbook; it has none of our variables, and ends with us."""
    program = PROGRAM.format(root=str(ROOT))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL, env={}
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _unless_left(receive: Receive, work: Coroutine[Any, Any, None]) -> None:
    """Do something for as long as the client is there.

    Raises
    ------
    ClientDisconnect
        When it leaves.
    """
    working, leaving = asyncio.create_task(work), asyncio.create_task(_left(receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        await working
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
