"""JSON of customers. Descriptions repeat the words of docs/architecture.md, table of numbers."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from backend.api.customers import example
from backend.api.fields import Probability
from backend.results.explanation import Explanation


class Archetype(BaseModel):
    """The segment a customer belongs to; null before the first run."""

    id: str | None = Field(description="The segment's id; it never changes")
    name: str | None = Field(description="What it is called now")
    level: int | None = Field(description="Depth in the hierarchy: 1 = top branch")


class CustomerProfile(BaseModel):
    """All that is known of one customer. A number that cannot be known is null; see `status`."""

    model_config = ConfigDict(json_schema_extra={"example": example.PROFILE})

    customer_id: str = Field(description="The shop's id, as text")
    email: str | None = Field(description="As the shop has it")
    first_name: str | None = Field(description="As the shop has it")
    last_name: str | None = Field(description="As the shop has it")
    archetype: Archetype = Field(description="The segment")
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
    updated_at: datetime | None = Field(description="When the row was published")
    explanation: Explanation | None = Field(
        default=None, description="Why these numbers; with explain=true"
    )


class CustomerList(BaseModel):
    """Customers that match, best first."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"customers": [example.PROFILE], "count": 1}}
    )

    customers: list[CustomerProfile] = Field(description="Best match first")
    count: int = Field(description="Customers in this answer")
