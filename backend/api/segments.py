"""Segments of the published run."""

from functools import partial
from typing import Any

from fastapi import APIRouter, Depends

from backend.api.caching import cached
from backend.api.dependencies import ApiState, State, opens_reading
from backend.api.examples import problems
from backend.api.schemas import Segment, SegmentList
from backend.core.words import NO_ORDERS
from backend.data import intelligence, runs
from backend.data.engine import transaction

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
        rows = await intelligence.read_segments(connection)
    return SegmentList(
        segments=[
            segment_of(row) for row in rows if row["id"] != NO_ORDERS and not row["is_group"]
        ],
        groups=[segment_of(row) for row in rows if row["is_group"]],
        customers_without_orders=sum(
            row["customer_count"] for row in rows if row["id"] == NO_ORDERS
        ),
        run_id=rows[0]["run_id"] if rows else None,
        as_of=rows[0]["as_of"] if rows else None,
    )


def segment_of(row: dict[str, Any]) -> Segment:
    """Show one row of `segments`; its profile's facts stand beside the columns."""
    columns = {name: value for name, value in row.items() if name in Segment.model_fields}
    return Segment.model_validate({**row["profile"], **columns})
