"""Segments of the published run."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from fastapi import APIRouter, Depends

from backend import store
from backend.api.caching import cached
from backend.api.examples import problems
from backend.api.keys import ApiState, State, opens_reading
from backend.api.schemas import Segment, SegmentList
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


@router.get("")
async def segments(state: State) -> SegmentList:
    """List all segments: how many customers, what they are worth, how many are leaving."""
    async with transaction(state.engine) as connection:
        published = await runs.published(connection)
    read = partial(_read, state)
    return await cached(state.cache, published, "segments", SegmentList, read)


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
