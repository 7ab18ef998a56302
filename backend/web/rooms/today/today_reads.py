"""What Today is told from, read at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from backend import store
from backend.api.state import ApiState
from backend.core.errors import NoRunPublished
from backend.database.engine import snapshot
from backend.database.failures import OURS
from backend.results.customer_filter import CustomerFilter
from backend.results.move import MoveCount
from backend.results.run_report import RunReport
from backend.results.segment import Segment
from backend.results.segment_in_run import SegmentInRun
from backend.segments.life_stages import LifeStage, life_stage
from backend.store import runs
from backend.store.lists import Totals
from backend.store.moves import MoveFilter
from backend.store.segment_history import HistoryFilter

RUNS_SHOWN = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class TodaySeen:
    """What was read.

    Attributes
    ----------
    report
        Of the published run.
    segments
        Of the published run, groups among them.
    history
        Segments as the last runs found them, the latest run first.
    moves
        Who went where with the published run.
    quiet
        Whom its list of those who went quiet holds, and what that adds up to.
    quiet_totals
        Its totals; None where there is no such segment or no run before.
    """

    report: RunReport
    segments: Sequence[Segment]
    history: Sequence[SegmentInRun]
    moves: Sequence[MoveCount]
    quiet: CustomerFilter
    quiet_totals: Totals | None


async def see_today(state: ApiState) -> TodaySeen:
    """Read it, or return what was read of the same state a moment ago.

    Raises
    ------
    NoRunPublished
        Before the first run.
    """
    return await state.kept.of(await state.served.now(), "today", partial(_read, state))


async def _read(state: ApiState) -> TodaySeen:
    async with snapshot(state.engine, OURS) as connection:
        published = await runs.published(connection)
        if published is None:
            raise NoRunPublished
        segments = (await store.read_segments(connection)).segments
        history = await store.read_history(connection, HistoryFilter(), limit=RUNS_SHOWN)
        moves = await store.count_moves(connection, MoveFilter(run_id=published.run_id))
        quiet = _went_quiet(segments, history)
        has_quiet = bool(quiet.segment) and quiet.moved_since is not None
        totals = await store.read_totals(connection, quiet) if has_quiet else None
    report = await store.read_report(state.engine, published.run_id)
    assert report is not None  # a published run has one
    return TodaySeen(
        report=report,
        segments=segments,
        history=history,
        moves=moves,
        quiet=quiet,
        quiet_totals=totals,
    )


def _went_quiet(segments: Sequence[Segment], history: Sequence[SegmentInRun]) -> CustomerFilter:
    """Return who came to a quiet segment with the latest run."""
    parts = (one.id for one in segments if not one.is_group)
    ids = tuple(one for one in parts if life_stage(one) is LifeStage.QUIET)
    return CustomerFilter(segment=ids, moved_since=history[0].published_at if history else None)
