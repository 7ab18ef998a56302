"""A whole list as CSV, page by page, so that memory does not grow with the list."""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Any

from starlette.responses import StreamingResponse

from backend.api.lists.list_query import CSV
from backend.api.lists.read_list import AskedList, ListPage, pages
from backend.api.state import ApiState
from backend.core.customer_id import DECIMAL

# What spreadsheets take for the beginning of a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


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
    yield in_csv([asked.columns.flat_names])
    yield in_csv(first.values(asked.columns))
    async for page in following:
        yield in_csv(page.values(asked.columns))


def in_csv(rows: Iterable[Sequence[Any]]) -> str:
    """Write rows; unknown values are empty, and no text is a formula to a spreadsheet."""
    text = io.StringIO()
    csv.writer(text).writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    match value:
        case str():
            is_formula = value.startswith(FORMULA_STARTS) and not DECIMAL.fullmatch(value)
            return f"'{value}" if is_formula else value
        case bool():
            return str(value).lower()
        case datetime():
            return value.isoformat()
    return value
