"""The customers who …: lists, the same as files, and many customers by id or e-mail."""

from typing import Annotated, Any

from fastapi import Depends, Header, Query, Response
from pydantic_core import to_json

from backend.api.audited import Audited, Auditor
from backend.api.bodies import body_of, sent
from backend.api.fields import SegmentIdInPath
from backend.api.lists.batch import batch_answer
from backend.api.lists.example import FILE_EXAMPLES
from backend.api.lists.list_csv import ListAsCsv
from backend.api.lists.list_query import JSON, ListQuery, of_segment, said_once
from backend.api.lists.list_workbook import ListAsWorkbook
from backend.api.lists.read_list import AskedList, page_answer
from backend.api.lists.schema import BatchRequest, CustomerBatch, CustomerPage
from backend.api.problem_answers import UNWRITABLE, problems
from backend.api.routers import SeesPeople, for_any_key
from backend.api.state import ApiState, State
from backend.core.errors import PeopleMasked

router = for_any_key("/api/mcp/customers", "customers")


of_segments = for_any_key("/api/mcp/segments", "segments")

BATCH_BYTES = 512 * 1024
Accept = Annotated[str | None, Header(include_in_schema=False)]
LIST: dict[str, Any] = {
    "response_model": CustomerPage,
    "response_model_exclude_unset": True,
    "dependencies": [Depends(said_once)],
    "responses": {200: FILE_EXAMPLES, **problems(404, 410, _404=UNWRITABLE)},
}


@router.get("", **LIST)
async def list_customers(
    state: State,
    sees_people: SeesPeople,
    query: Annotated[ListQuery, Query()],
    audited: Audited,
    accept: Accept = None,
) -> Response:
    """List the customers who meet all conditions, and what all of them add up to.

    In pages, or with `format=csv` or `xlsx`, or Accept saying so, whole as a file, which the audit
    notes.
    """
    return await _answer(state, query, accept, audited, sees_people=sees_people)


@of_segments.get(
    "/{segment_id}/customers", **{**LIST, "responses": {**LIST["responses"], **problems(404)}}
)
async def list_segment_customers(
    state: State,
    sees_people: SeesPeople,
    segment_id: SegmentIdInPath,
    query: Annotated[ListQuery, Query()],
    audited: Audited,
    accept: Accept = None,
) -> Response:
    """List the customers of one segment, or of one group; all else is as for all customers."""
    of_one = await of_segment(state, segment_id, query)
    return await _answer(state, of_one, accept, audited, sees_people=sees_people)


async def _answer(
    state: ApiState, query: ListQuery, accept: str | None, audited: Auditor, *, sees_people: bool
) -> Response:
    asked = AskedList.of(query, state, sees_people=sees_people)
    match query.wanted(accept):
        case "csv":
            return ListAsCsv(state, asked, audited)
        case "xlsx":
            return ListAsWorkbook(state, asked, audited)
    page = await page_answer(state, asked, limit=query.limit, totals=query.totals)
    return Response(to_json(page), media_type=JSON)  # to validate it would take as long again


@router.post(
    "/batch",
    max_body_size=BATCH_BYTES,
    openapi_extra=body_of(BatchRequest, required=True),
    responses=problems(403, _403=str(PeopleMasked())),
)
async def look_up_customers(
    state: State, sees_people: SeesPeople, wanted: Annotated[BatchRequest, sent(BatchRequest)]
) -> CustomerBatch:
    """Look up to 1,000 customers up by id or by e-mail; who is missing is said.

    With a key of API_KEY_MASKED by id alone, and e-mail and names are null.
    """
    if wanted.emails and not sees_people:
        raise PeopleMasked
    async with state.heavy_reads.place():
        return await batch_answer(state, wanted, sees_people=sees_people)
