"""Customers for agents: the customers who …, one by any word, one with reasons."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import ConfigDict, Field

from backend.agents.caller import Caller
from backend.agents.frame import MEANINGS, Answer, frame
from backend.agents.tool import tool
from backend.agents.written import shown
from backend.api.customers.explanations import explained
from backend.api.customers.profiles import read_profile
from backend.api.customers.schema import CustomerProfile, profile_of
from backend.api.customers.searching import found_for
from backend.api.fields import asked_customer
from backend.api.keys import Role
from backend.api.lists.list_query import ListQuery, Question
from backend.api.lists.read_list import AskedList, page_answer
from backend.api.lists.row import PERSON
from backend.api.schema_root import Schema
from backend.results.explanation import Crossing, ExplainedNumber, Explanation

Detail = Literal["concise", "full"]
# With names and meanings these stay within what an agent can read.
MOST_ROWS = {"concise": 60, "full": 15}
CONCISE = (
    "archetype.id",
    "status",
    "churn_risk",
    "predicted_value",
    "value_at_risk",
    "ltv",
    "total_orders",
    "recency_days",
    "next_order_p50",
    "held_out_until",
)
EXPLAINED = {"concise": (*CONCISE, "archetype.level"), "full": tuple(MEANINGS)}
Sort = Literal[
    "-value_at_risk",
    "-predicted_value",
    "-churn_risk",
    "churn_risk",
    "-ltv",
    "-total_orders",
    "recency_days",
    "-recency_days",
    "next_order_p50",
    "customer_id",
]


class CustomersWho(Question):
    """The customers who meet all of these, in which order, and how many of them."""

    sort: Sort = Field(default="-value_at_risk", description="- ahead: the highest first")
    detail: Detail = Field(default="concise", description="full: all numbers, at most 15 customers")
    limit: int = Field(default=20, ge=1, le=60, description="Customers in this answer")
    cursor: str | None = Field(default=None, description="next_cursor of the answer before")


class CustomersAnswer(Answer):
    """Customers of a list, and what the whole list adds up to."""

    customers: list[dict[str, Any]]
    total: int | None = Field(description="Customers of the whole list")
    left_out: int | None = Field(description="For campaigns")
    sums: dict[str, float] | None = Field(description="Over the whole list, who has the number")
    means: dict[str, float | None] | None = Field(description="Likewise")
    known: dict[str, int] | None = Field(description="How many of the list have each number")
    next_cursor: str | None


@tool(takes=CustomersWho, gives=CustomersAnswer)
async def list_customers(caller: Caller, asked: Any) -> CustomersAnswer:
    """List the customers who meet all conditions, best first. total, sums and means are always of
    the WHOLE list: never page to count or to add up."""
    fields = [] if asked.detail == "full" else [*PERSON, *CONCISE]
    limit = min(asked.limit, MOST_ROWS[asked.detail])
    told = {name: getattr(asked, name) for name in asked.model_fields_set & _asked_of_a_list()}
    query = ListQuery.model_validate({**told, "fields": fields, "limit": limit})
    begun = AskedList.of(query, caller.state, sees_people=caller.sees_people)
    page = await page_answer(caller.state, begun, limit=limit, totals=True)
    return CustomersAnswer(
        **{
            **await frame(caller.state, EXPLAINED[asked.detail]),
            **page,
            "customers": [_as_data(one, caller) for one in page["customers"]],
        }
    )


def _asked_of_a_list() -> set[str]:
    return {*Question.model_fields, "cursor"}


def _as_data(row: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
    """Return a customer with what the shop wrote set apart; segments are told by their ids."""
    told = {name: value for name, value in row.items() if name not in PERSON}
    if "archetype" in told:
        told["archetype"] = {**told["archetype"]}
        told["archetype"].pop("name", None)
    if caller.sees_people:
        told["shop_text"] = {name: shown(row.get(name)) for name in PERSON}
    return told


class FindCustomer(Schema):
    """Whom to find."""

    model_config = ConfigDict(extra="forbid")

    query: str = Field(
        min_length=1, max_length=200, description="A whole id, or any part of an e-mail or name"
    )
    limit: int = Field(default=5, ge=1, le=20)


class FoundAnswer(Answer):
    """Customers whom a word finds."""

    customers: list[dict[str, Any]] = Field(description="Best match first")


@tool(takes=FindCustomer, gives=FoundAnswer)
async def find_customer(caller: Caller, asked: FindCustomer) -> FoundAnswer:
    """Find a customer's id by id, or by part of e-mail or name."""
    may_search = caller.role >= Role.READS
    found = await found_for(caller.state, asked.query, asked.limit, sees_people=may_search)
    return FoundAnswer(
        **await frame(caller.state, EXPLAINED["concise"]),
        customers=[_as_data(_concise(one), caller) for one in found],
    )


def _concise(profile: CustomerProfile) -> dict[str, Any]:
    told = profile.model_dump(mode="json")
    kept = {"customer_id", *PERSON, *(name.partition(".")[0] for name in CONCISE)}
    return {name: value for name, value in told.items() if name in kept}


class GetCustomer(Schema):
    """Which customer."""

    model_config = ConfigDict(extra="forbid")

    customer_id: str = Field(description="The shop's id, as text")
    detail: Detail = Field(default="concise", description="full: all numbers")


class WouldMove(Schema):
    """What would take a customer to another segment."""

    by: str
    amount: int = Field(description="Orders on different days, or days without one")
    within_days: int | None = Field(description="How soon; null where time has no say")
    segment_id: str

    @classmethod
    def of(cls, crossing: Crossing) -> "WouldMove":
        """Show it by the segment's id alone: names are what others wrote."""
        return cls(**{name: getattr(crossing, name) for name in cls.model_fields})


class Why(Schema):
    """Why a customer's numbers are what they are."""

    churn_risk: ExplainedNumber | None
    predicted_value: ExplainedNumber | None
    segment: str | None
    segment_rule: str | None
    would_move: list[WouldMove]

    @classmethod
    def of(cls, explanation: Explanation) -> "Why":
        """Show an explanation."""
        segment = explanation.segment
        return cls(
            churn_risk=explanation.churn_risk,
            predicted_value=explanation.predicted_value,
            segment=segment and segment.why,
            segment_rule=segment and segment.rule,
            would_move=[WouldMove.of(one) for one in segment.crossings] if segment else [],
        )


class CustomerAnswer(Answer):
    """One customer, and why their numbers are what they are."""

    customer: dict[str, Any]
    why: Why | None = Field(description="Null before the first run")


@tool(takes=GetCustomer, gives=CustomerAnswer)
async def get_customer(caller: Caller, asked: GetCustomer) -> CustomerAnswer:
    """One customer's numbers, segment, and why: what drives churn_risk and predicted_value, and
    what would move them to another segment."""
    known = profile_of(*await read_profile(caller.state, asked_customer(asked.customer_id)))
    told = known.model_dump(mode="json") if asked.detail == "full" else _concise(known)
    told.pop("explanation", None)
    explanation = (await explained(caller.state, known)).explanation
    return CustomerAnswer(
        **await frame(caller.state, EXPLAINED[asked.detail]),
        customer=_as_data(told, caller),
        why=explanation and Why.of(explanation),
    )
