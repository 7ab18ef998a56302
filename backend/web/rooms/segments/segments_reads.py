"""What the pages of segments are told from, read at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from backend import store
from backend.api.segments.details import segment_detail
from backend.api.state import ApiState
from backend.core.errors import NoRunPublished
from backend.database.engine import AsyncConnection, snapshot, transaction
from backend.database.failures import OURS
from backend.results.clustering import PicturePoint
from backend.results.run_report import ReportHorizons, RunReport
from backend.results.segment import Segment
from backend.results.segment_detail import SegmentDetail
from backend.results.segment_in_run import SegmentInRun
from backend.store import ComparableRun, runs
from backend.store.segment_history import HistoryFilter
from backend.web.history_of_runs import RunInHistory, by_run, of_report

RUNS_SHOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedSeen:
    """All segments as one run found them, and another.

    Attributes
    ----------
    comparable
        Runs that may be chosen, by the instant that they describe, the latest first.
    now, before
        Those that are chosen. `now` is None where it found nobody, `before` also where there is
        no other.
    segments
        Of the published run, groups among them.
    picture
        Some customers as `now` found them; none where only its sums are kept.
    """

    comparable: Sequence[ComparableRun]
    now: RunInHistory | None
    before: RunInHistory | None
    segments: Sequence[Segment]
    picture: Sequence[PicturePoint]


@dataclass(frozen=True, slots=True, kw_only=True)
class OneSegmentSeen:
    """One segment or group.

    Attributes
    ----------
    horizons
        Of the published run.
    segments
        Of the published run, groups among them.
    history
        The segment as the last runs found it, the latest run first.
    """

    detail: SegmentDetail
    horizons: ReportHorizons
    segments: Sequence[Segment]
    history: Sequence[SegmentInRun]

    @property
    def names(self) -> Mapping[str, str]:
        """What segments of the published run are called, by id."""
        return {one.id: one.name for one in self.segments}


async def see_compared(state: ApiState, run_id: str | None, other_id: str | None) -> ComparedSeen:
    """Read all segments as two runs found them; or what was read a moment ago.

    Parameters
    ----------
    state
        Of the service.
    run_id, other_id
        Which runs; None, and runs that are not known: the published one, and one that was
        published and describes an earlier instant than the first, else the published one.

    Raises
    ------
    NoRunPublished
        Before the first run.
    """
    read = partial(_read_compared, state, run_id, other_id)
    return await state.kept.of(await state.served.now(), ("compared", run_id, other_id), read)


async def _read_compared(state: ApiState, run_id: str | None, other_id: str | None) -> ComparedSeen:
    async with snapshot(state.engine, OURS) as connection:
        published = await runs.published(connection)
        if published is None:
            raise NoRunPublished
        segments = (await store.read_segments(connection)).segments
        comparable = await store.read_comparable_runs(connection)
        chosen = _chosen(comparable, published.run_id, run_id, other_id)
        kept = [await _in_history(connection, one) for one in chosen]
    reports = [await _report(state, one, published.run_id) for one in chosen]
    now, before = map(_as_found, chosen, kept, reports)
    return ComparedSeen(
        comparable=comparable,
        now=now,
        before=before,
        segments=segments,
        picture=() if reports[0] is None else reports[0].picture,
    )


def _chosen(
    comparable: Sequence[ComparableRun], served_id: str, run_id: str | None, other_id: str | None
) -> tuple[ComparableRun | None, ComparableRun | None]:
    """Choose the runs asked for, else the served one, and the one published before the first."""
    known = {one.run_id: one for one in comparable}
    now = known.get(run_id or "") or known.get(served_id)
    others = [one for one in comparable if one is not now]
    before = next((one for one in others if one.run_id == other_id), None)
    served = next((one for one in others if one.run_id == served_id), None)
    return now, before or _one_before(others, now) or served


def _one_before(others: Sequence[ComparableRun], now: ComparableRun | None) -> ComparableRun | None:
    """Return the last one published of those that describe an earlier instant, or the same."""
    older = (one for one in others if now is not None and one.as_of <= now.as_of)
    return next((one for one in older if one.was_published), None)


async def _in_history(
    connection: AsyncConnection, run: ComparableRun | None
) -> Sequence[SegmentInRun]:
    if run is None or not run.was_published:
        return []
    return await store.read_history(connection, HistoryFilter(run_id=run.run_id), limit=1)


async def _report(state: ApiState, run: ComparableRun | None, served_id: str) -> RunReport | None:
    """Read what a run that only reported found, and the picture of the one that is served."""
    if run is None or (run.was_published and run.run_id != served_id):
        return None
    return await store.read_report(state.engine, run.run_id)


def _as_found(
    run: ComparableRun | None, history: Sequence[SegmentInRun], report: RunReport | None
) -> RunInHistory | None:
    if run is None:
        return None
    if run.was_published:
        return next(iter(by_run(history)), None)
    return None if report is None else of_report(report, run.ended_at)


async def see_segment(state: ApiState, segment_id: str) -> OneSegmentSeen:
    """Read one segment.

    Raises
    ------
    SegmentNotFound, NoRunPublished
        When the published run has none with this id, or there is none.
    """
    read = partial(_read_beside, state, segment_id)
    beside = await state.kept.of(await state.served.now(), ("segment", segment_id), read)
    return OneSegmentSeen(
        detail=await segment_detail(state, segment_id),
        horizons=beside.horizons,
        segments=beside.segments,
        history=beside.history,
    )


@dataclass(frozen=True, slots=True)
class _Beside:
    """What a segment's page says beside the segment."""

    horizons: ReportHorizons
    segments: Sequence[Segment]
    history: Sequence[SegmentInRun]


async def _read_beside(state: ApiState, segment_id: str) -> _Beside:
    async with snapshot(state.engine, OURS) as connection:
        published = await runs.published(connection)
        if published is None:
            raise NoRunPublished
        found = await store.read_segments(connection)
        sought = HistoryFilter(segment_ids=[segment_id])
        history = await store.read_history(connection, sought, limit=RUNS_SHOWN)
    report = await store.read_report(state.engine, published.run_id)
    assert report is not None  # a published run has one
    return _Beside(report.horizons, found.segments, history)


async def name_of(state: ApiState, segment_id: str) -> str:
    """Return what a segment is called.

    Raises
    ------
    SegmentNotFound
        When the published run has none with this id.
    """
    async with transaction(state.engine) as connection:
        return (await store.read_segments(connection)).with_id(segment_id).name
