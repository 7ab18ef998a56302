"""JSON of segments, their names, moves and lineage."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from backend.api.fields import Probability
from backend.api.segments import example


class Segment(BaseModel):
    """One segment of the published run; facts beyond the guide's are added by the run."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={"example": example.SEGMENT},
    )

    id: str = Field(description="It never changes")
    name: str = Field(description="What a person, the language model or the rules call it")
    description: str | None = Field(description="Who is in it, in a sentence")
    level: int = Field(description="Depth in the hierarchy: 1 = top branch")
    parent_id: str | None = Field(description="The group it is part of; null at the top")
    customer_count: int = Field(description="Customers in it")
    avg_ltv: float | None = Field(description="Mean ltv of its customers")
    churn_risk_avg: Probability | None = Field(description="Mean churn_risk of its customers")
    avg_confidence: Probability | None = Field(description="Mean of its customers' confidence")
    share_of_customers: Probability = Field(description="Of the customers with orders")
    share_of_revenue: Probability | None = Field(description="Of all counted orders' sum")
    characteristics: dict[str, float | None] = Field(
        description="Medians over its customers; null where undefined"
    )
    shop: dict[str, float | None] = Field(description="The same over all customers with orders")
    rule: dict[str, Any] = Field(
        description="Bounds that hold its customers, how well they do, and a sentence"
    )
    nearest: dict[str, Any] | None = Field(
        description="The segment most like it, and what sets the two apart"
    )


class SegmentList(BaseModel):
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


def _on_one_line(value: str) -> str:
    """Take blanks as people see them, and nothing that cannot be seen."""
    line = " ".join(value.split())
    if not line.isprintable():
        raise ValueError("must not hold invisible characters")
    return line


Line = Annotated[str, AfterValidator(_on_one_line)]


class SegmentWords(BaseModel):
    """A name or a description, or both, given by a person."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"name": "Inner Circle", "description": "Those we invite to previews."}
        },
    )

    name: Annotated[Line, Field(min_length=1, max_length=255)] = Field(
        default_factory=str, description="No other segment has it; left out: stays"
    )
    description: Annotated[Line, Field(min_length=1, max_length=2000)] | None = Field(
        default=None, description="Null: the rule's again; left out: stays"
    )

    @model_validator(mode="after")
    def _say_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("give a name or a description")
        return self


class Move(BaseModel):
    """One customer's change of segment."""

    id: int = Field(description="Ascending: what came later has a greater one")
    customer_id: str = Field(description="Who moved")
    from_segment_id: str | None = Field(description="Null: newly known")
    to_segment_id: str | None = Field(description="Null: gone from the shop")
    changed_at: datetime = Field(description="When the run that saw it was published")
    run_id: str = Field(description="The run that saw it")
    cause: Literal["behaviour", "model"] = Field(
        description="behaviour: the customer ordered or time passed; model: the border moved"
    )


class MoveList(BaseModel):
    """Changes of segment."""

    model_config = ConfigDict(json_schema_extra={"example": {"changes": [example.MOVE]}})

    changes: list[Move] = Field(description="In the order asked for")


class LineageEvent(BaseModel):
    """A segment that came or went."""

    segment_id: str = Field(description="Which segment")
    event: Literal["born", "split", "merged", "died"] = Field(
        description="born: new; split: off another; merged: into another; died: gone"
    )
    relatives: dict[str, float] = Field(
        description="Share of its customers by segment they came from (born, split) "
        "or went to (merged, died)"
    )
    happened_at: datetime = Field(description="When the run that saw it was published")
    run_id: str = Field(description="The run that saw it")


class Lineage(BaseModel):
    """Segments that came or went, newest first."""

    model_config = ConfigDict(json_schema_extra={"example": {"events": [example.LINEAGE]}})

    events: list[LineageEvent] = Field(description="Newest first")
