"""What the list of customers is told from: the same reads as the API's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from backend import store
from backend.api.customers.searching import found_for
from backend.api.lists.read_list import AskedList, page_answer
from backend.api.lists.row import PERSON, Columns
from backend.api.state import ApiState
from backend.database.engine import snapshot
from backend.database.failures import OURS
from backend.results.customer_filter import CustomerFilter
from backend.results.segment import Segment
from backend.store.served import served_in
from backend.web.list_address import FIELDS, SEARCH, TOTALS, ListAddress
from backend.web.segments_known import segments_known

MOST_FOUND, LONGEST_SEARCH = 50, 200
HURRY_SECONDS = 0.05
FIRST_SHOWN = (
    *PERSON,
    "archetype.id",
    "archetype.name",
    "churn_risk",
    "value_at_risk",
    "predicted_value",
    "historical_value",
    "total_orders",
    "last_order_at",
    "held_out_until",
)
"""What is shown of a customer until somebody chooses otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomersSeen:
    """Customers, and the words to ask for others.

    Attributes
    ----------
    segments
        Of the published run, groups among them.
    fields
        What is read of each customer, by the names of a profile.
    rows
        Customers in the shape of a profile, in the order to show them in.
    total, left_out, sums, known
        Of the whole list: how many, how many campaigns keep from it, what they add up to by
        the names of a profile, and of how many each is known; None of those who were searched for.
    next_cursor
        Where the next page begins; None after the last.
    is_counting
        Whether what the whole list adds up to takes too long to be waited for.
    """

    segments: Sequence[Segment]
    fields: Sequence[str]
    rows: Sequence[Mapping[str, Any]] = ()
    total: int | None = None
    left_out: int | None = None
    sums: Mapping[str, float] | None = None
    known: Mapping[str, int] | None = None
    next_cursor: str | None = None
    is_counting: bool = False

    @property
    def currency(self) -> str | None:
        """What amounts are in, where it is known."""
        return next((one.currency for one in self.segments), None)


async def see_customers(
    state: ApiState, address: ListAddress, *, sees_people: bool
) -> CustomersSeen:
    """Read a page of a list, or whom a search finds.

    Raises
    ------
    ValidationError, UnknownField
        When something that is asked for is unknown, or out of range.
    CursorUnreadable, CursorOfAnotherList, CursorExpired
        When the page is none of this list, or the run is gone that it is of.
    NoRunPublished
        Before the first run.
    """
    query = address.query
    columns = Columns.parse(address.words(FIELDS) or FIRST_SHOWN)
    if sought := address.last(SEARCH):
        return await _see_found(state, sought, columns, sees_people=sees_people)
    asked = AskedList.of(query, state, sees_people=sees_people)
    is_patient = bool(address.last(TOTALS))
    return await _see_list(state, replace(asked, columns=columns), query.limit, is_patient)


async def _see_list(
    state: ApiState, asked: AskedList, limit: int, is_patient: bool
) -> CustomersSeen:
    segments = await segments_known(state)
    is_counted = is_patient or await _is_counted_soon(state, asked)
    page = await page_answer(state, asked, limit=limit, totals=is_counted)
    told = {name: page[name] for name in ("total", "left_out", "sums", "known", "next_cursor")}
    return CustomersSeen(
        segments=segments,
        fields=asked.columns.names,
        rows=page["customers"],
        is_counting=not is_counted,
        **told,
    )


async def _is_counted_soon(state: ApiState, asked: AskedList) -> bool:
    """Begin to add up the whole list; rows need not wait for it where it takes long."""
    if not state.kept.keeps or (asked.cursor and asked.cursor.totals):
        return True
    if state.kept.knows(await state.served.now(), asked.chosen):
        return True
    count = partial(_count, state, asked.chosen)
    return await state.kept.is_soon(asked.chosen, count, HURRY_SECONDS)


async def _count(state: ApiState, chosen: CustomerFilter) -> None:
    async with snapshot(state.engine, OURS) as connection:
        read = partial(store.read_totals, connection, chosen)
        await state.kept.of(await served_in(connection), chosen, read)


async def _see_found(
    state: ApiState, sought: str, columns: Columns, *, sees_people: bool
) -> CustomersSeen:
    segments = await segments_known(state)
    found = await found_for(state, sought[:LONGEST_SEARCH], MOST_FOUND, sees_people=sees_people)
    rows = [one.model_dump() for one in found]
    return CustomersSeen(segments=segments, fields=columns.names, rows=rows)
