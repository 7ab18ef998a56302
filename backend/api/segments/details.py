"""One segment, joined from what is stored of it, of its customers and of who came and went."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from decimal import Decimal

from backend import store
from backend.api.state import ApiState
from backend.database.engine import snapshot
from backend.database.failures import OURS
from backend.results.customer_filter import CustomerFilter
from backend.results.move import MoveCount
from backend.results.segment import Segment
from backend.results.segment_detail import Neighbour, SegmentDetail
from backend.store import runs
from backend.store.moves import MoveFilter
from backend.wording.segment_sentences import told_apart


async def segment_detail(state: ApiState, segment_id: str) -> SegmentDetail:
    """Return all that is to be said of a segment or a group of the published run.

    Raises
    ------
    SegmentNotFound
        When it has none with this id.
    """
    async with snapshot(state.engine, OURS) as connection:
        published = await runs.published(connection)
        found = await store.read_segments(connection)
        found = replace(found, segments=tuple(told_apart(found.segments)))
        segment = found.with_id(segment_id)
        assert published is not None  # segments are those of a published run
        totals = await store.read_totals(connection, customers_in(segment))
        moves = await store.count_moves(connection, MoveFilter(run_id=published.run_id))
    inside = {segment.id, *_parts(segment, found.segments)}
    known = {one.name: getattr(segment, one.name) for one in fields(Segment)}
    return SegmentDetail(
        **known,
        historical_revenue=_money(totals, "historical_value"),
        expected_revenue=_money(totals, "predicted_value"),
        revenue_at_risk=_money(totals, "value_at_risk"),
        came_from=_neighbours(
            (one.from_segment_id, one)
            for one in moves
            if one.to_segment_id in inside and one.from_segment_id not in inside
        ),
        went_to=_neighbours(
            (one.to_segment_id, one)
            for one in moves
            if one.from_segment_id in inside and one.to_segment_id not in inside
        ),
        run_id=published.run_id,
        as_of=published.as_of,
    )


def customers_in(segment: Segment) -> CustomerFilter:
    """Return the condition of being in a segment, or in one of a group's parts."""
    ids = (segment.id,)
    return CustomerFilter(group=ids) if segment.is_group else CustomerFilter(segment=ids)


def _parts(group: Segment, segments: Sequence[Segment]) -> set[str]:
    """Return the ids of a group's parts, and of theirs."""
    children = [one for one in segments if one.parent_id == group.id]
    return {one.id for one in children}.union(*(_parts(one, segments) for one in children))


def _money(totals: store.Totals, name: str) -> float | None:
    sum_ = Decimal(totals.sums[name])
    return float(sum_) if totals.known[name] else None


def _neighbours(moves: Iterable[tuple[str | None, MoveCount]]) -> tuple[Neighbour, ...]:
    counted: Counter[str | None] = Counter()
    for segment_id, move in moves:
        counted[segment_id] += move.customers
    return tuple(Neighbour(segment_id=one, customers=count) for one, count in counted.most_common())
