"""Start runs, follow them, and read what they found."""

from typing import Annotated

from fastapi import Query, Response
from fastapi.responses import HTMLResponse

from backend import store
from backend.api.audited import Audited
from backend.api.bodies import body_of, sent
from backend.api.fields import RunIdInPath
from backend.api.problem_answers import problems
from backend.api.routers import for_admin_keys, for_any_key
from backend.api.runs.example import PAGE_EXAMPLE, READINESS_EXAMPLE, REPORT_EXAMPLE
from backend.api.runs.schema import ClusterRequest, RunAccepted, RunList, RunView
from backend.api.security_headers import page
from backend.api.state import State
from backend.core.errors import ReportNotReady
from backend.core.glossary import Action
from backend.core.late import late
from backend.results.readiness import Readiness
from backend.results.run_report import RunReport
from backend.store import runs

STATUS_URL = "/api/admin/cluster/status"
LOCATION = {
    "Location": {
        "description": "Where the run can be followed",
        "required": True,
        "schema": {"type": "string", "format": "uri-reference"},
    }
}


admin = for_admin_keys()


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
    run = await runs.enqueue(state.engine, request, queued=state.queued)
    await audited.note(Action.RUN_STARTED, run.id)
    response.headers["Location"] = STATUS_URL
    return RunAccepted(run_id=run.id, state=run.state, status_url=STATUS_URL)


@status.get("/cluster/status")
async def get_run_status(state: State) -> RunView:
    """Tell how far the active run is, or how the last one ended."""
    return RunView.of(await runs.latest(state.engine))


@admin.get("/runs")
async def list_runs(
    state: State, limit: Annotated[int, Query(ge=1, le=100, description="At most so many")] = 20
) -> RunList:
    """List the newest runs."""
    found = await runs.recent(state.engine, limit=limit)
    return RunList(runs=[RunView.of(run) for run in found])


@admin.get("/runs/{run_id}", responses=problems(404, _404="No run has the id 5f0c2a9b."))
async def get_run(state: State, run_id: RunIdInPath) -> RunView:
    """Tell how one run went."""
    return RunView.of(await runs.get(state.engine, run_id))


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
    cancelled = await runs.cancel(state.engine, run_id)
    await audited.note(Action.RUN_CANCELLED, run_id)
    return RunView.of(cancelled)


@admin.get(
    "/runs/{run_id}/report",
    responses={200: REPORT_EXAMPLE, **problems(404, _404="No run has the id 5f0c2a9b.")},
)
async def get_run_report(state: State, run_id: RunIdInPath) -> RunReport:
    """Return what a run read, learnt and measured of itself."""
    found = await store.read_report(state.engine, run_id)
    if found is None:
        raise ReportNotReady(run_id, (await runs.get(state.engine, run_id)).state)
    return found


@admin.get(
    "/runs/{run_id}/readiness",
    responses={200: READINESS_EXAMPLE, **problems(404, _404="No run has the id 5f0c2a9b.")},
)
async def get_run_readiness(state: State, run_id: RunIdInPath) -> Readiness:
    """Return what in the shop's data may have spoilt a run's results."""
    return (await get_run_report(state, run_id)).readiness


@admin.get(
    "/runs/{run_id}/report.html",
    response_class=HTMLResponse,
    responses={200: PAGE_EXAMPLE, **problems(404, _404="No run has the id 5f0c2a9b.")},
)
async def get_run_report_page(state: State, run_id: RunIdInPath) -> HTMLResponse:
    """Return the report as a page with plots, in one file that loads nothing."""
    render = late("backend.report").render_report
    html = render(await get_run_report(state, run_id))
    # Its styles are in the head, before anything that the shop has written.
    return page(html, trusted=html.partition("</head>")[0])
