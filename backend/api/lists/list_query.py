"""What a list is asked for: its conditions, its order, its columns, and where a page begins."""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo

from fastapi import Request
from pydantic import BeforeValidator, ConfigDict, Field, create_model

from backend import store
from backend.api.fields import SOME_WORD, Words, several
from backend.api.lists.example import CURSOR
from backend.api.lists.row import ATTRIBUTES, FIELDS, ID
from backend.api.schema_root import Schema
from backend.api.state import ApiState
from backend.core.errors import AskedTwice, SaidAgain
from backend.core.glossary import HeldOut, Status
from backend.core.instants import WrittenInstant, in_utc
from backend.database.engine import transaction
from backend.files.workbook_process import XLSX
from backend.results.customer_filter import CONDITIONS, Comparison, Condition, CustomerFilter
from backend.results.customer_numbers import NUMBERS
from backend.results.declared import Kind, Quantity

MOST_ROWS = 1000
DEFAULT_ROWS = 50
BY_VALUE_AT_RISK = "-value_at_risk"
LARGEST_COUNT = 2**31 - 1
SORTABLE = (ID, *ATTRIBUTES)
NAMES_OF_FIELDS = dict.fromkeys(
    name for field in FIELDS for name in (field.partition(".")[0], field)
)
"""Fields, and the objects that they are in."""
SEVERAL = {"fields", *(one.name for one in CONDITIONS if one.comparison is Comparison.ONE_OF)}
CSV, JSON = "text/csv", "application/json"
ListFormat = Literal["json", "csv", "xlsx"]
BY_MEDIA: Mapping[str, ListFormat] = {JSON: "json", CSV: "csv", XLSX: "xlsx"}
WEIGHT = re.compile(r"0(\.\d{0,3})?|1(\.0{0,3})?")  # RFC 9110, 12.4.2


def one_of(names: Iterable[str]) -> dict[str, Any]:
    """Describe words that are one of these."""
    return {"items": {"type": "string", "enum": [*names]}}


Statuses = Annotated[list[Status], BeforeValidator(several)]


def parameter_of(one: Condition) -> Any:
    """Return type and description of what a condition may ask for."""
    said = Field(default=None, description=one.meaning, examples=[one.example])
    if one.comparison is Comparison.ONE_OF:
        is_status = one.of == "status"
        told: Any = Field(
            default=[],
            description=f"{one.meaning}; several by comma",
            examples=[[one.example]],
            json_schema_extra=one_of(Status) if is_status else SOME_WORD,
        )
        return (Statuses if is_status else Words, told)
    if one.comparison is Comparison.HELD_OUT:
        # Words, not the enum: agents would be told its definition too.
        return (Literal[tuple(map(str, HeldOut))] | None, said)
    if one.comparison in {Comparison.BEFORE, Comparison.SINCE}:
        return (WrittenInstant | None, said)
    kind = next(number.kind for number in NUMBERS if number.name == one.of)
    number: Any = float if isinstance(kind, Quantity) else int
    return (Annotated[number, Field(ge=0, le=_most(kind), allow_inf_nan=False)] | None, said)


def _most(kind: Kind) -> float:
    """Return the most that our column can be compared with: PostgreSQL refuses more."""
    if not isinstance(kind, Quantity):
        return LARGEST_COUNT
    # A power of ten below the column's bound: just under it, a float is rounded up beyond it.
    return 10 ** (kind.digits - kind.places - 1) if kind.most is None else kind.most


class _Question(Schema):
    """What is asked, but for its conditions."""

    # A condition that is misspelt would otherwise be none, and the list be of everybody.
    model_config = ConfigDict(extra="forbid")

    sort: str = Field(
        default=BY_VALUE_AT_RISK,
        json_schema_extra={"enum": [*SORTABLE, *(f"-{name}" for name in SORTABLE)]},
        description="A number of the profile, or customer_id; with - ahead the highest first. "
        "Who has no such number comes last",
        examples=["-value_at_risk", "next_order_p50"],
    )


Question: Any = create_model(
    "Question", __base__=_Question, **{one.name: parameter_of(one) for one in CONDITIONS}
)
"""Who is in a list and in which order: what a cursor carries."""


FieldsAsked = Annotated[
    Words,
    Field(
        json_schema_extra=one_of(NAMES_OF_FIELDS),
        description="Only these of a profile's fields, and customer_id; several by comma",
        examples=[["email", "archetype.id", "value_at_risk"]],
    ),
]
RowsAsked = Annotated[
    int, Field(ge=1, le=MOST_ROWS, description="At most so many in a page", examples=[100])
]
CursorAsked = Annotated[
    str | None,
    Field(description="The next_cursor of the page before: go on after it", examples=[CURSOR]),
]


class ListQuery(Question):
    """All that a list may be asked for."""

    # Built late, its parts are warned of: the framework hushes that while it builds a route alone.
    model_config = ConfigDict(defer_build=False)

    fields: FieldsAsked = Field(default=[])
    limit: RowsAsked = DEFAULT_ROWS
    cursor: CursorAsked = None
    totals: bool = Field(
        default=True, description="Whether to count and add up the whole list", examples=[False]
    )
    format: ListFormat | None = Field(
        default=None,
        description="csv, xlsx: the whole list as a file, whatever Accept says",
        examples=["csv"],
    )

    @property
    def question(self) -> dict[str, Any]:
        """Who is in the list and in which order, as far as it was said."""
        asked: dict[str, Any] = self.model_dump(mode="json", include=set(Question.model_fields))
        return {name: value for name, value in asked.items() if value not in (None, [])}

    def wanted(self, accept: str | None) -> ListFormat:
        """Return what is asked for, by `format` or, where that says nothing, by Accept."""
        if self.format is not None:
            return self.format
        return wanted_format(accept, get_args(ListFormat))

    def asks_again(self, question: dict[str, Any]) -> bool:
        """Whether what is said beside a cursor is the question that the cursor carries."""
        said = self.model_dump(mode="json", exclude_unset=True, include=set(Question.model_fields))
        return all(question.get(name) == value for name, value in said.items())


def wanted_format(accept: str | None, possible: Collection[str]) -> ListFormat:
    """Return which of the possible formats is preferred by Accept; JSON where none is."""
    preferred = sorted(map(_wanted, (accept or "").split(",")), key=lambda one: -one[1])
    known = (BY_MEDIA[one] for one, share in preferred if one in BY_MEDIA and share)
    return next((one for one in known if one in possible), "json")


def _wanted(part: str) -> tuple[str, float]:
    """Return a media type of Accept, and how much it is wanted, from 0 to 1."""
    media, *parameters = (piece.strip().lower() for piece in part.split(";"))
    said = next((one.removeprefix("q=") for one in parameters if one.startswith("q=")), "1")
    return media, float(said) if WEIGHT.fullmatch(said) else 0.0


def filter_of(question: Any, zone: ZoneInfo) -> CustomerFilter:
    """Return the conditions of a `Question`; days begin in the shop's time zone."""
    given = {one.name: _asked(one.name, getattr(question, one.name), zone) for one in CONDITIONS}
    return CustomerFilter(**{name: value for name, value in given.items() if value is not None})


def _asked(name: str, value: Any, zone: ZoneInfo) -> Any:
    match value:
        case list():
            return tuple(map(str, value))
        case float():
            return Decimal(str(value))
        case str():
            return HeldOut(value)
        case datetime():
            return in_utc(value, zone, name)
    return value


async def said_once(request: Request) -> None:
    """Refuse a query that says several times what can be one thing: all but one would be unheard.

    Raises
    ------
    SaidAgain
        By its name.
    """
    said = [name for name, _ in request.query_params.multi_items()]
    for name in {*said} - SEVERAL:
        if said.count(name) > 1:
            raise SaidAgain(name)


async def of_segment(state: ApiState, segment_id: str, query: ListQuery) -> ListQuery:
    """Ask for the customers of one segment or group.

    Raises
    ------
    SegmentNotFound
        When the published run has none with this id.
    AskedTwice
        When others are asked for beside it: the list would be of both, or of neither.
    """
    async with transaction(state.engine) as connection:
        segment = (await store.read_segments(connection)).with_id(segment_id)
    kind = "group" if segment.is_group else "segment"
    if getattr(query, kind):
        raise AskedTwice(kind)
    asked: ListQuery = query.model_copy(update={kind: [segment_id]})
    return asked
