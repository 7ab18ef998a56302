"""JSON of customers; what it says of a number is what is declared of it."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from backend.api.customers import example
from backend.api.customers.shape import nested, with_numbers
from backend.results.customer_numbers import SHOWN, CustomerNumbers
from backend.shop.customers import Customer


class Contribution(BaseModel):
    """One fact's part in a number."""

    feature: Literal["recency", "frequency", "order_value", "age", "details"] = Field(
        description="Which fact; details: how they combine"
    )
    amount: float = Field(description="What it adds, in the unit of the number")
    reason: str = Field(description="The fact in words")


class ExplainedNumber(BaseModel):
    """A number as the shop's average plus what moves this customer away from it."""

    base: float = Field(description="Mean over the shop's customers with orders")
    score: float = Field(description="This customer's number: base plus all contributions")
    contributions: list[Contribution] = Field(description="The largest first")


class Crossing(BaseModel):
    """What would take a customer to another segment, as the standing borders have it."""

    by: Literal["orders", "silence"] = Field(description="More orders, or none for a while")
    amount: int = Field(
        description="Orders of the usual value on different days, or days without an order"
    )
    within_days: int | None = Field(
        description="How soon one more order must come: while the customer is still here"
    )
    segment_id: str = Field(description="Where the customer would be then")
    segment_name: str = Field(description="What that segment is called")
    sentence: str = Field(description="All of it in words")


class SegmentReason(BaseModel):
    """Why a customer is in a segment, and what would change it."""

    why: str = Field(description="The customer's own facts")
    rule: str | None = Field(description="The segment's rule, to compare them with")
    crossings: list[Crossing] = Field(description="What would move the customer")


class Explanation(BaseModel):
    """Why a customer's numbers are what they are; null where they are unknown."""

    churn_risk: ExplainedNumber | None = Field(description="Why this churn_risk")
    predicted_value: ExplainedNumber | None = Field(description="Why this predicted_value")
    segment: SegmentReason | None = Field(description="Why this segment")


class Person(BaseModel):
    """What the shop knows of a customer."""

    customer_id: str = Field(description="The shop's id, as text")
    email: str | None = Field(description="As the shop has it")
    first_name: str | None = Field(description="As the shop has it")
    last_name: str | None = Field(description="As the shop has it")


Numbers: Any = with_numbers(
    Person, {"archetype": "The segment a customer belongs to; null before the first run."}
)


class CustomerProfile(Numbers):  # type: ignore[misc]  # its fields are those declared
    """All that is known of one customer. A number that cannot be known is null; see `status`."""

    model_config = ConfigDict(json_schema_extra={"example": example.PROFILE})

    explanation: Explanation | None = Field(
        default=None, description="Why these numbers; with explain=true"
    )


def profile_of(customer: Customer, numbers: CustomerNumbers) -> CustomerProfile:
    """Join what the shop knows of a customer with what the published run says."""
    known = nested({str(one.shown_as): getattr(numbers, one.name) for one in SHOWN})
    return CustomerProfile(
        customer_id=str(customer.id),
        email=customer.email,
        first_name=customer.first_name,
        last_name=customer.last_name,
        **known,
    )


class CustomerList(BaseModel):
    """Customers that match, best first."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"customers": [example.PROFILE], "count": 1}}
    )

    customers: list[CustomerProfile] = Field(description="Best match first")
    count: int = Field(description="Customers in this answer")
