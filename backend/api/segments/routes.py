"""Segments of the published run, what they are called, and who moved between them."""

from functools import partial
from typing import Annotated

from fastapi import Query, Request

from backend import store
from backend.api.audited import Audited
from backend.api.bodies import body_of, sent
from backend.api.caching import cached
from backend.api.fields import SegmentIdInPath, Words
from backend.api.problem_answers import UNWRITABLE, problems
from backend.api.repeated import RepeatableAnswer
from backend.api.routers import for_admin_keys, for_any_key
from backend.api.segments.details import segment_detail
from backend.api.segments.example import DETAIL_EXAMPLE, SEGMENT_EXAMPLE
from backend.api.segments.products import products_of
from backend.api.segments.renaming import rename
from backend.api.segments.schema import (
    Lineage,
    MoveList,
    MoveMatrix,
    ProductList,
    SegmentHistory,
    SegmentList,
    SegmentWords,
)
from backend.api.state import ApiState, State, api_of
from backend.core.customer_id import CustomerId
from backend.core.glossary import NO_ORDERS, Cause
from backend.core.instants import WrittenInstant, in_utc
from backend.database.engine import snapshot, transaction
from backend.database.failures import OURS
from backend.results.segment import Segment
from backend.results.segment_detail import SegmentDetail
from backend.store import runs
from backend.store.moves import MoveFilter
from backend.store.segment_history import HistoryFilter
from backend.wording.segment_sentences import told_apart

router = for_any_key("/api/mcp/segments", "segments")


over_time = for_any_key("/api/mcp", "segments")


admin = for_admin_keys()


@router.get("", response_model=SegmentList)
async def list_segments(request: Request) -> RepeatableAnswer:
    """List all segments: how many customers, what they are worth, how many are leaving."""
    state = api_of(request)
    read = partial(_read, state)
    shown = await cached(state.cache, await state.served.now(), "segments", SegmentList, read)
    return RepeatableAnswer(shown.model_dump_json())


@router.get("/changes", responses=problems(404, _404=UNWRITABLE))
async def list_moves(
    state: State,
    since: Annotated[
        WrittenInstant | None,
        Query(description="At this instant or later", examples=["2026-06-01"]),
    ] = None,
    from_: Annotated[
        str | None,
        Query(alias="from", description="From this segment, by id", examples=["high_value_repeat"]),
    ] = None,
    to: Annotated[
        str | None, Query(description="To this segment, by id", examples=["at_risk_repeat"])
    ] = None,
    cause: Annotated[
        Cause | None, Query(description="For this reason alone", examples=["behaviour"])
    ] = None,
    limit: Annotated[
        int,
        Query(ge=1, le=1000, description="At most so many changes; all are counted", examples=[20]),
    ] = 100,
) -> MoveMatrix:
    """List who went from which segment to which, the newest first, and how many did in all."""
    sought = MoveFilter(
        since=since and in_utc(since, state.shop.mapping.zone, "since"),
        from_segment_id=from_,
        to_segment_id=to,
        cause=cause,
    )
    async with snapshot(state.engine, OURS) as connection:
        moves = await store.read_moves(connection, sought, limit=limit)
        counted = await store.count_moves(connection, sought)
    return MoveMatrix(changes=moves, matrix=counted, total=sum(one.customers for one in counted))


@router.get("/{segment_id}", responses={200: DETAIL_EXAMPLE, **problems(404)})
async def get_segment(state: State, segment_id: SegmentIdInPath) -> SegmentDetail:
    """Tell all of one segment or group: its rule, what it brings, who came and went."""
    return await segment_detail(state, segment_id)


@router.get("/{segment_id}/products", responses=problems(404))
async def list_segment_products(
    state: State,
    segment_id: SegmentIdInPath,
    days: Annotated[
        int, Query(ge=1, le=3650, description="So many days before as_of", examples=[365])
    ] = 90,
    limit: Annotated[int, Query(ge=1, le=100, description="At most so many", examples=[20])] = 10,
) -> ProductList:
    """List what a segment's customers bought, and how much likelier they did than others."""
    return await products_of(state, segment_id, days=days, limit=limit)


@over_time.get("/history", responses=problems(404, _404=UNWRITABLE))
async def list_history(
    state: State,
    segment: Annotated[
        Words,
        Query(
            description="Of these segments and groups, by id; several by comma",
            examples=[["high_value_repeat"]],
        ),
    ] = [],  # noqa: B006, the framework copies it
    since: Annotated[
        WrittenInstant | None,
        Query(description="Of runs that describe this instant or a later", examples=["2026-01-01"]),
    ] = None,
    before: Annotated[
        WrittenInstant | None,
        Query(description="Of runs that describe an earlier instant", examples=["2026-07-01"]),
    ] = None,
    limit: Annotated[
        int, Query(ge=1, le=1000, description="At most of so many runs", examples=[20])
    ] = 100,
) -> SegmentHistory:
    """Tell how large segments were with each run, what they were to bring, and who was leaving.

    It is kept for ever, also of runs and segments that are no more.
    """
    zone = state.shop.mapping.zone
    sought = HistoryFilter(
        segment_ids=segment,
        since=since and in_utc(since, zone, "since"),
        before=before and in_utc(before, zone, "before"),
    )
    async with transaction(state.engine) as connection:
        return SegmentHistory(history=await store.read_history(connection, sought, limit=limit))


# Ahead of /segments/{segment_id}, which would answer for the methods of this path.
@admin.get("/segments/lineage")
async def list_segment_lineage(
    state: State,
    limit: Annotated[int, Query(ge=1, le=1000, description="At most so many", examples=[20])] = 100,
) -> Lineage:
    """List which segments were born, split, merged or died, and of or into which others."""
    async with transaction(state.engine) as connection:
        return Lineage(events=await store.read_lineage(connection, limit=limit))


@admin.patch(
    "/segments/{segment_id}",
    responses={
        200: SEGMENT_EXAMPLE,
        **problems(
            404,
            409,
            _404="No segment has the id vip.",
            _409="Another segment is already called Inner Circle.",
        ),
    },
    openapi_extra=body_of(SegmentWords, required=True),
)
async def name_segment(
    audited: Audited,
    segment_id: SegmentIdInPath,
    words: Annotated[SegmentWords, sent(SegmentWords)],
) -> Segment:
    """Give a segment words of your own; they stay with the id through all later runs.

    What is left out stays as it is; a description of null is the rule's again.
    """
    return await rename(audited, segment_id, words.model_dump(exclude_unset=True))


@admin.get("/changes", responses=problems(404, _404=UNWRITABLE))
async def list_segment_changes(
    state: State,
    run_id: Annotated[
        str | None, Query(description="Only the changes of this run", examples=["5f0c2a9be1d34c77"])
    ] = None,
    customer_id: Annotated[
        str | None, Query(description="Only those of this customer", examples=["1234"])
    ] = None,
    after: Annotated[
        int | None,
        Query(
            ge=0, le=2**63 - 1, description="Only those after the change with this id", examples=[0]
        ),
    ] = None,
    limit: Annotated[
        int, Query(ge=1, le=10_000, description="At most so many", examples=[20])
    ] = 1000,
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
        sought = MoveFilter(run_id=run_id, customer=customer, after=after)
        moves = await store.read_moves(connection, sought, limit=limit)
    return MoveList(changes=moves)


async def _read(state: ApiState) -> SegmentList:
    async with snapshot(state.engine, OURS) as connection:
        published = await store.read_segments(connection)
    shown = told_apart(published.segments)
    return SegmentList(
        segments=[one for one in shown if one.id != NO_ORDERS and not one.is_group],
        groups=[one for one in shown if one.is_group],
        customers_without_orders=sum(one.customer_count for one in shown if one.id == NO_ORDERS),
        run_id=published.run_id,
        as_of=published.as_of,
    )
