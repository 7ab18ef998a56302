"""Segments of the published run, what they are called, and who moved between them."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from backend import store
from backend.api.caching import cached
from backend.api.fields import SegmentIdInPath
from backend.api.keys import opens_admin, opens_reading
from backend.api.problem_answers import problems
from backend.api.segments.schema import (
    Lineage,
    LineageEvent,
    Move,
    MoveList,
    Segment,
    SegmentList,
    SegmentWords,
)
from backend.api.state import ApiState, State
from backend.core.customer_id import CustomerId
from backend.core.glossary import NO_ORDERS
from backend.database.engine import transaction
from backend.segments.profiles import nearest_in_words
from backend.store import runs

router = APIRouter(
    prefix="/api/mcp/segments",
    tags=["segments"],
    dependencies=[Depends(opens_reading)],
    responses=problems(401, 422, 503),
)


admin = APIRouter(
    prefix="/api/admin",
    tags=["admin"],
    dependencies=[Depends(opens_admin)],
    responses=problems(401, 403, 422, 503),
)


@router.get("")
async def list_segments(state: State) -> SegmentList:
    """List all segments: how many customers, what they are worth, how many are leaving."""
    async with transaction(state.engine) as connection:
        published = await runs.published(connection)
    read = partial(_read, state)
    return await cached(state.cache, published, "segments", SegmentList, read)


@admin.patch(
    "/segments/{segment_id}",
    responses=problems(
        404,
        409,
        _404="No segment has the id vip.",
        _409="Another segment is already called Inner Circle.",
    ),
)
async def name_segment(state: State, segment_id: SegmentIdInPath, words: SegmentWords) -> Segment:
    """Give a segment words of your own; they stay with the id through all later runs.

    What is left out stays as it is; a description of null is the rule's again.
    """
    given = words.model_dump(exclude_unset=True)
    async with transaction(state.engine) as connection:
        await store.name_segment(connection, segment_id, given, now=state.now())
        rows = await store.read_segments(connection)
    return segments_of(rows)[segment_id]


@admin.get("/segments/lineage")
async def list_segment_lineage(
    state: State, limit: Annotated[int, Query(ge=1, le=1000, description="At most so many")] = 100
) -> Lineage:
    """List which segments were born, split, merged or died, and of or into which others."""
    async with transaction(state.engine) as connection:
        rows = await store.read_lineage(connection, limit=limit)
    return Lineage(events=[LineageEvent.model_validate(row) for row in rows])


@admin.get("/changes")
async def list_segment_changes(
    state: State,
    run_id: Annotated[str | None, Query(description="Only the changes of this run")] = None,
    customer_id: Annotated[str | None, Query(description="Only those of this customer")] = None,
    after: Annotated[
        int | None,
        Query(ge=0, le=2**63 - 1, description="Only those after the change with this id"),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=10_000, description="At most so many")] = 1000,
) -> MoveList:
    """List who changed segment, and whether they did or the border moved.

    The newest first; with `after`, the oldest first: start at 0, go on from the last id you got,
    and a copy of who is where stays true.
    """
    async with transaction(state.engine) as connection:
        published = await runs.published(connection)
        asked = CustomerId.parse(customer_id or "")
        if published is None or (customer_id is not None and asked is None):
            return MoveList(changes=[])
        customer = None if asked is None else (published, asked)
        rows = await store.read_moves(
            connection, limit=limit, run_id=run_id, customer=customer, after=after
        )
    return MoveList(
        changes=[Move(**{**row, "customer_id": str(row["customer_id"])}) for row in rows]
    )


async def _read(state: ApiState) -> SegmentList:
    async with transaction(state.engine) as connection:
        rows = await store.read_segments(connection)
    shown = segments_of(rows)
    return SegmentList(
        segments=[
            shown[row["id"]] for row in rows if row["id"] != NO_ORDERS and not row["is_group"]
        ],
        groups=[shown[row["id"]] for row in rows if row["is_group"]],
        customers_without_orders=sum(
            row["customer_count"] for row in rows if row["id"] == NO_ORDERS
        ),
        run_id=rows[0]["run_id"] if rows else None,
        as_of=rows[0]["as_of"] if rows else None,
    )


def segments_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, Segment]:
    """Show rows of `segments`, by id; their profiles' facts stand beside the columns."""
    names = {row["id"]: row["name"] for row in rows}
    return {row["id"]: _segment(row, names) for row in rows}


def _segment(row: Mapping[str, Any], names: Mapping[str, str]) -> Segment:
    columns = {name: value for name, value in row.items() if name in Segment.model_fields}
    profile = row["profile"]
    nearest = nearest_in_words(profile.get("nearest"), names)
    return Segment.model_validate({**profile, **columns, "nearest": nearest})
