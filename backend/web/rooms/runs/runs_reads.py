"""What the pages of runs are told from. Nothing is kept: how far a run is changes all the time."""

from collections.abc import Sequence
from dataclasses import dataclass

from backend import store
from backend.api.runs.run_pages import read_page
from backend.api.state import ApiState
from backend.database.engine import transaction
from backend.results.run_report import RunReport
from backend.store import runs
from backend.store.digests import Digest, read_digest
from backend.store.run_row import Run

RUNS_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsSeen:
    """A page of runs.

    Attributes
    ----------
    active
        The one that is queued or at work; None where none is.
    shown
        The newest first.
    next_cursor
        Asks for older ones; None where there are none.
    is_first
        Whether these are the newest.
    """

    active: Run | None
    shown: Sequence[Run]
    next_cursor: str | None
    is_first: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OneRunSeen:
    """One run, its report and its digest; None where it has none."""

    run: Run
    report: RunReport | None
    digest: Digest | None = None


async def see_runs(state: ApiState, cursor: str | None) -> RunsSeen:
    """Read a page of runs.

    Raises
    ------
    CursorUnreadable, CursorOfAnotherList
        When the cursor asks for no such page.
    """
    latest = await runs.latest(state.engine)
    found = await read_page(state, (), cursor, RUNS_SHOWN)
    return RunsSeen(
        active=None if latest is None or latest.is_finished else latest,
        shown=found.runs,
        next_cursor=found.next_cursor,
        is_first=cursor is None,
    )


async def see_run(state: ApiState, run_id: str) -> OneRunSeen:
    """Read one run.

    Raises
    ------
    RunNotFound
        When there is none with this id.
    """
    run = await runs.get(state.engine, run_id)
    has_report = run.state == "succeeded"
    report = await store.read_report(state.engine, run_id) if has_report else None
    async with transaction(state.engine) as connection:
        digest = await read_digest(connection, run.id)
    return OneRunSeen(run=run, report=report, digest=digest)
