"""For those who run the shop: start runs, follow them, name segments, erase customers."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from backend import store
from backend.api.examples import PAGE_EXAMPLE, REPORT_EXAMPLE, problems
from backend.api.keys import State, opens_admin, opens_reading
from backend.api.schemas import (
    ClusterRequest,
    Lineage,
    LineageEvent,
    Move,
    MoveList,
    ReadinessView,
    RunAccepted,
    RunList,
    RunView,
    Segment,
    SegmentWords,
)
from backend.api.segments import segments_of
from backend.core.errors import CustomerNotFound, ReportNotReady
from backend.database.engine import transaction
from backend.report import render_report
from backend.store import runs

STATUS_URL = "/api/admin/cluster/status"
CLUSTER_BODY: dict[str, Any] = {
    "requestBody": {
        "required": False,
        "content": {"application/json": {"schema": ClusterRequest.model_json_schema()}},
    }
}

admin = APIRouter(
    prefix="/api/admin",
    tags=["admin"],
    dependencies=[Depends(opens_admin)],
    responses=problems(401, 403, 422, 503),
)
# The guide reads the status of a run with the plain key.
status = APIRouter(
    prefix="/api/admin",
    tags=["admin"],
    dependencies=[Depends(opens_reading)],
    responses=problems(401, 422, 503),
)


async def sent_request(request: Request) -> ClusterRequest:
    """Read the body whatever its content type says: cron's plain `curl -d` calls it a form."""
    body = await request.body()
    try:
        return ClusterRequest.model_validate_json(body.strip() or b"{}")
    except ValidationError as error:
        wrong = [{**item, "loc": ("body", *item["loc"])} for item in error.errors()]
        raise RequestValidationError(wrong) from None


@admin.post("/cluster", status_code=202, responses=problems(409), openapi_extra=CLUSTER_BODY)
async def cluster(
    state: State, response: Response, wanted: Annotated[ClusterRequest, Depends(sent_request)]
) -> RunAccepted:
    """Learn segments, value and churn anew. Follow the run at its status address."""
    run = await runs.enqueue(state.engine, wanted.as_run_request(), now=state.now())
    response.headers["Location"] = STATUS_URL
    return RunAccepted(run_id=run.id, state=run.state, status_url=STATUS_URL)


@status.get("/cluster/status")
async def cluster_status(state: State) -> RunView:
    """Tell how far the active run is, or how the last one ended."""
    await runs.reap_expired(state.engine, now=state.now())
    return RunView.of(await runs.latest(state.engine), state.now())


@admin.get("/runs")
async def list_runs(state: State, limit: Annotated[int, Query(ge=1, le=100)] = 20) -> RunList:
    """List the newest runs."""
    found = await runs.recent(state.engine, limit=limit)
    return RunList(runs=[RunView.of(run, state.now()) for run in found])


@admin.get("/runs/{run_id}", responses=problems(404, _404="No run has the id 5f0c2a9b."))
async def run(state: State, run_id: str) -> RunView:
    """Tell how one run went."""
    return RunView.of(await runs.get(state.engine, run_id), state.now())


@admin.get(
    "/runs/{run_id}/report",
    responses={200: REPORT_EXAMPLE, **problems(404, _404="No run has the id 5f0c2a9b.")},
)
async def report(state: State, run_id: str) -> dict[str, Any]:
    """Return what a run read, learnt and measured of itself."""
    found = await runs.read_report(state.engine, run_id)
    if found is None:
        raise ReportNotReady(run_id, (await runs.get(state.engine, run_id)).state)
    return found


@admin.get("/runs/{run_id}/readiness", responses=problems(404, _404="No run has the id 5f0c2a9b."))
async def readiness(state: State, run_id: str) -> ReadinessView:
    """Return what in the shop's data may have spoilt a run's results."""
    found = (await report(state, run_id)).get("readiness", {"ready": True, "findings": []})
    return ReadinessView.model_validate(found)


@admin.get(
    "/runs/{run_id}/report.html",
    response_class=HTMLResponse,
    responses={200: PAGE_EXAMPLE, **problems(404, _404="No run has the id 5f0c2a9b.")},
)
async def report_page(state: State, run_id: str) -> HTMLResponse:
    """Return the report as a page with plots, in one file that loads nothing."""
    return HTMLResponse(render_report(await report(state, run_id)))


@admin.patch(
    "/segments/{segment_id}",
    responses=problems(
        404,
        409,
        _404="No segment has the id vip.",
        _409="Another segment is already called Inner Circle.",
    ),
)
async def name_segment(state: State, segment_id: str, words: SegmentWords) -> Segment:
    """Give a segment words of your own; they stay with the id through all later runs.

    What is left out stays as it is; a description of null is the rule's again.
    """
    given = words.model_dump(exclude_unset=True)
    async with transaction(state.engine) as connection:
        await store.name_segment(connection, segment_id, given, now=state.now())
        rows = await store.read_segments(connection)
    return segments_of(rows)[segment_id]


@admin.get("/segments/lineage")
async def segment_lineage(
    state: State, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> Lineage:
    """List which segments were born, split, merged or died, and of or into which others."""
    async with transaction(state.engine) as connection:
        rows = await store.read_lineage(connection, limit=limit)
    return Lineage(events=[LineageEvent.model_validate(row) for row in rows])


@admin.get("/changes")
async def changes(
    state: State,
    run_id: Annotated[str | None, Query(description="Only the changes of this run")] = None,
    customer_id: Annotated[str | None, Query(description="Only those of this customer")] = None,
    after: Annotated[
        int | None,
        Query(ge=0, le=2**63 - 1, description="Only those after the change with this id"),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> MoveList:
    """List who changed segment, and whether they did or the border moved.

    The newest first; with `after`, the oldest first: start at 0, go on from the last id you got,
    and a copy of who is where stays true.
    """
    async with transaction(state.engine) as connection:
        published = await runs.published(connection)
        if published is None:
            return MoveList(changes=[])
        customer = None if customer_id is None else (published, customer_id)
        rows = await store.read_moves(
            connection, limit=limit, run_id=run_id, customer=customer, after=after
        )
    return MoveList(
        changes=[Move(**{**row, "customer_id": str(row["customer_id"])}) for row in rows]
    )


@admin.delete("/customers/{customer_id}", status_code=204, responses=problems(404, 409))
async def erase(state: State, customer_id: str) -> None:
    """Erase everything of ours about a customer, their changes of segment included.

    Erase them in the shop first, and not while a run is at work: what it has read it publishes.
    """
    await runs.reap_expired(state.engine, now=state.now())
    async with transaction(state.engine) as connection:
        published = await runs.published(connection)
        erased = published is not None and await store.erase_customer(
            connection, published, customer_id
        )
    if not erased:
        raise CustomerNotFound(customer_id)
