"""JSON in and out. Descriptions repeat the words of docs/architecture.md, table of numbers."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from backend.api import samples
from backend.store.runs import Refit, Run, RunRequest

REPORT_URL = "/api/admin/runs/{}/report"
PAGE_URL = REPORT_URL + ".html"
Probability = Annotated[float, Field(ge=0, le=1)]


def _midnight(value: object) -> object:
    """A date without a time means its beginning."""
    if isinstance(value, str) and len(value) == len("2011-12-09"):
        return datetime.combine(date.fromisoformat(value), datetime.min.time(), UTC)
    return value


def _in_utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Instant = Annotated[datetime, BeforeValidator(_midnight), AfterValidator(_in_utc)]


class Health(BaseModel):
    """Whether the service can work."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"status": "healthy", "database": "connected", "version": "10.0"}
        }
    )

    status: Literal["healthy"]
    database: Literal["connected"]
    version: str


class Archetype(BaseModel):
    """The segment a customer belongs to; null before the first run."""

    id: str | None
    name: str | None
    level: int | None = Field(description="Depth in the hierarchy: 1 = top branch")


class Contribution(BaseModel):
    """One fact's part in a number."""

    feature: Literal["recency", "frequency", "order_value", "age", "details"]
    amount: float = Field(description="What it adds, in the unit of the number")
    reason: str = Field(description="The fact in words")


class ExplainedNumber(BaseModel):
    """A number as the shop's average plus what moves this customer away from it."""

    base: float = Field(description="Mean over the shop's customers with orders")
    score: float = Field(description="This customer's number: base plus all contributions")
    contributions: list[Contribution] = Field(description="The largest first")


class Crossing(BaseModel):
    """What would take a customer to another segment, as the standing borders have it."""

    by: Literal["orders", "silence"]
    amount: int = Field(
        description="Orders of the usual value on different days, or days without an order"
    )
    within_days: int | None = Field(
        description="How soon one more order must come: while the customer is still here"
    )
    segment_id: str
    segment_name: str
    sentence: str


class SegmentReason(BaseModel):
    """Why a customer is in a segment, and what would change it."""

    why: str = Field(description="The customer's own facts")
    rule: str | None = Field(description="The segment's rule, to compare them with")
    crossings: list[Crossing]


class Explanation(BaseModel):
    """Why a customer's numbers are what they are; null where they are unknown."""

    churn_risk: ExplainedNumber | None
    predicted_value: ExplainedNumber | None
    segment: SegmentReason | None


class CustomerProfile(BaseModel):
    """All that is known of one customer. A number that cannot be known is null; see `status`."""

    model_config = ConfigDict(json_schema_extra={"example": samples.PROFILE})

    customer_id: str
    email: str | None
    first_name: str | None
    last_name: str | None
    archetype: Archetype
    ltv: float | None = Field(description="historical_value + predicted_value")
    churn_risk: Probability | None = Field(
        description="Probability of no counted order within the churn horizon after as_of"
    )
    total_orders: int | None = Field(description="Number of counted orders before as_of")
    avg_order_value: float | None = Field(description="historical_value / total_orders")
    status: str = Field(
        description="scored, or why numbers are null: no_orders, not_scored_yet, "
        "insufficient_history (base rates only), value_out_of_range"
    )
    historical_value: float | None = Field(description="Sum of counted orders before as_of")
    predicted_value: float | None = Field(
        description="Expected sum of counted orders in the prediction horizon after as_of"
    )
    predicted_value_low: float | None = Field(description="Lower end of the 80 % interval")
    predicted_value_high: float | None = Field(description="Upper end of the 80 % interval")
    predicted_orders: float | None = Field(
        description="Expected number of counted orders in the prediction horizon after as_of"
    )
    predicted_orders_low: float | None = Field(description="Lower end of the 80 % interval")
    predicted_orders_high: float | None = Field(description="Upper end of the 80 % interval")
    next_order_p10: datetime | None = Field(description="10 % quantile of the next order's time")
    next_order_p50: datetime | None = Field(description="Median of the next order's time")
    next_order_p90: datetime | None = Field(description="90 % quantile of the next order's time")
    recency_days: int | None = Field(description="Days from the last counted order to as_of")
    age_days: int | None = Field(description="Days from the first counted order to as_of")
    usual_gap_days: float | None = Field(
        description="Mean days between days with orders; null after one such day"
    )
    order_days: int | None = Field(description="Number of days with counted orders")
    typical_order_value: float | None = Field(description="Geometric mean of counted orders")
    cluster_confidence: Probability | None = Field(
        description="Share of refits in which such a customer keeps this segment"
    )
    run_id: str | None = Field(description="The run that said so")
    as_of: datetime | None = Field(description="The instant described")
    updated_at: datetime | None
    explanation: Explanation | None = Field(
        default=None, description="Why these numbers; with explain=true"
    )


class CustomerList(BaseModel):
    """Customers that match, best first."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"customers": [samples.PROFILE], "count": 1}}
    )

    customers: list[CustomerProfile]
    count: int = Field(description="Customers in this answer")


class Segment(BaseModel):
    """One segment of the published run; facts beyond the guide's are added by the run."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={"example": samples.SEGMENT},
    )

    id: str
    name: str
    description: str | None
    level: int
    parent_id: str | None
    customer_count: int
    avg_ltv: float | None
    churn_risk_avg: Probability | None
    avg_confidence: Probability | None = Field(description="Mean of its customers' confidence")
    share_of_customers: Probability
    share_of_revenue: Probability | None
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
                "segments": [samples.SEGMENT],
                "groups": [samples.GROUP],
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
    run_id: str | None
    as_of: datetime | None


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

    name: Annotated[Line, Field(min_length=1, max_length=255)] = ""
    description: Annotated[Line, Field(min_length=1, max_length=2000)] | None = None

    @model_validator(mode="after")
    def _say_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("give a name or a description")
        return self


class ClusterRequest(BaseModel):
    """What to cluster; everything is optional."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"sample_size": 1000, "min_k": 3, "max_k": 12}},
    )

    sample_size: int | None = Field(
        default=None, ge=1, description="Customers that the next fit looks at"
    )
    min_k: int | None = Field(default=None, ge=1, description="Fewest segments")
    max_k: int | None = Field(default=None, ge=1, description="Most segments")
    as_of: Instant | None = Field(default=None, description="The instant to describe; now")
    refit: Refit = Field(
        default="auto",
        description="Learn borders anew: auto monthly or for other bounds, now at once, force "
        "also where it moves many customers",
    )

    def as_run_request(self) -> RunRequest:
        """Return what the queue holds.

        Raises
        ------
        InvalidRunRequest
            When the values contradict each other.
        """
        return RunRequest(**self.model_dump())


class RunAccepted(BaseModel):
    """A run was queued."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "run_id": "5f0c2a9be1d34c77",
                "state": "queued",
                "status_url": "/api/admin/cluster/status",
            }
        }
    )

    run_id: str
    state: str
    status_url: str


class RunView(BaseModel):
    """How far a run is, or how it ended."""

    model_config = ConfigDict(json_schema_extra={"example": samples.RUN})

    run_id: str | None
    state: Literal["never_run", "queued", "running", "succeeded", "failed"]
    stage: str | None = None
    share_done: Probability = 0.0
    counts: dict[str, int] = {}
    seconds: float = Field(default=0.0, description="From the start to the end, or to now")
    as_of: datetime | None = None
    queued_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error: str | None = None
    published: bool = Field(default=False, description="Whether its results are served")
    report_url: str | None = Field(default=None, description="The run's report as JSON")
    report_page_url: str | None = Field(default=None, description="The same as a page")

    @classmethod
    def of(cls, run: Run | None, now: datetime) -> Self:
        """Show a run; None before the first."""
        if run is None:
            return cls(run_id=None, state="never_run")
        return cls(
            run_id=run.id,
            state=run.state,
            stage=run.stage,
            share_done=run.share_done,
            counts=dict(run.counts),
            seconds=round(run.seconds(now), 1),
            as_of=run.as_of,
            queued_at=run.queued_at,
            started_at=run.started_at,
            finished_at=run.finished_at,
            error=run.error,
            published=run.published,
            report_url=REPORT_URL.format(run.id) if run.state == "succeeded" else None,
            report_page_url=PAGE_URL.format(run.id) if run.state == "succeeded" else None,
        )


class RunList(BaseModel):
    """The newest runs, newest first."""

    model_config = ConfigDict(json_schema_extra={"example": {"runs": [samples.RUN]}})

    runs: list[RunView]


class Move(BaseModel):
    """One customer's change of segment."""

    id: int = Field(description="Ascending: what came later has a greater one")
    customer_id: str
    from_segment_id: str | None = Field(description="Null: newly known")
    to_segment_id: str | None = Field(description="Null: gone from the shop")
    changed_at: datetime
    run_id: str
    cause: Literal["behaviour", "model"] = Field(
        description="behaviour: the customer ordered or time passed; model: the border moved"
    )


class MoveList(BaseModel):
    """Changes of segment."""

    model_config = ConfigDict(json_schema_extra={"example": {"changes": [samples.MOVE]}})

    changes: list[Move]


class LineageEvent(BaseModel):
    """A segment that came or went."""

    segment_id: str
    event: Literal["born", "split", "merged", "died"]
    relatives: dict[str, float] = Field(
        description="Share of its customers by segment they came from (born, split) "
        "or went to (merged, died)"
    )
    happened_at: datetime
    run_id: str


class Lineage(BaseModel):
    """Segments that came or went, newest first."""

    model_config = ConfigDict(json_schema_extra={"example": {"events": [samples.LINEAGE]}})

    events: list[LineageEvent]


class FindingView(BaseModel):
    """One thing that was looked at in the shop's data."""

    code: str
    level: Literal["ok", "warning", "error"]
    sentence: str
    facts: dict[str, Any]


class ReadinessView(BaseModel):
    """What in the shop's data may spoil results."""

    model_config = ConfigDict(json_schema_extra={"example": samples.READINESS})

    ready: bool = Field(description="Whether nothing found makes results wrong")
    findings: list[FindingView]


class Problem(BaseModel):
    """An error, as RFC 9457 has it; further members are the error's facts."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str | None
