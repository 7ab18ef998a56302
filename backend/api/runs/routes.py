"""Start runs, follow them, and read what they found."""

from typing import Annotated

from fastapi import Query, Response
from fastapi.responses import HTMLResponse
from pydantic import BeforeValidator

from backend.api.audited import Audited
from backend.api.bodies import body_of, sent
from backend.api.fields import RunIdInPath, several
from backend.api.problem_answers import problems
from backend.api.routers import for_admin_keys, for_any_key
from backend.api.runs.example import NEXT_CURSOR, PAGE_EXAMPLE, READINESS_EXAMPLE, REPORT_EXAMPLE
from backend.api.runs.reports import report_of, report_page
from backend.api.runs.run_pages import run_page
from backend.api.runs.schema import ClusterRequest, RunAccepted, RunList, RunView
from backend.api.state import State
from backend.results.readiness import Readiness
from backend.results.run_report import RunReport
from backend.store import runs
from backend.store.run_row import State as RunState

STATUS_URL = "/api/admin/cluster/status"
LOCATION = {
    "Location": {
        "description": "Where the run can be followed",
        "required": True,
        "schema": {"type": "string", "format": "uri-reference"},
    }
}


NO_RUN = problems(404, _404="No run has the id 5f0c2a9b.")
States = Annotated[list[RunState], BeforeValidator(several)]


admin = for_admin_keys()


# What runs found is for every key; starting and ending them is not.
reading = for_any_key("/api/mcp/runs", "runs")


# The guide reads the status of a run with the plain key.
status = for_any_key("/api/admin", "admin")


@admin.post(
    "/cluster",
    status_code=202,
    responses={202: {"headers": LOCATION}, **problems(409)},
    openapi_extra=body_of(ClusterRequest, required=False),
)
async def start_run(
    state: State,
    audited: Audited,
    response: Response,
    wanted: Annotated[ClusterRequest, sent(ClusterRequest)],
) -> RunAccepted:
    """Learn segments, value and churn anew. Follow the run at its status address."""
    request = wanted.as_run_request(state.shop.mapping.zone, state.as_of)
    run = await runs.enqueue(state.engine, request, queued=state.queued, by=audited.key)
    response.headers["Location"] = STATUS_URL
    return RunAccepted(run_id=run.id, state=run.state, status_url=STATUS_URL)


@status.get("/cluster/status")
async def get_run_status(state: State) -> RunView:
    """Tell how far the active run is, or how the last one ended."""
    return RunView.of(await runs.latest(state.engine))


@admin.get("/runs")
async def list_runs(
    state: State,
    only: Annotated[
        States,
        Query(
            alias="state",
            description="Only those that are so; several by comma",
            examples=[["succeeded"]],
        ),
    ] = [],  # noqa: B006, the framework copies it
    cursor: Annotated[
        str | None,
        Query(
            description="The next_cursor of the page before: go on after it", examples=[NEXT_CURSOR]
        ),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=100, description="At most so many", examples=[20])] = 20,
) -> RunList:
    """List runs, the newest first."""
    return await run_page(state, only, cursor, limit)


@admin.get("/runs/{run_id}", responses=NO_RUN)
async def get_run(state: State, run_id: RunIdInPath) -> RunView:
    """Tell how one run went."""
    return RunView.of(await runs.get(state.engine, run_id))


@reading.get("/{run_id}", responses=NO_RUN)
async def read_run(state: State, run_id: RunIdInPath) -> RunView:
    """Tell how one run went, with any key."""
    return RunView.of(await runs.get(state.engine, run_id), reading.prefix)


@admin.post(
    "/runs/{run_id}/cancel",
    status_code=202,
    responses=problems(
        404,
        409,
        _404="No run has the id 5f0c2a9b.",
        _409="Run 5f0c2a9be1d34c77 has succeeded already; only an active run can be cancelled.",
    ),
)
async def cancel_run(state: State, audited: Audited, run_id: RunIdInPath) -> RunView:
    """End a run that is queued or at work. Nothing of it is published; asked again, it is as it is.

    Its process ends within seconds, wherever it works.
    """
    return RunView.of(await runs.cancel(state.engine, run_id, by=audited.key))


@reading.get("/{run_id}/report", name="read_run_report", responses={200: REPORT_EXAMPLE, **NO_RUN})
@admin.get("/runs/{run_id}/report", responses={200: REPORT_EXAMPLE, **NO_RUN})
async def get_run_report(state: State, run_id: RunIdInPath) -> RunReport:
    """Return what a run read, learnt and measured of itself."""
    return await report_of(state, run_id)


@reading.get(
    "/{run_id}/readiness", name="read_run_readiness", responses={200: READINESS_EXAMPLE, **NO_RUN}
)
@admin.get("/runs/{run_id}/readiness", responses={200: READINESS_EXAMPLE, **NO_RUN})
async def get_run_readiness(state: State, run_id: RunIdInPath) -> Readiness:
    """Return what in the shop's data may have spoilt a run's results."""
    return (await report_of(state, run_id)).readiness


@reading.get(
    "/{run_id}/report.html",
    name="read_run_report_page",
    response_class=HTMLResponse,
    responses={200: PAGE_EXAMPLE, **NO_RUN},
)
@admin.get(
    "/runs/{run_id}/report.html",
    response_class=HTMLResponse,
    responses={200: PAGE_EXAMPLE, **NO_RUN},
)
async def get_run_report_page(state: State, run_id: RunIdInPath) -> HTMLResponse:
    """Return the report as a page with plots, in one file that loads nothing."""
    return await report_page(state, run_id)
