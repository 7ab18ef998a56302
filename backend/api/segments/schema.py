"""JSON of segments, their names, moves and lineage."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from backend.api.fields import on_one_line
from backend.api.schema_root import Schema
from backend.api.segments import example
from backend.results.move import LineageEvent, Move, MoveCount
from backend.results.segment import Segment
from backend.results.segment_in_run import SegmentInRun

OnOneLine = AfterValidator(on_one_line)


class SegmentList(Schema):
    """All segments of the published run."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "segments": [example.SEGMENT],
                "groups": [example.GROUP],
                "customers_without_orders": 46,
                "run_id": "5f0c2a9be1d34c77",
                "as_of": "2011-12-10T00:00:00Z",
            }
        }
    )

    segments: list[Segment] = Field(description="Those with orders, in order of their stage")
    groups: list[Segment] = Field(
        description="Higher up in the hierarchy: what parent_id names; customers are in segments"
    )
    customers_without_orders: int = Field(
        description="Customers of the segment no_orders: there is nothing to average over them"
    )
    run_id: str | None = Field(description="The run that is served; null before the first")
    as_of: datetime | None = Field(description="The instant it describes")


class SegmentWords(Schema):
    """A name or a description, or both, given by a person."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"name": "Inner Circle", "description": "Those we invite to previews."},
            "minProperties": 1,
        },
    )

    name: Annotated[str, Field(min_length=1, max_length=255), OnOneLine] = Field(
        default_factory=str, description="No other segment has it; left out: stays"
    )
    description: Annotated[str, Field(min_length=1, max_length=2000), OnOneLine] | None = Field(
        default=None, description="Null: the rule's again; left out: stays"
    )

    @model_validator(mode="after")
    def _say_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("give a name or a description")
        return self


class MoveList(Schema):
    """Changes of segment."""

    model_config = ConfigDict(json_schema_extra={"example": {"changes": [example.MOVE]}})

    changes: list[Move] = Field(description="In the order asked for")


class MoveMatrix(MoveList):
    """Changes of segment, and how many went from where to where."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"changes": [example.MOVE], "matrix": [example.MOVE_COUNT], "total": 37}
        }
    )

    matrix: list[MoveCount] = Field(description="All that were asked for, most first")
    total: int = Field(ge=0, description="Changes in all")


class Product(Schema):
    """A product that a segment's customers bought."""

    product_id: str | None = Field(description="The shop's id, as text; null where it has none")
    product_title: str | None = Field(description="As the shop has it")
    purchase_count: int = Field(ge=1, description="Order lines of the segment's customers")
    customers: int = Field(ge=1, description="Of the segment, who bought it")
    units: float | None = Field(description="Pieces they bought; null where the shop does not say")
    avg_price: float | None = Field(
        description="Mean of those lines' prices, in the shop's currency; null likewise"
    )
    lift: float = Field(
        ge=0,
        description="Share of the segment's buyers who bought it, over that of all the shop's "
        "buyers of the same days: 2 is twice as likely here",
    )


class ProductList(Schema):
    """What a segment's customers bought by counted orders, most order lines first."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "products": [example.PRODUCT],
                "buyers": 1104,
                "currency": "GBP",
                "run_id": "5f0c2a9be1d34c77",
                "as_of": "2011-12-10T00:00:00Z",
            }
        }
    )

    products: list[Product] = Field(description="Empty where the shop has no order lines")
    buyers: int | None = Field(
        description="Customers of the segment who bought anything then; null without order lines"
    )
    currency: str | None = Field(description="Of prices; null where the shop does not tell")
    run_id: str = Field(description="The run that says who is in the segment")
    as_of: datetime = Field(description="The end of those days")


class SegmentHistory(Schema):
    """Segments as runs found them."""

    model_config = ConfigDict(json_schema_extra={"example": {"history": [example.SEGMENT_IN_RUN]}})

    history: list[SegmentInRun] = Field(
        description="The run with the latest as_of first, segments in the order of that run"
    )


class Lineage(Schema):
    """Segments that came or went, newest first."""

    model_config = ConfigDict(json_schema_extra={"example": {"events": [example.LINEAGE]}})

    events: list[LineageEvent] = Field(description="Newest first")
