"""Pages of runs: each begins after the last run of the one before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from itsdangerous import BadData, URLSafeSerializer

from backend.api.runs.schema import RunList, RunView
from backend.api.state import ApiState
from backend.core.errors import CursorOfAnotherList, CursorUnreadable
from backend.store import runs
from backend.store.run_row import Run, State
from backend.store.runs import RunPlace

# No cursor of a list of customers is one of runs, though one key signs both.
SALT = "runs"


@dataclass(frozen=True, slots=True)
class RunPage:
    """Runs, the newest first, and what asks for those after them; None after the last."""

    runs: Sequence[Run]
    next_cursor: str | None


async def read_page(
    state: ApiState, states: Sequence[State], cursor: str | None, limit: int
) -> RunPage:
    """Read a page of runs; a cursor brings the states that its first page was asked with.

    Raises
    ------
    CursorUnreadable, CursorOfAnotherList
        When there is no such cursor, or it is of other states.
    """
    after = None
    if cursor is not None:
        after, told = _read(cursor, state.cursors)
        if states and list(states) != told:
            raise CursorOfAnotherList
        states = told
    # One more than is asked for tells whether there is a next page.
    found = await runs.recent(state.engine, limit=limit + 1, states=states, after=after)
    shown = found[:limit]
    more = _written(shown[-1], states, state.cursors) if len(found) > limit else None
    return RunPage(shown, more)


async def run_page(
    state: ApiState, states: Sequence[State], cursor: str | None, limit: int
) -> RunList:
    """Return a page of runs as JSON has it; raises what `read_page` does."""
    found = await read_page(state, states, cursor, limit)
    return RunList(runs=[RunView.of(run) for run in found.runs], next_cursor=found.next_cursor)


def _written(last: Run, states: Sequence[State], serializer: URLSafeSerializer) -> str:
    place = [last.queued_at.isoformat(), last.id, list(states)]
    return str(serializer.dumps(place, salt=SALT))


def _read(cursor: str, serializer: URLSafeSerializer) -> tuple[RunPlace, list[State]]:
    try:
        queued_at, run_id, states = serializer.loads(cursor, salt=SALT)
    except BadData:
        raise CursorUnreadable from None
    return RunPlace(datetime.fromisoformat(queued_at), run_id), states
