"""What the page Moves is told from."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial

from backend import store
from backend.api.customers.profiles import read_customers
from backend.api.state import ApiState
from backend.core.customer_id import CustomerId
from backend.core.errors import NoRunPublished
from backend.database.engine import AsyncConnection, snapshot
from backend.database.failures import OURS
from backend.results.move import Move, MoveCount
from backend.results.segment_in_run import SegmentInRun
from backend.store import runs
from backend.store.net_moves import NetMoveFilter
from backend.store.segment_history import HistoryFilter
from backend.web.history_of_runs import RunInHistory, by_run
from backend.web.list_links import MovesAsked

PEOPLE_SHOWN, RUNS_SHOWN = 100, 60


@dataclass(frozen=True, slots=True)
class RunsBetween:
    """Two runs; `run_ids` are those after the earlier one, up to the later."""

    run: RunInHistory
    before: RunInHistory
    run_ids: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class MovesSeen:
    """Who moved.

    Attributes
    ----------
    past
        Runs whose moves are kept, the latest published first.
    between
        Those that are compared; None where there is one alone.
    counted
        Net moves between them for the causes asked for, from everywhere to everywhere.
    people
        Those that are sought, the latest first, as far as they are shown.
    names
        What segments are called, by id, in the order in which they are shown: as they are called
        now, else as they last were.
    """

    asked: MovesAsked
    past: Sequence[RunInHistory]
    between: RunsBetween | None
    counted: Sequence[MoveCount]
    people: Sequence[Move]
    names: Mapping[str, str]


async def see_moves(state: ApiState, asked: MovesAsked) -> MovesSeen:
    """Read who moved between two runs; or what was read a moment ago.

    Raises
    ------
    NoRunPublished
        Before the first run.
    TooMuchAtOnce
        When others have all the places; the served run beside the one before it needs none.
    """
    read = partial(_read, state, asked)
    # 600,000 moves of thirty runs take PostgreSQL a second and a half.
    async with nullcontext() if asked.before is None else state.heavy_reads.place():
        return await state.kept.of(await state.served.now(), ("moves", asked), read)


async def _read(state: ApiState, asked: MovesAsked) -> MovesSeen:
    async with snapshot(state.engine, OURS) as connection:
        if await runs.published(connection) is None:
            raise NoRunPublished
        segments = (await store.read_segments(connection)).segments
        history = await store.read_history(connection, HistoryFilter(), limit=RUNS_SHOWN)
        kept = await runs.not_forgotten(connection, {one.run_id for one in history})
        past = _as_published(history, kept)
        between = _between(past, asked)
        counted, people = await _moves(connection, between, asked)
    now = {one.id: one.name for one in segments}
    once = {one.segment_id: one.name for one in reversed(history)}
    return MovesSeen(
        asked=asked,
        past=past,
        between=between,
        counted=counted,
        people=people,
        names=now | {one: name for one, name in once.items() if one not in now},
    )


def _as_published(history: Iterable[SegmentInRun], kept: Collection[str]) -> list[RunInHistory]:
    """Put runs in the order in which customers moved by them, which need not be that of `as_of`."""
    known = (one for one in by_run(history) if one.run_id in kept)
    return sorted(known, key=lambda one: one.published_at, reverse=True)


def _between(past: Sequence[RunInHistory], asked: MovesAsked) -> RunsBetween | None:
    """Choose the runs asked for, else the latest and the one before it."""
    places = {one.run_id: at for at, one in enumerate(past)}
    now = places.get(asked.run or "", 0)
    before = max(places.get(asked.before or "", 0), now + 1)
    if before >= len(past):
        return None
    return RunsBetween(past[now], past[before], [one.run_id for one in past[now:before]])


async def _moves(
    connection: AsyncConnection, between: RunsBetween | None, asked: MovesAsked
) -> tuple[Sequence[MoveCount], Sequence[Move]]:
    if between is None:
        return [], []
    everywhere = NetMoveFilter(run_ids=between.run_ids, cause=asked.cause)
    sought = NetMoveFilter(
        run_ids=between.run_ids,
        from_segment_id=asked.start,
        to_segment_id=asked.end,
        cause=asked.cause,
    )
    counted = await store.count_net_moves(connection, everywhere)
    return counted, await store.read_net_moves(connection, sought, limit=PEOPLE_SHOWN)


async def movers_called(
    state: ApiState, people: Sequence[Move], *, sees_people: bool
) -> Mapping[str, str]:
    """Return what those who moved are called, by id: a name, else an e-mail.

    Parameters
    ----------
    state
        Of the service.
    people
        Who moved.
    sees_people
        Whether names and e-mails may be shown.
    """
    here = [CustomerId(one.customer_id) for one in people if one.to_segment_id is not None]
    if not (sees_people and here):
        return {}
    found = await read_customers(state, here)
    called = {
        one.text: " ".join(filter(None, (customer.first_name, customer.last_name)))
        or customer.email
        for one, customer in found.items()
    }
    return {customer_id: name for customer_id, name in called.items() if name}
