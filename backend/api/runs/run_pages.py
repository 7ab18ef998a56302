"""Pages of runs: each begins after the last run of the one before."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from backend.api.runs.schema import RunList, RunView
from backend.api.state import ApiState
from backend.api.state_cursors import StateCursors
from backend.store import runs
from backend.store.run_row import Run, State
from backend.store.runs import RunPlace

CURSORS = StateCursors("runs")


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
        queued_at, run_id, told = CURSORS.read(cursor, states, state.cursors)
        after, states = RunPlace(queued_at, run_id), cast("list[State]", told)
    # One more than is asked for tells whether there is a next page.
    found = await runs.recent(state.engine, limit=limit + 1, states=states, after=after)
    shown = found[:limit]
    more = None
    if len(found) > limit:
        more = CURSORS.write(shown[-1].queued_at, shown[-1].id, states, state.cursors)
    return RunPage(shown, more)


async def run_page(
    state: ApiState, states: Sequence[State], cursor: str | None, limit: int
) -> RunList:
    """Return a page of runs as JSON has it; raises what `read_page` does."""
    found = await read_page(state, states, cursor, limit)
    return RunList(runs=[RunView.of(run) for run in found.runs], next_cursor=found.next_cursor)
