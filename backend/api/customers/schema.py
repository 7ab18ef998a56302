"""JSON of customers; what it says of a number is what is declared of it."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any, Self

from pydantic import ConfigDict, Field
from pydantic_core import to_json

from backend.api.customers import example
from backend.api.customers.shape import Shape, with_numbers
from backend.api.fields import IdSent
from backend.api.schema_root import Schema
from backend.core.customer_id import CustomerId
from backend.core.glossary import FoundBy
from backend.core.instants import WrittenInstant
from backend.results.customer_numbers import SHOWN, CustomerNumbers, Shown
from backend.results.declared import Number, Quantity
from backend.results.explanation import Explanation
from backend.results.gone import GoneCustomer
from backend.shop.customers import Customer


class Person(Schema):
    """What the shop knows of a customer."""

    customer_id: str = Field(description="The shop's id, as text")
    email: str | None = Field(description="As the shop has it")
    first_name: str | None = Field(description="As the shop has it")
    last_name: str | None = Field(description="As the shop has it")


MOST_FRESH, MOST_SUPPOSED = 100, 100
GROUPS = {"archetype": "The segment a customer belongs to; null before the first run."}
Numbers: Any = with_numbers(Person, GROUPS)


class CustomerProfile(Numbers):  # type: ignore[misc]  # its fields are those declared
    """All that is known of one customer. A number that cannot be known is null; see `status`."""

    model_config = ConfigDict(json_schema_extra={"example": example.PROFILE})

    explanation: Explanation | None = Field(
        default=None, description="Why these numbers; with explain=true"
    )

    def masked(self) -> Self:
        """Return the same without what the shop knows of the person but their id."""
        known = Person.model_fields.keys() - {"customer_id"}
        masked: Self = self.model_copy(update=dict.fromkeys(known))
        return masked


PROFILE = Shape.of((*Person.model_fields, *(str(one.shown_as) for one in SHOWN)))
UNEXPLAINED = {"explanation": None}


def person_of(customer: Customer) -> Person:
    """Show what the shop knows of a customer."""
    return Person(
        customer_id=str(customer.id),
        email=customer.email,
        first_name=customer.first_name,
        last_name=customer.last_name,
    )


def profile_of(customer: Customer, shown: Shown) -> CustomerProfile:
    """Join what the shop knows of a customer with what the published run says."""
    return CustomerProfile(**_filled(customer, shown))


def profile_json(customer: Customer, shown: Shown, *, masked: bool) -> bytes:
    """Write a profile: what `profile_of`, masked or not, becomes as JSON."""
    known = Customer(customer.id, None, None, None) if masked else customer
    return to_json(_filled(known, shown) | UNEXPLAINED)


def _filled(customer: Customer, shown: Shown) -> dict[str, Any]:
    words = customer.email, customer.first_name, customer.last_name
    return PROFILE.filled((customer.id.text, *words, *shown))


def numbers_of(profile: CustomerProfile) -> CustomerNumbers:
    """Return the numbers that a profile shows; those it does not show are None."""
    unknown = CustomerNumbers.unknown(CustomerId(profile.customer_id))
    return replace(unknown, **{one.name: _shown_in(profile, one) for one in SHOWN})


def _shown_in(profile: CustomerProfile, one: Number) -> Any:
    value = attrgetter(str(one.shown_as))(profile)
    is_quantity = isinstance(one.kind, Quantity) and value is not None
    return Decimal(str(value)) if is_quantity else value


class CustomerList(Schema):
    """Customers that match, best first."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "customers": [example.PROFILE],
                "count": 1,
                "found_by": "every_customer",
                "copied_at": None,
            }
        }
    )

    customers: list[CustomerProfile] = Field(description="Best match first")
    count: int = Field(description="Customers in this answer")
    found_by: FoundBy = Field(
        description="id, email: of whom it is. search_copy: proposed by the copy that "
        "SEARCH_INDEX=true keeps. shop_index: by trigram indexes on the shop's table. "
        "every_customer: by looking at each, which takes longer the more there are"
    )
    copied_at: datetime | None = Field(
        description="When that copy was last compared with the shop: who joined since is not in "
        "it. Names and e-mails are the shop's at this moment; null without a copy"
    )


class FreshRequest(Schema):
    """Whom to score now."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"ids": ["12345"]}})

    ids: list[IdSent] = Field(
        min_length=1, max_length=MOST_FRESH, description="Ids of customers, texts or integers"
    )


class FreshCustomers(Schema):
    """Customers scored at this moment."""

    model_config = ConfigDict(json_schema_extra={"example": example.FRESH})

    customers: list[CustomerProfile] = Field(
        description="In the order in which they were asked for; updated_at and changed_at are "
        "null, for nothing was published"
    )
    missing: list[str] = Field(description="Ids that were asked for and that nobody has")
    run_id: str = Field(description="The run by whose model they were scored")
    as_of: datetime = Field(description="The moment: orders created before it count")


class SupposedOrder(Schema):
    """An order that nobody has placed."""

    model_config = ConfigDict(extra="forbid")

    total: float = Field(ge=0.01, le=1e9, description="What it would bring, in the shop's currency")
    at: WrittenInstant | None = Field(
        default=None,
        description="When; in SHOP_TIME_ZONE without an offset, at most two years ahead. Null: now",
    )


class WhatIfRequest(Schema):
    """Orders to suppose."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"orders": [{"total": 80, "at": None}]}}
    )

    orders: list[SupposedOrder] = Field(
        min_length=1, max_length=MOST_SUPPOSED, description="Besides those that the shop has"
    )


class CustomersGone(Schema):
    """Who left, the first first."""

    model_config = ConfigDict(json_schema_extra={"example": {"gone": [example.GONE]}})

    gone: list[GoneCustomer] = Field(description="The first first")
