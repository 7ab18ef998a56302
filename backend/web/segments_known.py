"""Segments of the published run, by which pages name what ids mean, and the currency of amounts."""

from collections.abc import Sequence
from functools import partial

from backend import store
from backend.api.state import ApiState
from backend.core.errors import NoRunPublished
from backend.database.engine import snapshot
from backend.database.failures import OURS
from backend.results.segment import Segment


async def segments_known(state: ApiState) -> Sequence[Segment]:
    """Return the segments of the published run, read now or a moment ago.

    Raises
    ------
    NoRunPublished
        Before the first run.
    """
    return await state.kept.of(await state.served.now(), "segments", partial(_segments, state))


async def _segments(state: ApiState) -> Sequence[Segment]:
    async with snapshot(state.engine, OURS) as connection:
        found = await store.read_segments(connection)
    if found.run_id is None:
        raise NoRunPublished
    return found.segments
