"""What the list of customers is told from: the same reads as the API's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from backend import store
from backend.api.customers.searching import found_for
from backend.api.lists.read_list import AskedList, in_answer, read_rows
from backend.api.lists.row import PERSON, Columns
from backend.api.state import ApiState
from backend.database.engine import snapshot
from backend.database.failures import OURS
from backend.results.customer_filter import CustomerFilter
from backend.results.segment import Segment
from backend.store.served import Served, served_in
from backend.web.list_address import FIELDS, SEARCH, TOTALS, ListAddress
from backend.web.segments_known import segments_known

MOST_FOUND, LONGEST_SEARCH = 50, 200
# What a list adds up to is waited for so long ahead of its rows being shown.
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
    are_rows_awaited
        Whether the rows take long, and follow.
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
    are_rows_awaited: bool = False
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
    state: ApiState, address: ListAddress, *, sees_people: bool, needs_rows: bool = True
) -> CustomersSeen:
    """Read a page of a list, or whom a search finds.

    Parameters
    ----------
    state, address
        Where, and what is asked for.
    sees_people
        Whether e-mails and names may be shown.
    needs_rows
        False where only what a list adds up to is wanted, however long that takes.

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
    columns = _columns(address)
    if sought := address.last(SEARCH):
        return await _see_found(state, sought, columns, sees_people=sees_people)
    asked = replace(AskedList.of(query, state, sees_people=sees_people), columns=columns)
    if not needs_rows:
        return await _see_sums(state, asked)
    return await _see_list(state, asked, query.limit, is_patient=bool(address.last(TOTALS)))


async def see_none_yet(state: ApiState, address: ListAddress) -> CustomersSeen:
    """Read what is known of a list whose rows follow.

    Raises
    ------
    UnknownField
        When a profile has no field of a name that is given.
    NoRunPublished
        Before the first run.
    """
    is_known = address.last(SEARCH) or address.last(TOTALS) or not state.kept.keeps
    return CustomersSeen(
        segments=await segments_known(state),
        fields=_columns(address).names,
        are_rows_awaited=True,
        is_counting=not is_known,
    )


def _columns(address: ListAddress) -> Columns:
    return Columns.parse(address.words(FIELDS) or FIRST_SHOWN)


async def _see_list(
    state: ApiState, asked: AskedList, limit: int, *, is_patient: bool
) -> CustomersSeen:
    if is_patient:
        await _told(state, asked, await state.served.now(), None)
    # Rows first: counting beside them would keep a database from them.
    read = await read_rows(state, asked, limit, totals=is_patient or not state.kept.keeps)
    totals = read.told or await _told(state, asked, read.served, HURRY_SECONDS)
    page = read.answer(state, asked, totals)
    return CustomersSeen(
        segments=await segments_known(state),
        fields=asked.columns.names,
        rows=page["customers"],
        next_cursor=page["next_cursor"],
        **_summed(totals),
    )


async def _see_sums(state: ApiState, asked: AskedList) -> CustomersSeen:
    totals = await _told(state, asked, await state.served.now(), None)
    segments = await segments_known(state)
    return CustomersSeen(segments=segments, fields=asked.columns.names, **_summed(totals))


def _summed(totals: Mapping[str, Any] | None) -> dict[str, Any]:
    told = {name: totals and totals[name] for name in ("total", "left_out", "sums", "known")}
    return {**told, "is_counting": totals is None}


async def _told(
    state: ApiState, asked: AskedList, served: Served, seconds: float | None
) -> dict[str, Any] | None:
    """Return what the whole list adds up to; None where that takes longer, and goes on."""
    if asked.cursor and asked.cursor.totals:
        return asked.cursor.totals
    if state.kept.keeps and state.kept.known(served, asked.chosen) is None:
        count = partial(_count, state, asked.chosen)
        await state.kept.is_soon(asked.chosen, count, seconds)
    found = state.kept.known(served, asked.chosen)
    return None if found is None else in_answer(found)


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
