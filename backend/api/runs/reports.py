"""What a run says of itself: as a value, and as one page that loads nothing."""

import asyncio
from zoneinfo import ZoneInfo

from fastapi.responses import HTMLResponse

from backend import store
from backend.api.security_headers import page
from backend.api.state import ApiState
from backend.core.errors import ReportNotReady
from backend.core.late import late
from backend.results.run_report import RunReport
from backend.store import runs


async def report_of(state: ApiState, run_id: str) -> RunReport:
    """Return a run's report.

    Raises
    ------
    RunNotFound, ReportNotReady
        When there is no such run, or it has not succeeded.
    """
    found = await store.read_report(state.engine, run_id)
    if found is None:
        raise ReportNotReady(run_id, (await runs.get(state.engine, run_id)).state)
    return found


def _rendered(report: RunReport, zone: ZoneInfo) -> str:
    html: str = late("backend.report").render_report(report, zone)
    return html


async def report_page(state: ApiState, run_id: str) -> HTMLResponse:
    """Return it for a person to read; raises what `report_of` does."""
    report, zone = await report_of(state, run_id), state.shop.mapping.zone
    html = await asyncio.to_thread(_rendered, report, zone)
    # Its styles are in the head, before anything that the shop has written.
    return page(html, trusted=html.partition("</head>")[0])
