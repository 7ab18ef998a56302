"""What the page Moves is told from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from backend import store
from backend.api.state import ApiState
from backend.core.errors import NoRunPublished
from backend.database.engine import snapshot
from backend.database.failures import OURS
from backend.results.move import Move, MoveCount
from backend.store import runs
from backend.store.moves import MoveFilter
from backend.store.segment_history import HistoryFilter

PEOPLE_SHOWN, RUNS_NAMED = 100, 60


@dataclass(frozen=True, slots=True, kw_only=True)
class MovesSeen:
    """Who moved.

    Attributes
    ----------
    as_of
        What the published run describes.
    sought
        Which moves are shown one by one.
    counted
        The moves of that time and cause, from everywhere to everywhere.
    people
        Those that are sought, the newest first, as far as they are shown.
    names
        What segments are called, by id: as they are called now, else as they last were.
    """

    as_of: datetime
    sought: MoveFilter
    counted: Sequence[MoveCount]
    people: Sequence[Move]
    names: Mapping[str, str]


async def see_moves(state: ApiState, sought: MoveFilter) -> MovesSeen:
    """Read who moved with the published run, or since a day; or what was read a moment ago.

    Raises
    ------
    NoRunPublished
        Before the first run.
    """
    read = partial(_read, state, sought)
    return await state.kept.of(await state.served.now(), ("moves", sought), read)


async def _read(state: ApiState, sought: MoveFilter) -> MovesSeen:
    async with snapshot(state.engine, OURS) as connection:
        published = await runs.published(connection)
        if published is None:
            raise NoRunPublished
        if sought.since is None:
            sought = replace(sought, run_id=published.run_id)
        everywhere = replace(sought, from_segment_id=None, to_segment_id=None)
        counted = await store.count_moves(connection, everywhere)
        people = await store.read_moves(connection, sought, limit=PEOPLE_SHOWN)
        segments = (await store.read_segments(connection)).segments
        history = await store.read_history(connection, HistoryFilter(), limit=RUNS_NAMED)
    once = {one.segment_id: one.name for one in reversed(history)}
    names = once | {one.id: one.name for one in segments}
    return MovesSeen(
        as_of=published.as_of, sought=sought, counted=counted, people=people, names=names
    )
