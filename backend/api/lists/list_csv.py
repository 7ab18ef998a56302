"""A whole list as CSV, page by page, so that memory does not grow with the list."""

from collections.abc import AsyncIterator

from starlette.responses import StreamingResponse

from backend.api.lists.list_query import CSV
from backend.api.lists.read_list import AskedList, ListPage, pages
from backend.api.state import ApiState
from backend.files.list_files import in_csv


async def csv_answer(state: ApiState, asked: AskedList) -> StreamingResponse:
    """Answer with the whole list; what can be refused is refused before the first byte.

    A list that a run overtakes, or that takes too long, breaks off: the transfer ends in an error
    and never looks whole.

    Raises
    ------
    CursorExpired
        When the run is gone that a cursor is of.
    """
    following = pages(state, asked)
    first = await anext(following)
    told = {"Content-Disposition": 'attachment; filename="customers.csv"'}
    if (run := first.published) is not None:
        told |= {"X-Run-ID": run.run_id, "X-As-Of": run.as_of.isoformat()}
    return StreamingResponse(_written(asked, first, following), headers=told, media_type=CSV)


async def _written(
    asked: AskedList, first: ListPage, following: AsyncIterator[ListPage]
) -> AsyncIterator[str]:
    yield in_csv([[one.name for one in asked.columns.of_file]])
    yield in_csv(first.values(asked.columns))
    async for page in following:
        yield in_csv(page.values(asked.columns))
