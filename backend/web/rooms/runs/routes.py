"""The room Runs."""

from datetime import datetime, tzinfo
from http import HTTPStatus
from typing import cast

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from backend.api.fields import RunIdInPath
from backend.api.runs.reports import report_page
from backend.api.state import State
from backend.core.errors import InvalidRunRequest
from backend.core.instants import in_utc, read_instant
from backend.store import runs as stored_runs
from backend.store.run_request import Publish, RunRequest
from backend.web.forms import form_of
from backend.web.own_paths import is_part, root_of
from backend.web.room import Room, Visitor, for_admins, for_everybody
from backend.web.rooms.runs.one_run_page import one_run_page
from backend.web.rooms.runs.runs_page import RUNS, runs_page
from backend.web.rooms.runs.runs_reads import see_run, see_runs
from backend.web.showing import show
from backend.wording import runs_room_sentences as words

room = Room(name=words.NAME, path=RUNS, place=70)
router, admin = for_everybody(), for_admins()
routers = [router, admin]


@router.get(room.path)
async def runs(request: Request, state: State, cursor: str | None = None) -> Response:
    """Show how far the active run is, and all runs before."""
    page = runs_page(await see_runs(state, cursor), state.shop.mapping.zone)
    return show(request, "runs/runs.html", page, words)


@router.get(f"{room.path}/{{run_id}}")
async def run(request: Request, state: State, run_id: RunIdInPath) -> Response:
    """Show one run; as a part, how far it is, until it has ended and its whole page is to come."""
    page = one_run_page(await see_run(state, run_id), state.shop.mapping.zone)
    if not is_part(request):
        return show(request, "runs/run.html", page, words)
    if page.progress is None:
        ended = {"HX-Redirect": f"{root_of(request)}{page.link}"}
        return Response(status_code=HTTPStatus.NO_CONTENT, headers=ended)
    return show(request, "runs/progress_part.html", page.progress, words)


@router.get(f"{room.path}/{{run_id}}/report")
async def run_report(state: State, run_id: RunIdInPath) -> HTMLResponse:
    """Show a run's report, which is one file that loads nothing."""
    return await report_page(state, run_id)


@admin.post(room.path)
async def start(request: Request, state: State, visitor: Visitor) -> Response:
    """Start a run, and lead to its page."""
    form = await form_of(request)
    as_of = _instant(form["as_of"], state.shop.mapping.zone) if form.get("as_of") else state.as_of
    # A choice that there is not is refused as one.
    asked = RunRequest(as_of=as_of, publish=cast(Publish, form.get("publish", "auto")))
    started = await stored_runs.enqueue(state.engine, asked, queued=state.queued, by=visitor.key)
    return RedirectResponse(f"{root_of(request)}{room.path}/{started.id}", HTTPStatus.SEE_OTHER)


@admin.post(f"{room.path}/{{run_id}}")
async def cancel(request: Request, state: State, visitor: Visitor, run_id: RunIdInPath) -> Response:
    """End a run that is queued or at work."""
    await stored_runs.cancel(state.engine, run_id, by=visitor.key)
    return RedirectResponse(f"{root_of(request)}{room.path}/{run_id}", HTTPStatus.SEE_OTHER)


def _instant(written: str, zone: tzinfo) -> datetime:
    """Read which instant is to be described.

    Raises
    ------
    InvalidRunRequest
        When it is none.
    """
    try:
        return in_utc(read_instant(written), zone)
    except ValueError:
        raise InvalidRunRequest("as_of", "is no date") from None
