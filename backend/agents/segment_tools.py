"""Segments for agents: all of them with how they grew, one whole, and who moved."""

from datetime import datetime
from typing import Any

from pydantic import ConfigDict, Field

from backend import store
from backend.agents.caller import Caller
from backend.agents.customer_tools import Detail
from backend.agents.frame import Answer, frame, frame_of
from backend.agents.tool import tool
from backend.agents.written import ProductText, SegmentText, shown
from backend.api.schema_root import Schema
from backend.api.segments.details import segment_detail
from backend.api.segments.products import products_of
from backend.api.segments.schema import Product
from backend.api.state import ApiState
from backend.core.glossary import Cause
from backend.core.instants import WrittenInstant, in_utc
from backend.database.engine import snapshot
from backend.database.failures import OURS
from backend.results.move import Move, MoveCount
from backend.results.segment import Medians, Segment
from backend.results.segment_detail import Neighbour
from backend.results.segment_in_run import SegmentInRun
from backend.store.moves import MoveFilter
from backend.store.segment_history import HistoryFilter
from backend.wording.segment_sentences import told_apart

SIZE = "Customers in it now"
SHARE, SHARE_OF_REVENUE = "Of all customers, 0 to 1", "Of all that customers have spent, 0 to 1"
RISK = "Mean churn_risk of its customers, 0 to 1"
EXPECTED = "Sum of predicted_value: expected within the prediction horizon"
CARRIED = (
    "True: one customer carries the segment's money; do not take means or sums for what is typical"
)
AT_RISK = "Sum of value_at_risk; not a part of expected_revenue"


class ListSegments(Schema):
    """How much of each."""

    model_config = ConfigDict(extra="forbid")

    detail: Detail = Field(default="concise", description="full: with rules and descriptions")


class ToldSegment(Schema):
    """One segment beside the others."""

    segment_id: str
    is_group: bool
    shop_text: SegmentText
    customer_count: int = Field(description=SIZE)
    customers_before: int | None = Field(description="In the run before; null: it was none then")
    share_of_customers: float = Field(description=SHARE)
    share_of_revenue: float | None = Field(description=SHARE_OF_REVENUE)
    churn_risk_avg: float | None = Field(description=RISK)
    expected_revenue: float | None = Field(description=EXPECTED)
    revenue_at_risk: float | None = Field(description=AT_RISK)
    ltv_carried_by_one: bool | None = Field(description=CARRIED)
    rule: str | None


class SegmentsAnswer(Answer):
    """All segments."""

    segments: list[ToldSegment] = Field(description="Groups stand ahead of their parts")


@tool(takes=ListSegments, gives=SegmentsAnswer)
async def list_segments(caller: Caller, asked: ListSegments) -> SegmentsAnswer:
    """All segments and groups: size now and in the run before, revenue expected and at risk,
    churn. Ids never change."""
    async with snapshot(caller.state.engine, OURS) as connection:
        published = await store.read_segments(connection)
        runs = await store.read_history(connection, HistoryFilter(), limit=2)
    now = {one.segment_id: one for one in runs if one.run_id == published.run_id}
    before = {one.segment_id: one for one in runs if one.run_id != published.run_id}
    is_full = asked.detail == "full"
    lines = [
        _line(one, now.get(one.id), before.get(one.id), is_full=is_full)
        for one in told_apart(published.segments)
    ]
    return SegmentsAnswer(**frame_of(published), segments=lines)


def _line(
    segment: Segment, now: SegmentInRun | None, before: SegmentInRun | None, *, is_full: bool
) -> ToldSegment:
    return ToldSegment(
        segment_id=segment.id,
        is_group=segment.is_group,
        shop_text=SegmentText.of(segment.name, segment.description if is_full else None),
        customer_count=segment.customer_count,
        customers_before=before and before.customer_count,
        share_of_customers=segment.share_of_customers,
        share_of_revenue=segment.share_of_revenue,
        churn_risk_avg=segment.churn_risk_avg,
        expected_revenue=now and now.expected_revenue,
        revenue_at_risk=now and now.revenue_at_risk,
        ltv_carried_by_one=segment.ltv_carried_by_one,
        rule=segment.rule.sentence if is_full else None,
    )


class GetSegment(Schema):
    """Which segment, and how much of what it buys."""

    model_config = ConfigDict(extra="forbid")

    segment_id: str
    products: int = Field(default=5, ge=0, le=20, description="So many products; 0: none")
    days: int = Field(default=90, ge=1, le=3650, description="Bought in so many days before as_of")


class BoughtProduct(Schema):
    """A product that the segment buys."""

    product_id: str | None
    shop_text: ProductText
    purchase_count: int = Field(description="Order lines of the segment's customers")
    customers: int = Field(description="Of the segment, who bought it")
    units: float | None = Field(description="Pieces; null where the shop does not say")
    avg_price: float | None = Field(description="Mean of those lines' prices; null likewise")
    lift: float = Field(description="2: twice as likely here as in the whole shop")

    @classmethod
    def of(cls, product: Product) -> "BoughtProduct":
        """Show a product."""
        known = product.model_dump(exclude={"product_title"})
        return cls(**known, shop_text=ProductText(title=shown(product.product_title)))


class SegmentAnswer(Answer):
    """One segment whole."""

    segment_id: str
    is_group: bool
    parent_id: str | None
    shop_text: SegmentText
    customer_count: int = Field(description=SIZE)
    share_of_customers: float = Field(description=SHARE)
    share_of_revenue: float | None = Field(description=SHARE_OF_REVENUE)
    churn_risk_avg: float | None = Field(description=RISK)
    avg_confidence: float | None = Field(description="How surely they belong to it, mean, 0 to 1")
    median_ltv: float | None = Field(description="Median of their ltv: what is typical")
    ltv_carried_by_one: bool | None = Field(description=CARRIED)
    historical_revenue: float | None = Field(description="What they have brought so far")
    expected_revenue: float | None = Field(description=EXPECTED)
    revenue_at_risk: float | None = Field(description=AT_RISK)
    rule: str | None
    medians: Medians
    shop_medians: Medians
    came_from: list[Neighbour] = Field(description="With the served run; null: newly known")
    went_to: list[Neighbour] = Field(description="With the served run; null: gone from the shop")
    products: list[BoughtProduct]


@tool(takes=GetSegment, gives=SegmentAnswer)
async def get_segment(caller: Caller, asked: GetSegment) -> SegmentAnswer:
    """One segment or group: rule, money, medians beside the shop's, who came and went, products."""
    found = await segment_detail(caller.state, asked.segment_id)
    named = SegmentAnswer.model_fields.keys() & set(found.__dataclass_fields__)
    same = {name: getattr(found, name) for name in named - {"rule", "came_from", "went_to"}}
    return SegmentAnswer(
        **{**await frame(caller.state), **same},
        segment_id=found.id,
        shop_text=SegmentText.of(found.name, found.description),
        rule=found.rule.sentence,
        medians=found.characteristics,
        shop_medians=found.shop,
        came_from=list(found.came_from),
        went_to=list(found.went_to),
        products=await _bought(caller.state, asked),
    )


async def _bought(state: ApiState, asked: GetSegment) -> list[BoughtProduct]:
    if not asked.products:
        return []
    bought = await products_of(state, asked.segment_id, days=asked.days, limit=asked.products)
    return [BoughtProduct.of(one) for one in bought.products]


class ListMoves(Schema):
    """Which moves."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    since: WrittenInstant | None = Field(
        default=None, description="A date or an instant; left out: of the served run alone"
    )
    from_: str | None = Field(default=None, alias="from", description="A segment's id")
    to: str | None = Field(default=None, description="A segment's id")
    cause: Cause | None = Field(default=None, description="model: the border moved")
    limit: int = Field(default=20, ge=0, le=100, description="Customers named, the newest first")


class MovesAnswer(Answer):
    """Who went from where to where."""

    total: int = Field(description="Moves that were asked for, whatever of them is listed")
    matrix: list[MoveCount]
    moves: list[Move]


@tool(takes=ListMoves, gives=MovesAnswer)
async def list_moves(caller: Caller, asked: ListMoves) -> MovesAnswer:
    """Who changed segment: counted from where to where in full, customers by id for some."""
    told = await frame(caller.state)
    sought = MoveFilter(
        run_id=told["run_id"] if asked.since is None else None,
        since=_since(asked.since, caller.state),
        from_segment_id=asked.from_,
        to_segment_id=asked.to,
        cause=asked.cause,
    )
    async with snapshot(caller.state.engine, OURS) as connection:
        moves: list[Any] = (
            await store.read_moves(connection, sought, limit=asked.limit) if asked.limit else []
        )
        counted = await store.count_moves(connection, sought)
    return MovesAnswer(
        **told, total=sum(one.customers for one in counted), matrix=counted, moves=moves
    )


def _since(written: datetime | None, state: ApiState) -> datetime | None:
    return written and in_utc(written, state.shop.mapping.zone)
