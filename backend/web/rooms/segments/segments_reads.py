"""What the pages of segments are told from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from backend import store
from backend.api.segments.details import segment_detail
from backend.api.state import ApiState
from backend.core.errors import NoRunPublished
from backend.database.engine import snapshot, transaction
from backend.database.failures import OURS
from backend.results.clustering import PicturePoint
from backend.results.run_report import ReportHorizons
from backend.results.segment import Segment
from backend.results.segment_detail import SegmentDetail
from backend.results.segment_in_run import SegmentInRun
from backend.store import runs
from backend.store.segment_history import HistoryFilter

RUNS_SHOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentsSeen:
    """All segments.

    Attributes
    ----------
    horizons
        Of the published run.
    segments
        Of the published run, groups among them.
    history
        Segments as the last runs found them, the latest run first.
    picture
        Some customers of the published run.
    """

    horizons: ReportHorizons
    segments: Sequence[Segment]
    history: Sequence[SegmentInRun]
    picture: Sequence[PicturePoint]

    @property
    def names(self) -> Mapping[str, str]:
        """What segments of the published run are called, by id."""
        return {one.id: one.name for one in self.segments}


@dataclass(frozen=True, slots=True, kw_only=True)
class OneSegmentSeen:
    """One segment or group, beside all of `SegmentsSeen`; its history is its own alone."""

    detail: SegmentDetail
    all: SegmentsSeen


async def see_segments(state: ApiState, segment_ids: Sequence[str] = ()) -> SegmentsSeen:
    """Read all segments, and the history of these, or of all; or what was read a moment ago.

    Raises
    ------
    NoRunPublished
        Before the first run.
    """
    read = partial(_read, state, segment_ids)
    return await state.kept.of(await state.served.now(), ("segments", *segment_ids), read)


async def _read(state: ApiState, segment_ids: Sequence[str]) -> SegmentsSeen:
    async with snapshot(state.engine, OURS) as connection:
        published = await runs.published(connection)
        if published is None:
            raise NoRunPublished
        found = await store.read_segments(connection)
        sought = HistoryFilter(segment_ids=segment_ids)
        history = await store.read_history(connection, sought, limit=RUNS_SHOWN)
    report = await store.read_report(state.engine, published.run_id)
    assert report is not None  # a published run has one
    return SegmentsSeen(
        horizons=report.horizons,
        segments=found.segments,
        history=history,
        picture=report.picture,
    )


async def see_segment(state: ApiState, segment_id: str) -> OneSegmentSeen:
    """Read one segment.

    Raises
    ------
    SegmentNotFound, NoRunPublished
        When the published run has none with this id, or there is none.
    """
    all_of_them = await see_segments(state, [segment_id])
    return OneSegmentSeen(detail=await segment_detail(state, segment_id), all=all_of_them)


async def name_of(state: ApiState, segment_id: str) -> str:
    """Return what a segment is called.

    Raises
    ------
    SegmentNotFound
        When the published run has none with this id.
    """
    async with transaction(state.engine) as connection:
        return (await store.read_segments(connection)).with_id(segment_id).name
