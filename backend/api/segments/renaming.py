"""Giving a segment words of a person's own, and recording who did."""

from collections.abc import Mapping

from backend import store
from backend.api.audited import Auditor
from backend.core.glossary import Action
from backend.database.database_clock import read_clock
from backend.database.engine import AsyncConnection
from backend.results.segment import Segment
from backend.store.patience import changed
from backend.store.read import PublishedSegments
from backend.wording.segment_sentences import told_apart


async def rename(auditor: Auditor, segment_id: str, given: Mapping[str, str | None]) -> Segment:
    """Keep the words, and return the segment as it is served from now on.

    Parameters
    ----------
    auditor
        Who does it.
    segment_id
        Of the published run.
    given
        "name", "description" or both; what is left out stays, and a description of None is the
        rule's again.

    Raises
    ------
    SegmentNotFound, SegmentNameTaken
        As of `store.name_segment`.
    """
    state = auditor.state

    async def name(connection: AsyncConnection) -> PublishedSegments:
        await store.name_segment(connection, segment_id, given, now=await read_clock(connection))
        await auditor.record(connection, Action.SEGMENT_RENAMED, segment_id)
        return await store.read_segments(connection)

    published = await changed(state.engine, name)
    state.forget_what_is_served()
    return next(one for one in told_apart(published.segments) if one.id == segment_id)
