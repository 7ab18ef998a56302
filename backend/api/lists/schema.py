"""JSON of lists: customers, what the whole list adds up to, and where the next page begins."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import (
    ConfigDict,
    Field,
    NonNegativeInt,
    create_model,
    model_validator,
)

from backend.api.customers.schema import GROUPS, CustomerProfile
from backend.api.customers.shape import with_numbers
from backend.api.fields import IdSent
from backend.api.lists import example
from backend.api.schema_root import Schema
from backend.results.customer_numbers import AVERAGED, SUMMED
from backend.results.declared import Count, Number

MOST_IN_A_BATCH = 1000
LONGEST_EMAIL = 320


class ListedPerson(Schema):
    """What the shop knows of a customer of a list."""

    customer_id: str = Field(description="The shop's id, as text")
    email: str | None = Field(None, description="As the shop has it; null of who left the shop")
    first_name: str | None = Field(None, description="As the shop has it")
    last_name: str | None = Field(None, description="As the shop has it")


_Listed: Any = with_numbers(ListedPerson, GROUPS, all_there=False)


class ListedCustomer(_Listed):  # type: ignore[misc]  # its fields are those declared
    """A customer of a list: a profile, or those of its fields that were asked for."""

    model_config = ConfigDict(json_schema_extra={"example": example.PAGE["customers"][0]})  # type: ignore[index]


def _per_number(
    name: str, said: str, numbers: Iterable[Number], of: Callable[[Number], Any]
) -> Any:
    fields: Any = {
        str(one.shown_as): (of(one), Field(description=one.description)) for one in numbers
    }
    return create_model(name, __base__=Schema, __doc__=said, **fields)


Sums: Any = _per_number(
    "Sums",
    "Sums over the customers of the whole list whose number is known.",
    SUMMED,
    lambda one: int if isinstance(one.kind, Count) else float,
)
Means: Any = _per_number(
    "Means",
    "Means over the same customers; null where nobody's number is known.",
    AVERAGED,
    lambda _: float | None,
)
Known: Any = _per_number(
    "Known",
    "Customers of the list whose number is known: over so many go the sum and the mean.",
    AVERAGED,
    lambda _: NonNegativeInt,
)


class OfOneRun(Schema):
    """Which run says so."""

    run_id: str | None = Field(description="The run that is served; null before the first")
    as_of: datetime | None = Field(description="The instant that it describes")


class CustomerPage(OfOneRun):
    """A page of a list, and what the whole list adds up to."""

    model_config = ConfigDict(json_schema_extra={"example": example.PAGE})

    customers: list[ListedCustomer] = Field(description="In the order that was asked for")
    total: int | None = Field(ge=0, description="Customers in the list; null with totals=false")
    left_out: int | None = Field(
        ge=0,
        description="Who is not in it because a campaign holds them out and held_out=exclude is "
        "asked; null with totals=false",
    )
    sums: Sums | None = Field(description="Of the whole list; null with totals=false")
    means: Means | None = Field(description="Of the whole list; null with totals=false")
    known: Known | None = Field(description="Of the whole list; null with totals=false")
    currency: str | None = Field(description="Of amounts; null where the shop does not tell")
    next_cursor: str | None = Field(description="Asks for the next page; null after the last")


class BatchRequest(Schema):
    """Whom to look up."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"ids": ["12345", "999999"]},
            "oneOf": [
                {"required": [name], "properties": {name: {"minItems": 1}}}
                for name in ("ids", "emails")
            ],
        },
    )

    ids: list[IdSent] = Field(
        default=[], max_length=MOST_IN_A_BATCH, description="Ids of customers, texts or integers"
    )
    emails: list[Annotated[str, Field(max_length=LONGEST_EMAIL)]] = Field(
        default=[], max_length=MOST_IN_A_BATCH, description="E-mails, in any case"
    )

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if bool(self.ids) == bool(self.emails):
            raise ValueError("send ids or emails, one of the two")
        return self


class MissingCustomers(Schema):
    """Who was asked for and is not in the shop."""

    ids: list[str] = Field(description="Of those that were sent")
    emails: list[str] = Field(description="Of those that were sent")


class CustomerBatch(OfOneRun):
    """Customers that were asked for by id or e-mail, and who of them is missing."""

    model_config = ConfigDict(json_schema_extra={"example": example.BATCH})

    customers: list[CustomerProfile] = Field(
        description="In the order in which they were asked for; an e-mail gives all its customers"
    )
    missing: MissingCustomers = Field(description="Whom the shop does not have")
